"""What is done with one deal. Each command holds its funnel's log first and writes its event last."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from shared import accounts, events, funnels, nodes
from shared.db import Transaction
from shared.deals import sql
from shared.deals.entering import refuse_missing, refuse_what_is_not_there
from shared.deals.events import DealCreated, DealMoved, DealUpdated
from shared.deals.inputs import Changes, Move, NewDeal
from shared.deals.keeping import keep
from shared.deals.locking import lock_deal
from shared.deals.model import Deal, DealStatus, Origin, missing
from shared.deals.placing import put
from shared.deals.positions import between
from shared.deals.reading import find
from shared.errors import AmountRequired, NotFound, StageNotInFunnel, StaleDeal

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
    """What a command did: the deal now, the place of its event in the log, and what the product would ask for."""

    deal: Deal
    place: events.Place
    missing: tuple[str, ...] = ()

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
    entry = (await funnels.stages(tx, [new.funnel_id]))[new.funnel_id][0]
    at = locked.log.at
    deal = Deal(
        id=new.id,
        number=await sql.next_number(tx),
        funnel_id=new.funnel_id,
        stage_id=entry.id,
        title=new.title,
        contact=new.contact,
        assignee_id=new.assignee_id or tx.actor.user_id,
        amount=new.amount,
        expected_close_on=new.expected_close_on,
        source=origin.source,
        source_name=origin.name,
        status=DealStatus.OPEN,
        loss_reason_id=None,
        loss_note=None,
        closed_from_stage_id=None,
        open_task_count=0,
        archived=False,
        entered_stage_at=at,
        created_at=at,
        updated_at=at,
        closed_at=None,
        version=1,
        custom_fields=new.custom_fields,
    )
    top = await sql.select_next_below(tx, entry.id, None, [])
    await sql.insert_deal(tx, deal, between(None, top[1] if top else None))
    (columns,) = await keep(locked.log, [(None, deal)])
    place = await events.record(locked.log, DealCreated(deal, columns, None, entry.name))
    return Changed(deal, place)


async def update(tx: Transaction, changes: Changes) -> Changed:
    """Change a deal's own fields. What is given as it already is, is no change; nothing changed: no event."""
    log, deal = await lock_deal(tx, changes.deal_id)
    if changes.expected_version not in (None, deal.version):
        raise StaleDeal(deal.id)
    changed = {name: value for name, value in changes.fields.items() if deal.differs(name, value)}
    if "assignee_id" in changed:
        await accounts.require_users(tx, {("assigneeId",): changed["assignee_id"]})
    if "amount" in changed and changed["amount"] is None and await _requires_amount(tx, deal):
        raise AmountRequired(deal.stage_id)
    if not changed:
        return Changed(deal, log.place)

    updated = replace(deal, **changed, updated_at=log.at, version=deal.version + 1)
    await sql.update_deal(tx, updated)
    (columns,) = await keep(log, [(deal, updated)])
    names = tuple(GRAPHQL_NAMES[name] for name in GRAPHQL_NAMES if name in changed)
    place = await events.record(log, DealUpdated(updated, columns, names))
    return Changed(updated, place)


async def move(tx: Transaction, move: Move) -> Changed:
    """Move a deal to another place, of its stage or of another one of its funnel."""
    log, deal = await lock_deal(tx, move.deal_id)
    if move.expected_version not in (None, deal.version):
        raise StaleDeal(deal.id)
    stages = {stage.id: stage for stage in (await funnels.stages(tx, [deal.funnel_id]))[deal.funnel_id]}
    stage = stages.get(move.to_stage_id)
    reason = await refuse_what_is_not_there(tx, deal, stage, move)
    if stage is None:
        raise StageNotInFunnel(move.to_stage_id)
    refuse_missing(deal, stage, reason, move.loss_note, move.amount)

    moved = replace(
        deal.entered(stage, log.at, reason_id=move.loss_reason_id, note=move.loss_note),
        amount=move.amount or deal.amount,
        updated_at=log.at,
        version=deal.version + 1,
    )
    placed_after = await put(tx, moved, move.spot)
    (columns,) = await keep(log, [(deal, moved)])
    came_from = stages[deal.stage_id]
    place = await events.record(
        log, DealMoved(moved, columns, placed_after, came_from.id, came_from.name, to_stage_name=stage.name)
    )
    return Changed(moved, place, missing(moved, stage))


async def _requires_amount(tx: Transaction, deal: Deal) -> bool:
    stages = (await funnels.stages(tx, [deal.funnel_id]))[deal.funnel_id]
    return any(stage.id == deal.stage_id and stage.requires_amount for stage in stages)
