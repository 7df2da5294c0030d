"""Calls of providers name cards: they are kept for 90 days."""

from shared import ids, payments
from shared.db import Transaction


async def came(tx: Transaction, name: str, state: str, days: int) -> None:
    await tx.execute(
        """INSERT INTO callbacks (id, provider, dedupe_key, headers, body, state, received_at)
                VALUES ($1, 'forgetting', $2, '{}', '', $3, clock_timestamp() - make_interval(days => $4))""",
        ids.new(),
        name,
        state,
        days,
    )


async def test_a_call_goes_after_90_days_unless_something_may_become_of_it(tx: Transaction) -> None:
    for state in ("APPLIED", "IGNORED", "RECEIVED", "DEAD"):
        await came(tx, f"old {state}", state, 91)
        await came(tx, f"young {state}", state, 89)

    await payments.forget_old(tx)

    kept = await tx.fetch("SELECT dedupe_key FROM callbacks WHERE provider = 'forgetting' ORDER BY dedupe_key")
    assert [row["dedupe_key"] for row in kept] == [
        "old DEAD",
        "old RECEIVED",
        "young APPLIED",
        "young DEAD",
        "young IGNORED",
        "young RECEIVED",
    ]
