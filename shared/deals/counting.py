"""What stands in each stage: counters that are kept with every change of a deal."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from shared import funnels
from shared.db import Transaction
from shared.deals.events import ColumnTotals
from shared.deals.model import Deal

Change = tuple[Deal | None, Deal | None]  # before and after it; None: there is no deal
Counter = tuple[UUID, str]  # a stage, and a currency or ''
Step = Mapping[Counter, tuple[int, int]]  # how many deals and minor units more


async def count(tx: Transaction, funnel_id: UUID, changes: Sequence[Change]) -> list[tuple[ColumnTotals, ...]]:
    """Keep the counters, one change after the other; for each, the totals as of then of the stages that it touched."""
    steps = [step_of(*change) for change in changes]
    summed: dict[Counter, tuple[int, int]] = {}
    for step in steps:
        for counter, more in step.items():
            summed[counter] = _sum(summed.get(counter, (0, 0)), more)
    if not summed:
        return [() for _ in changes]
    rows = [(stage_id, currency, *summed[stage_id, currency]) for stage_id, currency in sorted(summed)]
    tallies = dict(await funnels.totals(tx, funnel_id, rows))
    columns = []
    for step in reversed(steps):  # from how it is in the end back to how it was after each
        touched = sorted({stage_id for stage_id, _ in step})
        columns.append(tuple(ColumnTotals(stage_id, tallies[stage_id].total) for stage_id in touched))
        for (stage_id, currency), more in step.items():
            tallies[stage_id] = tallies[stage_id].less(currency, *more)
    return columns[::-1]


async def count_new(tx: Transaction, funnel_id: UUID, made: Sequence[Deal]) -> tuple[ColumnTotals, ...]:
    """The same for new deals, all at once: the totals after the last of them."""
    summed: dict[Counter, tuple[int, int]] = {}
    for deal in made:
        counter = deal.stage_id, deal.currency
        count, value = summed.get(counter, (0, 0))
        summed[counter] = count + 1, value + deal.value
    tallies = await funnels.totals(tx, funnel_id, [(*counter, *summed[counter]) for counter in sorted(summed)])
    return tuple(ColumnTotals(stage_id, tallies[stage_id].total) for stage_id in sorted({stage for stage, _ in summed}))


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
