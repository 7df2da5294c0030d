"""What is kept beside the log, in the transaction of each change: totals of stages, visits, checkpoints of the board.

All of it can be made anew from the log.
"""

from collections.abc import Sequence

from shared import jobs
from shared.deals import sql_importing, sql_visits
from shared.deals.counting import Change, count, count_new
from shared.deals.events import ColumnTotals
from shared.deals.model import Deal
from shared.deals.sql_visits import Visit
from shared.events import Log
from shared.funnels import Locked

CHECKPOINT = "deals.checkpoint"  # the job that keeps boards for whoever asks for the past
CHECKPOINT_EVERY = 1_000  # events


async def keep(locked: Locked, changes: Sequence[Change]) -> list[tuple[ColumnTotals, ...]]:
    """Call it before the changes' events are recorded, in their order, one each.

    For each, the totals as of then of the stages that it touched.
    """
    log = locked.log
    columns = await count(locked, changes)
    visits = [
        Visit(now.id, now.stage_id, now.entered_stage_at, seq)
        for seq, (before, now) in enumerate(changes, start=log.place.seq + 1)
        if now is not None and (before is None or before.stage_id != now.stage_id)
    ]
    if visits:
        await sql_visits.insert_visits(log.tx, log.stream_id, visits)
    await _ask_for_checkpoint(log, len(changes))
    return columns


async def keep_batch(locked: Locked, made: Sequence[Deal]) -> tuple[ColumnTotals, ...]:
    """The same for new deals of one stage that one event tells of: the totals after all of them."""
    log = locked.log
    columns = await count_new(locked, made)
    stage_id, seq = made[0].stage_id, log.place.seq + 1
    await sql_importing.insert_first_visits(log.tx, log.stream_id, stage_id, [deal.id for deal in made], log.at, seq)
    await _ask_for_checkpoint(log, 1)
    return columns


async def _ask_for_checkpoint(log: Log, events: int) -> None:
    """When so many more events pass the place of one."""
    passed = (log.place.seq + events) // CHECKPOINT_EVERY
    if passed > log.place.seq // CHECKPOINT_EVERY:
        await jobs.add(
            log.tx,
            CHECKPOINT,
            ref=log.stream_id,
            dedupe_key=f"{CHECKPOINT}:{log.tx.account_id}:{log.stream_id}:{passed}",
        )
