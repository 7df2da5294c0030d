"""What is done with one deal. Each command holds its funnel's log first and writes its event last."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from shared import accounts, events, funnels, nodes
from shared.db import Transaction
from shared.deals import sql, sql_places
from shared.deals.entering import refuse_missing, refuse_what_is_not_there
from shared.deals.events import DealCreated, DealMoved, DealUpdated
from shared.deals.inputs import Changes, Move, NewDeal
from shared.deals.keeping import keep
from shared.deals.locking import lock_deal, lock_deal_at
from shared.deals.model import Deal, Origin, missing
from shared.deals.placing import put
from shared.deals.positions import between
from shared.deals.reading import find
from shared.errors import AmountRequired, NotFound, StageNotInFunnel, StaleDeal
from shared.funnels import Locked

GRAPHQL_NAMES = {
    "title": "title",
    "contact": "contact",
    "assignee_id": "assignee",
    "amount": "amount",
    "expected_close_on": "expectedCloseOn",
    "custom_fields": "customFields",
}


@dataclass(frozen=True, slots=True)
class Changed:
    """What a command did: the deal now, the place of its event in the log, and what the product would ask for.

    `locked`: its funnel, as the command held it.
    """

    deal: Deal
    place: events.Place
    missing: tuple[str, ...] = ()
    locked: Locked | None = None

    @property
    def kept(self) -> dict[str, Any]:
        """What an idempotency key keeps of it."""
        return {"deal": str(self.deal.id), "cursor": self.place.cursor, "missing": list(self.missing)}


async def recall(tx: Transaction, kept: Mapping[str, Any]) -> Changed:
    """The same answer again: the deal as it is now, the first cursor."""
    deal_id, place = UUID(kept["deal"]), events.Place.read(kept["cursor"])
    found = await find(tx, deal_id)
    if found is None or place is None:
        raise NotFound(deal_id)
    return Changed(found, place, tuple(kept["missing"]))


async def create(tx: Transaction, new: NewDeal, origin: Origin = Origin()) -> Changed:
    """A deal on top of the entry stage. Without an assignee given, the user who makes it has it."""
    locked = await funnels.lock(tx, new.funnel_id)
    if new.assignee_id is not None:
        await accounts.require_users(tx, {("assigneeId",): new.assignee_id})
    await nodes.refuse_taken(tx, {("id",): new.id} if new.id_is_chosen else {})
    entry, number = locked.entry, await sql.next_number(tx)
    deal = new.entering(entry, number, origin, tx.actor.user_id, locked.log.at)
    top = await sql_places.select_next_below(tx, entry.id, None, [])
    await sql.insert_deal(tx, deal, between(None, top[1] if top else None))
    (columns,) = await keep(locked, [(None, deal)])
    place = await events.record(locked.log, DealCreated(deal, columns, None, entry.name))
    return Changed(deal, place, locked=locked)


async def update(tx: Transaction, changes: Changes) -> Changed:
    """Change a deal's own fields. What is given as it already is, is no change; nothing changed: no event."""
    locked, deal = await lock_deal(tx, changes.deal_id)
    log = locked.log
    if changes.expected_version not in (None, deal.version):
        raise StaleDeal(deal.id)
    changed = {name: value for name, value in changes.fields.items() if deal.differs(name, value)}
    if "assignee_id" in changed:
        await accounts.require_users(tx, {("assigneeId",): changed["assignee_id"]})
    if "amount" in changed and changed["amount"] is None and _requires_amount(locked, deal):
        raise AmountRequired(deal.stage_id)
    if not changed:
        return Changed(deal, log.place, locked=locked)

    updated = replace(deal, **changed, updated_at=log.at, version=deal.version + 1)
    await sql.update_deal(tx, updated)
    (columns,) = await keep(locked, [(deal, updated)])
    names = tuple(GRAPHQL_NAMES[name] for name in GRAPHQL_NAMES if name in changed)
    place = await events.record(log, DealUpdated(updated, columns, names))
    return Changed(updated, place, locked=locked)


async def move(tx: Transaction, move: Move) -> Changed:
    """Move a deal to another place, of its stage or of another one of its funnel."""
    locked, deal, around = await lock_deal_at(tx, move.deal_id, move.to_stage_id, move.spot)
    log = locked.log
    if move.expected_version not in (None, deal.version):
        raise StaleDeal(deal.id)
    stage = locked.stages.get(move.to_stage_id)
    reason = await refuse_what_is_not_there(tx, deal, stage, move, around)
    if stage is None:
        raise StageNotInFunnel(move.to_stage_id)
    refuse_missing(deal, stage, reason, move.loss_note, move.amount)

    moved = replace(
        deal.entered(stage, log.at, reason_id=move.loss_reason_id, note=move.loss_note),
        amount=move.amount or deal.amount,
        updated_at=log.at,
        version=deal.version + 1,
    )
    placed_after = await put(tx, moved, move.spot, around)
    (columns,) = await keep(locked, [(deal, moved)])
    came_from = locked.stages[deal.stage_id]
    place = await events.record(
        log, DealMoved(moved, columns, placed_after, came_from.id, came_from.name, to_stage_name=stage.name)
    )
    return Changed(moved, place, missing(moved, stage), locked)


def _requires_amount(locked: Locked, deal: Deal) -> bool:
    stage = locked.stages.get(deal.stage_id)
    return stage is not None and stage.requires_amount
