"""What is done with many deals at once: with all of them, or with none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from shared import events
from shared.db import Transaction
from shared.deals import sql_places
from shared.deals.entering import NO_REASON, find_reason, refuse_missing
from shared.deals.events import DealArchived, DealMoved, DealRestored
from shared.deals.inputs import Many, MoveMany
from shared.deals.keeping import keep
from shared.deals.locking import lock_deals
from shared.deals.model import Deal
from shared.deals.placing import put_on_top
from shared.deals.reading import get_many
from shared.errors import InvalidInput, NotFound, StageNotInFunnel
from shared.funnels import Locked, Stage


@dataclass(frozen=True, slots=True)
class ManyMoved:
    """The deals now, in the order they were named, and the place of the last event in the log."""

    deals: list[Deal]
    place: events.Place

    @property
    def kept(self) -> dict[str, Any]:
        """What an idempotency key keeps of it."""
        return kept_of(self.deals) | {"cursor": self.place.cursor}


def kept_of(deals: Sequence[Deal]) -> dict[str, Any]:
    """What an idempotency key keeps of deals."""
    return {"deals": [str(deal.id) for deal in deals]}


async def recall_many(tx: Transaction, kept: Mapping[str, Any]) -> list[Deal]:
    """The same deals again, as they are now."""
    deal_ids = [UUID(id) for id in kept["deals"]]
    found = await get_many(tx, deal_ids)
    for deal_id in deal_ids:
        if deal_id not in found:
            raise NotFound(deal_id)
    return [found[deal_id] for deal_id in deal_ids]


async def recall_moved(tx: Transaction, kept: Mapping[str, Any]) -> ManyMoved:
    """The same answer again: the deals as they are now, the first cursor."""
    place = events.Place.read(kept["cursor"])
    assert place is not None
    return ManyMoved(await recall_many(tx, kept), place)


async def move_many(tx: Transaction, move: MoveMany) -> ManyMoved:
    """Move deals of one funnel to the top of one of its stages, where they stand in the order they are named."""
    held, deals = await lock_deals(tx, move.deal_ids)
    (locked, *others) = held.values()
    reason = None if others else await find_reason(tx, locked.funnel.id, move.loss_reason_id)
    if move.loss_reason_id is not None and reason is None:
        raise InvalidInput(NO_REASON)
    stage = locked.stages.get(move.to_stage_id)
    if stage is None or others:  # no stage is of two funnels
        raise StageNotInFunnel(move.to_stage_id)
    for deal in deals:
        refuse_missing(deal, stage, reason, move.loss_note, None)

    return await move_to_top(tx, locked, deals, stage, reason_id=move.loss_reason_id, note=move.loss_note)


async def move_to_top(
    tx: Transaction,
    locked: Locked,
    deals: Sequence[Deal],
    stage: Stage,
    *,
    reason_id: UUID | None = None,
    note: str | None = None,
) -> ManyMoved:
    """Move deals that are held, whatever their new stage wants."""
    log = locked.log
    moved = [
        replace(
            deal.entered(stage, log.at, reason_id=reason_id, note=note),
            updated_at=log.at,
            version=deal.version + 1,
        )
        for deal in deals
    ]
    behind = await put_on_top(tx, moved)
    columns = await keep(locked, list(zip(deals, moved, strict=True)))
    told = []
    for before, now, totals, placed_after in zip(deals, moved, columns, behind, strict=True):
        came_from = locked.stages[before.stage_id]
        told.append(DealMoved(now, totals, placed_after, came_from.id, came_from.name, to_stage_name=stage.name))
    return ManyMoved(moved, await events.record(log, *told))


async def archive(tx: Transaction, many: Many) -> list[Deal]:
    """Take deals off their boards. One that is archived already stays as it is, without an event."""
    held, deals = await lock_deals(tx, many.deal_ids, also_archived=True)
    now = {deal.id: deal for deal in deals}
    for funnel_id, locked in held.items():
        log = locked.log
        standing = [deal for deal in deals if deal.funnel_id == funnel_id and not deal.archived]
        gone = [replace(deal, archived=True, updated_at=log.at, version=deal.version + 1) for deal in standing]
        await sql_places.update_places(tx, [(deal, None) for deal in gone])
        columns = await keep(locked, list(zip(standing, gone, strict=True)))
        await events.record(log, *map(DealArchived, gone, columns))
        now |= {deal.id: deal for deal in gone}
    return list(now.values())


async def restore(tx: Transaction, many: Many) -> list[Deal]:
    """Put archived deals back on top of where they stood; of the entry, when that stage is gone.

    Those of one stage stand in the order they are named. One that is on its board stays as it is, without an event.
    """
    held, deals = await lock_deals(tx, many.deal_ids, also_archived=True)
    now = {deal.id: deal for deal in deals}
    for funnel_id, locked in held.items():
        log = locked.log
        gone = [deal for deal in deals if deal.funnel_id == funnel_id and deal.archived]
        back = [_back(deal, locked) for deal in gone]
        behind = await put_on_top(tx, back)
        columns = await keep(locked, list(zip(gone, back, strict=True)))
        await events.record(log, *map(DealRestored, back, columns, behind))
        now |= {deal.id: deal for deal in back}
    return list(now.values())


def _back(deal: Deal, locked: Locked) -> Deal:
    stood, at = locked.stages.get(deal.stage_id, locked.entry), locked.log.at
    entered = deal.entered(stood, at, reason_id=None, note=None)
    return replace(entered, archived=False, updated_at=at, version=deal.version + 1)
