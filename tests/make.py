"""Makers: what a test begins with, in a line. They go through the product's own commands.

What a maker's commands would say after commit stands in `tx.outgoing`: clear it before what the test is about.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from shared import accounts, deals, funnels, ids
from shared.accounts import sql as accounts_sql
from shared.actor import Actor, ActorKind, Permission
from shared.db import Database, Transaction
from shared.funnels import LossReason, Stage, StageKind
from shared.money import Money

ANNA = deals.Contact("Анна Коваль", "+380501234567", "anna@example.com")


async def account(
    db: Database,
    *,
    usable: Iterable[str] = (funnels.MODULE,),
    time_zone: str = "Europe/Kyiv",
    currency: str = "UAH",
    locale: str = "uk",
    country: str = "UA",
    test: bool = False,
) -> accounts.Account:
    """A committed account with a random id. The `usable` modules are usable for ever."""
    new = accounts.NewAccount(ids.new(), "Оселя", time_zone, currency, locale, country, test, id_is_chosen=False)
    async with db.transaction(None) as tx:
        made = await accounts.create(tx, new)
        for code in usable:
            await module(tx, code)
    return made


async def module(tx: Transaction, code: str = funnels.MODULE, usable_until: date = date.max) -> None:
    """The module may be used up to that day, not included; a day in the past ends it. No job is added."""
    await accounts_sql.upsert_modules(tx, {code: usable_until})


async def clock(tx: Transaction, offset: timedelta) -> None:
    """From now on the account's time is the real time and `offset`."""
    await tx.execute(
        """INSERT INTO account_clocks (account_id, clock_offset)
                VALUES ($1, $2)
           ON CONFLICT (account_id) DO UPDATE SET clock_offset = excluded.clock_offset""",
        tx.account_id,
        offset,
    )


async def user(
    tx: Transaction, name: str = "Тарас", *, id: UUID | None = None, email: str | None = None, active: bool = True
) -> accounts.User:
    assert tx.account_id is not None
    new = accounts.NewUser(id or ids.new(), name, email, None, active)
    return (await accounts.save_users(tx, tx.account_id, [new]))[0]


def actor(user: accounts.User, *permissions: Permission) -> Actor:
    """The user, with these rights and no others."""
    return Actor(ActorKind.USER, user.id, permissions=frozenset(permissions))


@dataclass(frozen=True)
class Funnel:
    """A funnel, and what it is made of at hand. `own`: its stages between the entry and won."""

    id: UUID
    entry: Stage
    own: list[Stage]
    won: Stage
    lost: Stage
    loss_reasons: list[LossReason]

    @property
    def stages(self) -> list[Stage]:
        """In the order of the board."""
        return [self.entry, *self.own, self.won, self.lost]

    @property
    def reason(self) -> LossReason:
        return self.loss_reasons[0]


async def funnel(
    tx: Transaction,
    stages: int = 3,
    *,
    name: str = "Оренда",
    viewers: Iterable[accounts.User] = (),
    loss_reasons: Iterable[str] = ("Дорого", "Передумали"),
    requires_amount: Iterable[int] = (),
    idle_after_days: int | None = None,
) -> Funnel:
    """A funnel with that many own stages. `requires_amount`: the indexes of those that take no deal without one."""
    wanting = set(requires_amount)
    given = {
        "name": name,
        "viewer_ids": [str(viewer.id) for viewer in viewers],
        "stages": [
            {
                "name": f"Етап {index + 1}",
                "color": "#1A2B3C",
                "requires_amount": index in wanting,
                "idle_after_days": idle_after_days,
            }
            for index in range(stages)
        ],
        "loss_reasons": list(loss_reasons),
    }
    made = await funnels.create(tx, funnels.NewFunnel.read(given, "uk"))
    return await read_funnel(tx, made.id)


async def read_funnel(tx: Transaction, funnel_id: UUID) -> Funnel:
    """A funnel as it is now."""
    stages = (await funnels.stages(tx, [funnel_id]))[funnel_id]
    by_kind = {stage.kind: stage for stage in stages}
    return Funnel(
        funnel_id,
        by_kind[StageKind.ENTRY],
        [stage for stage in stages if stage.kind is StageKind.PROGRESS],
        by_kind[StageKind.WON],
        by_kind[StageKind.LOST],
        (await funnels.loss_reasons(tx, [funnel_id]))[funnel_id],
    )


async def requires_note(tx: Transaction, reason: LossReason) -> None:
    """From now on that loss reason wants a note."""
    draft = funnels.ReasonDraft(
        reason.funnel_id, reason.id, reason.name, requires_note=True, archived=False, id_is_chosen=True
    )
    await funnels.save_loss_reason(tx, draft)


async def deal(
    tx: Transaction,
    funnel: Funnel | None = None,
    *,
    stage: Stage | None = None,
    title: str = "Офіс на Подолі",
    contact: deals.Contact = ANNA,
    amount: Money | None = None,
    **fields: Any,
) -> deals.Deal:
    """A deal on top of that stage; without one, of the entry. Without a funnel, in a new one.

    `fields`: whatever else `deals.NewDeal` takes.
    """
    home = funnel or await _new_funnel(tx)
    new = deals.NewDeal(ids.new(), home.id, title, contact, amount=amount, **fields)
    made = (await deals.create(tx, new)).deal
    if stage is None or stage.id == made.stage_id:
        return made
    reason_id = home.reason.id if stage.kind is StageKind.LOST else None
    return (await deals.move(tx, deals.Move(made.id, stage.id, loss_reason_id=reason_id))).deal


async def _new_funnel(tx: Transaction) -> Funnel:
    return await funnel(tx)


async def column(tx: Transaction, stage: Stage) -> list[UUID]:
    """Ids of the deals that stand in a stage, in board order."""
    page = (await deals.columns(tx, [stage.id], 200, None))[stage.id]
    assert not page.has_more
    return [deal.id for deal in page.deals]
