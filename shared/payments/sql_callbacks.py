"""Every SQL statement about what providers call with. One a function, no decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from shared.db import Transaction
from shared.payments.model import Call


@dataclass(frozen=True, slots=True)
class Callback:
    id: UUID
    provider: str
    call: Call
    state: str


@dataclass(frozen=True, slots=True)
class DeadCallback:
    id: UUID
    provider: str
    received_at: datetime
    reason: str | None


async def insert_callback(
    tx: Transaction, id: UUID, provider: str, key: str, call: Call, state: str, reason: str | None
) -> str:
    """What the write is called, which answers with the id of what is kept: another one's, when the provider has called
    with this before. Another body with the same key is counted.
    """
    return await tx.later(
        """INSERT INTO callbacks AS kept (id, provider, dedupe_key, headers, body, state, reason)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
           ON CONFLICT ON CONSTRAINT callbacks_once DO UPDATE
                   SET conflicts = kept.conflicts + (kept.body <> excluded.body)::int
             RETURNING id""",
        id,
        provider,
        key,
        dict(call.headers),
        call.body,
        state,
        reason,
    )


async def lock_callback(tx: Transaction, id: UUID) -> Callback | None:
    row = await tx.fetchrow(
        "SELECT id, provider, headers, body, state FROM callbacks WHERE id = $1 FOR UPDATE",
        id,
    )
    return Callback(row["id"], row["provider"], Call(row["headers"], row["body"]), row["state"]) if row else None


async def update_callback(tx: Transaction, id: UUID, state: str, reason: str | None = None) -> None:
    await tx.execute("UPDATE callbacks SET state = $2, reason = $3 WHERE id = $1", id, state, reason)


async def update_about(tx: Transaction, id: UUID, name: str) -> None:
    """What it calls the payment that we do not know."""
    await tx.execute("UPDATE callbacks SET about = $2 WHERE id = $1", id, name)


async def revive_callbacks_about(tx: Transaction, payment_id: UUID, names: Sequence[str]) -> list[UUID]:
    """Those that were let be while nobody knew which payment they name."""
    rows = await tx.fetch(
        """UPDATE callbacks
              SET state = 'RECEIVED', reason = NULL
            WHERE provider = (SELECT provider FROM payments WHERE account_id = $1 AND id = $2)
              AND about = ANY($3::text[]) AND state = 'IGNORED'
        RETURNING id""",
        tx.account_id,
        payment_id,
        list(names),
    )
    return [row["id"] for row in rows]


async def delete_callbacks(tx: Transaction, kept: timedelta, limit: int) -> None:
    """Those that came before that, and were applied, or are about nothing of ours."""
    await tx.execute(
        """DELETE FROM callbacks
            WHERE id = ANY (ARRAY(SELECT id
                                    FROM callbacks
                                   WHERE received_at < clock_timestamp() - $1::interval AND state IN ('APPLIED', 'IGNORED')
                                   ORDER BY received_at
                                   LIMIT $2))""",
        kept,
        limit,
    )


async def select_dead_callbacks(tx: Transaction, limit: int) -> list[DeadCallback]:
    rows = await tx.fetch(
        """SELECT id, provider, received_at, reason
             FROM callbacks
            WHERE state = 'DEAD'
            ORDER BY received_at, id
            LIMIT $1""",
        limit,
    )
    return [DeadCallback(**row) for row in rows]


async def revive_callback(tx: Transaction, id: UUID) -> bool:
    revived = await tx.fetchval(
        "UPDATE callbacks SET state = 'RECEIVED', reason = NULL WHERE id = $1 AND state = 'DEAD' RETURNING true", id
    )
    return bool(revived)
