"""A worker that has stopped sweeping is found out, but only while there is something to do."""

from datetime import timedelta
from uuid import uuid4

import pytest

from services.worker import heart
from shared import jobs
from shared.db import Transaction


@pytest.mark.parametrize(
    ("silent", "overdue", "stale"),
    [(20, 5, True), (10, 5, False), (20, 0, False), (None, 5, False)],
)
async def test_tells_who_is_stale(tx: Transaction, silent: int | None, overdue: int, stale: bool) -> None:
    """`silent`: seconds since the last beat; `overdue`: seconds for which a job is due."""
    await tx.execute("DELETE FROM jobs")
    worker_id = uuid4()
    if silent is not None:
        await heart.beat(tx, worker_id)
        await tx.execute("UPDATE workers SET beat_at = beat_at - $1::interval", timedelta(seconds=silent))
    await jobs.add(tx, "tests.work")
    await tx.execute("UPDATE jobs SET run_at = run_at - $1::interval", timedelta(seconds=overdue))

    assert await heart.is_stale(tx, worker_id) is stale


async def test_a_beat_makes_it_fresh_again(tx: Transaction) -> None:
    worker_id = uuid4()
    await heart.beat(tx, worker_id)
    await jobs.add(tx, "tests.work")
    await tx.execute("UPDATE jobs SET run_at = run_at - interval '1 minute'")
    await tx.execute("UPDATE workers SET beat_at = beat_at - interval '1 minute'")

    await heart.beat(tx, worker_id)

    assert not await heart.is_stale(tx, worker_id)


async def test_forgets_who_ended(tx: Transaction) -> None:
    ended, dead, alive = uuid4(), uuid4(), uuid4()
    for worker_id in (ended, dead, alive):
        await heart.beat(tx, worker_id)
    await tx.execute("UPDATE workers SET beat_at = beat_at - interval '2 days' WHERE id = $1", dead)

    await heart.stop(tx, ended)
    await heart.forget_dead(tx)

    rows = await tx.fetch("SELECT id FROM workers WHERE id = ANY($1::uuid[])", [ended, dead, alive])
    assert [row["id"] for row in rows] == [alive]
