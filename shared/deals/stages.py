"""A stage goes, and its deals with it to another one: funnels know no deals, so this stands on their floor."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from shared import funnels, ids
from shared.db import Transaction
from shared.deals import sql_stages
from shared.deals.bulk import move_to_top
from shared.deals.entering import refuse_missing
from shared.errors import InvalidInput, NotAllowedNow, Problem, Sentence, StageNotEmpty
from shared.funnels import LockedStage, Stage

MOST_MOVED = 500
NO_TARGET = Sentence(
    "Deals can go to the entry or to another own stage of the same funnel.",
    "Угоди можна перемістити на перший або на інший власний етап тієї ж воронки.",
)
TOO_MANY_DEALS = Sentence(
    f"more than {MOST_MOVED} deals stand in this stage, move them first.",
    f"на цьому етапі більше {MOST_MOVED} угод, спершу перемістіть їх.",
)


@dataclass(frozen=True, slots=True)
class StageDeletion:
    """`target_id`: the stage that the deals go to; None: there are none."""

    stage_id: UUID
    target_id: UUID | None = None

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        target = given.get("move_deals_to")
        return cls(ids.read(given["id"]), ids.read(target) if target is not None else None)


async def delete_stage(tx: Transaction, deletion: StageDeletion) -> funnels.Changed:
    """Take an own stage out of its funnel. What stands in it goes on top of the target, in its order."""
    locked = await funnels.lock_stage(tx, deletion.stage_id)
    target = _require_target(locked, deletion.target_id)
    locked.refuse_built_in()
    tally = locked.funnel.tallies.get(locked.stage.id)
    standing = tally.total.deals if tally else 0
    if standing:
        if target is None:
            raise StageNotEmpty(standing)
        if standing > MOST_MOVED:
            raise NotAllowedNow("TOO_MANY_DEALS", TOO_MANY_DEALS)
        await _empty(tx, locked, target)
    return await funnels.drop_stage(tx, locked)


async def _empty(tx: Transaction, locked: LockedStage, target: Stage) -> None:
    """Raises AmountRequired when the target takes one of the deals only with an amount."""
    deals = await sql_stages.lock_deals_of(tx, locked.stage.id)
    for deal in deals:
        refuse_missing(deal, target, None, None, None)
    await move_to_top(tx, locked.funnel, deals, target)


def _require_target(locked: LockedStage, target_id: UUID | None) -> Stage | None:
    """Raises InvalidInput when one is named that the deals cannot go to."""
    if target_id is None:
        return None
    others = [stage for stage in locked.row if stage.is_open and stage.id != locked.stage.id]
    target = next((stage for stage in others if stage.id == target_id), None)
    if target is None:
        raise InvalidInput(Problem(("moveDealsTo",), NO_TARGET))
    return target
