"""What came in is kept for 90 days: then requests and their items go. What has still to be taken in stays."""

from datetime import datetime, timedelta

from shared import accounts, jobs
from shared.clock import first_moment, local_date
from shared.db import Transaction
from shared.ingest import sql_retention

FORGET = "ingest.forget"
KEPT = timedelta(days=90)
FORGOTTEN_AT_ONCE = 1_000


async def plan_to_forget(tx: Transaction, account: accounts.Account, received_at: datetime) -> None:
    """One job for all that comes in on a day. Call it last: whoever is the first of a day lets others wait for it."""
    day = local_date(received_at + KEPT, account.time_zone) + timedelta(days=1)
    await jobs.add(
        tx,
        FORGET,
        due_at=first_moment(day, account.time_zone),
        due_on=day,
        dedupe_key=f"{FORGET}:{account.id}:{day}",
    )


async def forget(tx: Transaction, job: jobs.Job) -> None:  # noqa: ARG001  # the account is all it needs to know
    """So many a turn."""
    before = await tx.now() - KEPT
    steps = (sql_retention.delete_items, sql_retention.delete_intake, sql_retention.delete_keys)
    gone = [await delete(tx, before, FORGOTTEN_AT_ONCE) for delete in steps]
    if max(gone) == FORGOTTEN_AT_ONCE:
        await jobs.add(tx, FORGET)
