"""What is measured over: accounts whose funnels hold deals, and logs that tell how all of them came to stand there.

Deals come by COPY. What the commands would have left beside them (the log, totals, visits, the text that is searched)
is derived from them in SQL, so that every read is true: the log folds to the board. The history of a funnel: its deals
were created in the entry one after another, then most were moved on to their stage, then each was changed `changes`
times; whatever came last stands on top.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import asyncpg

from services.local.bench import log_sql
from shared import accounts, deals, funnels, ids
from shared.actor import Actor, ActorKind, Permission
from shared.db import Database, Transaction
from shared.deals.positions import spread

EVERYTHING = [one for one in Permission if one is not Permission.ACCOUNTS_MANAGE]
BEGAN = datetime(2026, 1, 5, 8, tzinfo=UTC)
STAGES = 5  # of the funnel's own: with entry, won and lost a board has eight columns
MANY = 5_000  # deals that come at once: to look at the whole table for fewer takes longer than what it is for
NAMES = ("Олена Коваль", "Ігор Мельник", "Тарас Шевчук", "Марія Бондар", "Анна Ткачук")


@dataclass(frozen=True)
class Person:
    account_id: UUID
    id: UUID
    name: str


@dataclass(frozen=True)
class Funnel:
    """`stage_ids`: as on the board. `deal_ids`: in the order in which they were made."""

    account_id: UUID
    id: UUID
    stage_ids: list[UUID]
    loss_reason_id: UUID
    deal_ids: list[UUID]


@dataclass(frozen=True)
class Shape:
    """How many of what: funnels of an account, deals of a funnel, changes of each deal."""

    funnels: int
    deals: int
    changes: int = 0


async def account(db: Database, dsn: str, shape: Shape) -> tuple[Person, list[Funnel]]:
    """An account of five people with that many funnels, filled."""
    person, people, made = await begin(db, shape.funnels)
    await fill(dsn, made, people, shape)
    return person, made


async def begin(db: Database, count: int) -> tuple[Person, list[UUID], list[Funnel]]:
    """The account and its empty funnels, by the product's own commands."""
    new = accounts.NewAccount(ids.new(), "Оселя", "Europe/Kyiv", "UAH", "uk", "UA", test=False, id_is_chosen=False)
    async with db.transaction(None) as tx:
        await accounts.create(tx, new)
        people = [accounts.NewUser(ids.new(), name, None, None, active=True) for name in NAMES]
        await accounts.save_users(tx, new.id, people)
        await accounts.open_modules(tx, {funnels.MODULE: date.today() + timedelta(days=365)})  # noqa: DTZ011
        first = people[0]
        tx.actor = Actor(ActorKind.USER, first.id, first.name, frozenset(Permission))
        made = [await _funnel(tx, number) for number in range(1, count + 1)]
    return Person(new.id, first.id, first.name), [one.id for one in people], made


async def _funnel(tx: Transaction, number: int) -> Funnel:
    steps = [{"name": f"Етап {step}", "color": "#1A2B3C", "idle_after_days": 7} for step in range(1, STAGES + 1)]
    given = {
        "name": f"Воронка {number:04}",
        "viewer_ids": [],
        "stages": steps,
        "loss_reasons": ["Дорого", "Передумали"],
    }
    made = await funnels.create(tx, funnels.NewFunnel.read(given, "uk"))
    stages = (await funnels.stages(tx, [made.id]))[made.id]
    reasons = (await funnels.loss_reasons(tx, [made.id]))[made.id]
    assert tx.account_id is not None
    return Funnel(tx.account_id, made.id, [stage.id for stage in stages], reasons[0].id, [])


async def fill(dsn: str, into: Sequence[Funnel], people: Sequence[UUID], shape: Shape) -> None:
    """Deals of funnels that have none, of one account, and all that would be beside them. `dsn`: a superuser's."""
    conn: asyncpg.Connection = await asyncpg.connect(dsn)
    try:
        async with conn.transaction():
            await _fill(conn, into, people, shape)
    finally:
        await conn.close()


async def _fill(conn: asyncpg.Connection, into: Sequence[Funnel], people: Sequence[UUID], shape: Shape) -> None:
    await conn.execute("SET LOCAL session_replication_role = replica")  # no trigger and no foreign key is asked
    account_id, funnel_ids = into[0].account_id, [funnel.id for funnel in into]
    number: int = await conn.fetchval("SELECT deal_number FROM account_counters WHERE account_id = $1", account_id)
    for funnel in into:
        await conn.copy_records_to_table("deals", records=_deals(funnel, people, number, shape), columns=_COLUMNS)
        number += shape.deals
    await conn.execute("UPDATE account_counters SET deal_number = $2 WHERE account_id = $1", account_id, number)
    if len(into) * shape.deals >= MANY:
        await conn.execute("ANALYZE deals")  # or what follows from many is planned as for none, deal by deal
    for statement in log_sql.DERIVED:
        await conn.execute(statement, account_id, funnel_ids)
    if shape.changes:
        await conn.execute("ANALYZE events")
        for statement in (log_sql.CHANGED, log_sql.CHANGED_SINCE):
            await conn.execute(statement, account_id, funnel_ids, shape.changes)
    await conn.execute(log_sql.HEADS, account_id, funnel_ids)


_COLUMNS = [
    "account_id",
    "id",
    "number",
    "funnel_id",
    "stage_id",
    "position",
    "title",
    "contact_name",
    "contact_phone",
    "contact_email",
    "assignee_id",
    "amount",
    "currency",
    "expected_close_on",
    "source",
    "status",
    "loss_reason_id",
    "closed_from_stage_id",
    "archived",
    "entered_stage_at",
    "created_at",
    "updated_at",
    "closed_at",
    "version",
    "custom_fields",
]


def _deals(funnel: Funnel, people: Sequence[UUID], number: int, shape: Shape) -> list[tuple[object, ...]]:
    """Rows as they stand in the end. The place in the log is a second: event n happened n seconds after the first."""
    rows: list[tuple[object, ...]] = []
    moved = 0
    keys = list(spread(None, None, shape.deals))[::-1]
    for index in range(shape.deals):
        deal_id = ids.new()
        funnel.deal_ids.append(deal_id)
        column = index % len(funnel.stage_ids)
        created = entered = BEGAN + timedelta(seconds=index + 1)
        if column:
            moved += 1
            entered = BEGAN + timedelta(seconds=shape.deals + moved)
        status = {
            len(funnel.stage_ids) - 2: deals.DealStatus.WON,
            len(funnel.stage_ids) - 1: deals.DealStatus.LOST,
        }.get(column, deals.DealStatus.OPEN)
        is_open, lost = status is deals.DealStatus.OPEN, status is deals.DealStatus.LOST
        rows.append(
            (
                *(funnel.account_id, deal_id, number + index + 1, funnel.id, funnel.stage_ids[column], keys[index]),
                *(f"Квартира на Подолі, {index + 1}", f"Клієнт {index + 1}", f"+38050{number + index:07}"),
                *(f"client{index + 1}@example.com", people[index % len(people)], 2_500_000 + index * 100, "UAH"),
                date(2026, 12, 1) + timedelta(days=index % 28),
                *(deals.DealSource.MANUAL.value, status.value, funnel.loss_reason_id if lost else None),
                *(None if is_open else funnel.stage_ids[0], False, entered, created, entered),
                *(None if is_open else entered, 2 if column else 1, "{}"),
            )
        )
    return rows
