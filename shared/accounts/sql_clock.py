"""Every SQL statement about the clocks of test accounts. One statement per function, no decisions."""

from datetime import datetime, timedelta

from shared.accounts.model import Clock
from shared.db import Transaction


async def insert_clock(tx: Transaction) -> None:
    """That of a test account, which shows the real time until it is set."""
    await tx.execute("INSERT INTO account_clocks (account_id, clock_offset) VALUES ($1, '0')", tx.account_id)


async def lock_clock(tx: Transaction) -> Clock | None:
    """None when the account is no test account. While it is locked, no job of the account is added."""
    row = await tx.fetchrow(
        """SELECT clock_timestamp() + clock_offset AS now, target, was_set
             FROM account_clocks
            WHERE account_id = $1
              FOR UPDATE""",
        tx.account_id,
    )
    return Clock(**row) if row else None


async def select_is_walking(tx: Transaction) -> bool:
    walking = await tx.fetchval("SELECT target IS NOT NULL FROM account_clocks WHERE account_id = $1", tx.account_id)
    return bool(walking)


async def upsert_offset(tx: Transaction, offset: timedelta) -> bool:
    """False when the account is no test account."""
    done = await tx.fetchval(
        """INSERT INTO account_clocks (account_id, clock_offset, was_set)
                SELECT id, $2, true
                  FROM accounts
                 WHERE id = $1 AND test
           ON CONFLICT (account_id) DO UPDATE SET clock_offset = excluded.clock_offset, was_set = true
             RETURNING true""",
        tx.account_id,
        offset,
    )
    return bool(done)


async def update_now(tx: Transaction, now: datetime) -> None:
    """To any time, also an earlier one."""
    await tx.execute(
        """UPDATE account_clocks SET clock_offset = $2 - clock_timestamp(), was_set = true
            WHERE account_id = $1""",
        tx.account_id,
        now,
    )


async def update_now_forward(tx: Transaction, now: datetime) -> None:
    """To a time that may have passed meanwhile: then it goes on."""
    await tx.execute(
        """UPDATE account_clocks SET clock_offset = greatest(clock_offset, $2 - clock_timestamp())
            WHERE account_id = $1""",
        tx.account_id,
        now,
    )


async def update_target(tx: Transaction, target: datetime | None) -> None:
    await tx.execute(
        "UPDATE account_clocks SET target = $2, was_set = true WHERE account_id = $1", tx.account_id, target
    )
