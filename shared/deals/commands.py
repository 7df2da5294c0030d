"""What is done with deals. Each command holds its funnel's log first and writes its event last."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from shared import accounts, events, funnels, nodes
from shared.db import Transaction
from shared.deals import sql
from shared.deals.events import DealCreated, DealMoved, DealUpdated, columns_of
from shared.deals.model import Changes, Deal, DealPage, DealStatus, Move, NewDeal, Origin, Spot, SpotKind, missing
from shared.deals.positions import LONGEST, between, spread
from shared.errors import (
    AmountRequired,
    InvalidInput,
    LossReasonRequired,
    NotFound,
    Problem,
    Sentence,
    StageNotInFunnel,
    StaleDeal,
)
from shared.funnels import Funnel, LossReason, Stage, StageKind

NO_NEIGHBOUR = Sentence(
    "No other deal with this id stands in that stage.", "Іншої угоди з таким ідентифікатором на цьому етапі немає."
)
NO_REASON = Sentence("This funnel has no such loss reason.", "У цій воронці немає такої причини втрати.")
GRAPHQL_NAMES = {
    "title": "title",
    "contact": "contact",
    "assignee_id": "assignee",
    "amount": "amount",
    "expected_close_on": "expectedCloseOn",
    "custom_fields": "customFields",
}
REACH = 64  # deals on each side that are re-spaced at first; eight times more when that makes no room


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
    top = await sql.select_next_below(tx, entry.id, None, None)
    await sql.insert_deal(tx, deal, between(None, top[1] if top else None))
    totals = await funnels.totals(tx, deal.funnel_id, [_counted(deal, +1)])
    place = await events.record(locked.log, DealCreated(deal, columns_of(totals), None))
    return Changed(deal, place)


async def update(tx: Transaction, changes: Changes) -> Changed:
    """Change a deal's own fields. What is given as it already is, is no change; nothing changed: no event."""
    log, deal = await _lock(tx, changes.deal_id)
    if changes.expected_version not in (None, deal.version):
        raise StaleDeal(deal.id)
    changed = {name: value for name, value in changes.fields.items() if deal.differs(name, value)}
    if "assignee_id" in changed:
        await accounts.require_users(tx, {("assigneeId",): changed["assignee_id"]})
    if "amount" in changed and changed["amount"] is None and (await _stage(tx, deal)).requires_amount:
        raise AmountRequired(deal.stage_id)
    if not changed:
        return Changed(deal, log.place)

    updated = replace(deal, **changed, updated_at=log.at, version=deal.version + 1)
    await sql.update_deal(tx, updated)
    totals = await _recount(tx, deal, updated)
    names = tuple(GRAPHQL_NAMES[name] for name in GRAPHQL_NAMES if name in changed)
    place = await events.record(log, DealUpdated(updated, columns_of(totals), names))
    return Changed(updated, place)


async def move(tx: Transaction, move: Move) -> Changed:
    """Move a deal to another place, of its stage or of another one of its funnel."""
    log, deal = await _lock(tx, move.deal_id)
    if move.expected_version not in (None, deal.version):
        raise StaleDeal(deal.id)
    stages = {stage.id: stage for stage in (await funnels.stages(tx, [deal.funnel_id]))[deal.funnel_id]}
    stage = stages.get(move.to_stage_id)
    reason = await _refuse_what_is_not_there(tx, deal, stage, move)
    if stage is None:
        raise StageNotInFunnel(move.to_stage_id)
    _refuse_missing(deal, stage, reason, move)

    at = log.at
    moved = replace(
        deal.entered(stage, at, reason_id=move.loss_reason_id, note=move.loss_note),
        amount=move.amount or deal.amount,
        updated_at=at,
        version=deal.version + 1,
    )
    placed_after, position = await _place(tx, stage, move.spot, deal.id)
    await sql.update_place(tx, moved, position)
    if len(position) > LONGEST:
        await _respace(tx, stage.id, position)
    totals = await _recount(tx, deal, moved)
    place = await events.record(log, DealMoved(moved, columns_of(totals), placed_after, deal.stage_id))
    return Changed(moved, place, missing(moved, stage))


async def find(tx: Transaction, deal_id: UUID) -> Deal | None:
    """The deal, if the actor sees its funnel."""
    return (await get_many(tx, [deal_id])).get(deal_id)


async def get_many(tx: Transaction, deal_ids: Iterable[UUID]) -> dict[UUID, Deal]:
    """Those of the deals whose funnels the actor sees."""
    found = await sql.select_deals(tx, deal_ids)
    seen = await funnels.visible(tx, list({deal.funnel_id for deal in found}))
    return {deal.id: deal for deal in found if deal.funnel_id in seen}


async def on_board(tx: Transaction, funnel_id: UUID) -> tuple[Funnel, events.Place] | None:
    """The funnel and where its log stands, if the actor sees it; what follows is read in the same transaction."""
    funnel, place = await funnels.find(tx, funnel_id), await events.head(tx, funnel_id)
    return (funnel, place) if funnel and place else None


async def columns(
    tx: Transaction, stage_ids: Sequence[UUID], first: int, after: tuple[str, UUID] | None
) -> dict[UUID, DealPage]:
    """A page of each column, in board order."""
    return {
        stage_id: DealPage(
            [deal for _, deal in rows[:first]],
            [(position, deal.id) for position, deal in rows[:first]],
            has_more=len(rows) > first,
        )
        for stage_id, rows in (await sql.select_columns(tx, stage_ids, after, first + 1)).items()
    }


async def _lock(tx: Transaction, deal_id: UUID) -> tuple[events.Log, Deal]:
    """Hold a deal that is on a board that the actor sees, and its funnel's log before it.

    Raises NotFound (also when it or its funnel is archived), then ModuleInactive.
    """
    funnel_id = await sql.select_funnel_of(tx, deal_id)  # a deal never changes its funnel
    if funnel_id is None:
        raise NotFound(deal_id)
    log = await events.lock(tx, funnel_id)  # first: it serialises order, totals and the log
    deal = await sql.lock_deal(tx, deal_id)
    funnel = await funnels.find(tx, funnel_id)
    if deal is None or deal.archived or funnel is None or funnel.archived:
        raise NotFound(deal_id)
    await accounts.require_module(tx, funnels.MODULE)
    return log, deal


async def _stage(tx: Transaction, deal: Deal) -> Stage:
    return next(s for s in (await funnels.stages(tx, [deal.funnel_id]))[deal.funnel_id] if s.id == deal.stage_id)


async def _refuse_what_is_not_there(tx: Transaction, deal: Deal, stage: Stage | None, move: Move) -> LossReason | None:
    """Raises InvalidInput for a neighbour or a reason that is named and is not there; the reason, if one is named."""
    problems = []
    if move.spot.neighbour_id is not None:
        neighbour = await sql.select_place(tx, move.spot.neighbour_id)
        elsewhere = neighbour is None or neighbour[0] != deal.funnel_id or (stage and neighbour[1] != stage.id)
        if elsewhere or move.spot.neighbour_id == deal.id:
            problems.append(Problem(("place", move.spot.kind), NO_NEIGHBOUR))
    reason = None
    if move.loss_reason_id is not None:
        reasons = (await funnels.loss_reasons(tx, [deal.funnel_id]))[deal.funnel_id]
        reason = next((one for one in reasons if one.id == move.loss_reason_id and not one.archived), None)
        if reason is None:
            problems.append(Problem(("lossReasonId",), NO_REASON))
    if problems:
        raise InvalidInput(*problems)
    return reason


def _refuse_missing(deal: Deal, stage: Stage, reason: LossReason | None, move: Move) -> None:
    """Raises LossReasonRequired or AmountRequired when the deal may not enter the stage as it is."""
    entering = stage.id != deal.stage_id
    if stage.kind is StageKind.LOST and entering and reason is None:
        raise LossReasonRequired(deal.funnel_id)
    if stage.kind is StageKind.LOST and reason and reason.requires_note and not (move.loss_note or deal.loss_note):
        raise LossReasonRequired(deal.funnel_id)
    if stage.requires_amount and entering and not (move.amount or deal.amount):
        raise AmountRequired(stage.id)


async def _place(tx: Transaction, stage: Stage, spot: Spot, deal_id: UUID) -> tuple[UUID | None, str]:
    """Behind which deal that is, and a position for it. The deal itself is not in the way."""
    if spot.kind is SpotKind.BOTTOM:
        above, below = await sql.select_next_above(tx, stage.id, None, deal_id), None
    elif spot.kind is SpotKind.TOP:
        above, below = None, await sql.select_next_below(tx, stage.id, None, deal_id)
    else:
        assert spot.neighbour_id is not None
        neighbour = await sql.select_place(tx, spot.neighbour_id)
        assert neighbour is not None
        here = spot.neighbour_id, neighbour[2]
        if spot.kind is SpotKind.AFTER:
            above, below = here, await sql.select_next_below(tx, stage.id, here[1], deal_id)
        else:
            above, below = await sql.select_next_above(tx, stage.id, here[1], deal_id), here
    position = between(above[1] if above else None, below[1] if below else None)
    return (above[0] if above else None), position


async def _respace(tx: Transaction, stage_id: UUID, position: str) -> None:
    """Give short keys to the deals around a position, without changing their order. That is no event."""
    reach = REACH
    while True:
        above, below = await sql.select_around(tx, stage_id, position, reach + 1)
        first = above.pop()[1] if len(above) > reach else None
        last = below.pop()[1] if len(below) > reach else None
        around = above[::-1] + below
        keys = list(spread(first, last, len(around)))
        if first is last is None or max(map(len, keys)) <= LONGEST // 2:
            await sql.update_positions(tx, [(deal_id, key) for (deal_id, _), key in zip(around, keys, strict=True)])
            return
        reach *= 8


async def _recount(tx: Transaction, before: Deal, now: Deal) -> Mapping[UUID, funnels.Total]:
    """Keep the counters of the stages that a change touched; their totals, empty when nothing that counts changed."""
    if (before.stage_id, before.amount) == (now.stage_id, now.amount):
        return {}
    changes = [_counted(before, -1), _counted(now, +1)]
    if changes[0][:2] == changes[1][:2]:  # the same counter: one change, since a statement changes a row once
        changes = [(now.stage_id, now.currency, 0, now.value - before.value)]
    return await funnels.totals(tx, now.funnel_id, changes)


def _counted(deal: Deal, sign: int) -> tuple[UUID, str, int, int]:
    return deal.stage_id, deal.currency, sign, sign * deal.value
