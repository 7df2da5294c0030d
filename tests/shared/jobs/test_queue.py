"""Asking for work: once, at its time, and said after the commit."""

from datetime import UTC, datetime, timedelta

import pytest

from shared import ids, jobs
from shared.db import Transaction
from shared.jobs import JobDue
from tests import make
from tests.shared.jobs.rows import WORK


async def test_asks_for_work_now_and_says_so(tx: Transaction) -> None:
    ref = ids.new()
    await jobs.add(tx, WORK, ref=ref)

    kept = await tx.fetchrow("SELECT * FROM jobs")
    assert kept is not None
    assert (kept["account_id"], kept["kind"], kept["ref"], kept["state"]) == (tx.account_id, WORK, ref, "queued")
    assert (kept["attempts"], kept["max_attempts"], kept["due_at"]) == (0, 10, kept["run_at"])
    assert tx.outgoing == [JobDue(kept["id"])]


async def test_what_is_due_later_is_swept_for_and_not_said(tx: Transaction) -> None:
    day = datetime(2030, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    await jobs.add(tx, WORK, due_at=day)

    assert await tx.fetchval("SELECT run_at FROM jobs") == day
    assert tx.outgoing == []


async def test_the_same_work_is_asked_for_once(tx: Transaction) -> None:
    await jobs.add(tx, WORK, dedupe_key="march")
    await jobs.add(tx, WORK, dedupe_key="march")
    await jobs.add(tx, WORK, dedupe_key="april")

    assert await tx.fetchval("SELECT count(*) FROM jobs") == 2
    assert len(tx.outgoing) == 2


@pytest.mark.parametrize("offset", [timedelta(days=-90), timedelta(days=30, microseconds=1)])
async def test_runs_when_the_account_s_own_clock_says_so(tx: Transaction, offset: timedelta) -> None:
    await make.clock(tx, offset)
    day = datetime(2030, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    await jobs.add(tx, WORK, due_at=day)
    await jobs.add(tx, WORK)

    later, now = await tx.fetch("SELECT due_at, run_at FROM jobs ORDER BY due_at DESC")
    assert (later["due_at"], later["run_at"]) == (day, day - offset)
    assert now["due_at"] == now["run_at"] + offset
