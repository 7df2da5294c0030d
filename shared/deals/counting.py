"""What stands in each stage: counters that are kept with every change of a deal."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from shared import funnels
from shared.deals.events import ColumnTotals
from shared.deals.model import Deal
from shared.funnels import Locked

Change = tuple[Deal | None, Deal | None]  # before and after it; None: there is no deal
Counter = tuple[UUID, str]  # a stage, and a currency or ''
Step = Mapping[Counter, tuple[int, int]]  # how many deals and minor units more


async def count(locked: Locked, changes: Sequence[Change]) -> list[tuple[ColumnTotals, ...]]:
    """Keep the counters, one change after the other; for each, the totals as of then of the stages that it touched."""
    columns, touched = [], set[Counter]()
    for change in changes:
        step = step_of(*change)
        for (stage_id, currency), more in step.items():
            locked.add(stage_id, currency, *more)
        stage_ids = sorted({stage_id for stage_id, _ in step})
        columns.append(tuple(ColumnTotals(stage_id, locked.tallies[stage_id].total) for stage_id in stage_ids))
        touched |= step.keys()
    if touched:
        await funnels.keep_totals(locked, touched)
    return columns


async def count_new(locked: Locked, made: Sequence[Deal]) -> tuple[ColumnTotals, ...]:
    """The same for new deals, all at once: the totals after the last of them."""
    summed: dict[Counter, tuple[int, int]] = {}
    for deal in made:
        counter = deal.stage_id, deal.currency
        summed[counter] = _sum(summed.get(counter, (0, 0)), (1, deal.value))
    for (stage_id, currency), more in summed.items():
        locked.add(stage_id, currency, *more)
    await funnels.keep_totals(locked, summed)
    stage_ids = sorted({stage_id for stage_id, _ in summed})
    return tuple(ColumnTotals(stage_id, locked.tallies[stage_id].total) for stage_id in stage_ids)


def step_of(before: Deal | None, now: Deal | None) -> Step:
    """What a change adds to counters; empty when nothing changed that counts. Archived deals stand nowhere."""
    step: dict[Counter, tuple[int, int]] = {}
    for deal, sign in ((before, -1), (now, +1)):
        if deal is not None and not deal.archived:
            counter = deal.stage_id, deal.currency
            step[counter] = _sum(step.get(counter, (0, 0)), (sign, sign * deal.value))
    return {counter: more for counter, more in step.items() if more != (0, 0)}


def _sum(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]
