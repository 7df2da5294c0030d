"""SQL of boards of the past. One statement per function, no decisions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from shared.db import Transaction


async def select_checkpoint(
    tx: Transaction, funnel_id: UUID, seq: int | None, at: datetime | None
) -> tuple[int, dict[str, Any]] | None:
    """The newest board that was kept, up to an event and a moment: its number and its state."""
    row = await tx.fetchrow(
        """SELECT seq, state
             FROM board_checkpoints
            WHERE account_id = $1 AND funnel_id = $2
              AND ($3::bigint IS NULL OR seq <= $3) AND ($4::timestamptz IS NULL OR at <= $4)
            ORDER BY seq DESC
            LIMIT 1""",
        tx.account_id,
        funnel_id,
        seq,
        at,
    )
    return (row["seq"], row["state"]) if row else None


async def insert_checkpoint(tx: Transaction, funnel_id: UUID, seq: int, at: datetime, state: dict[str, Any]) -> None:
    await tx.execute(
        """INSERT INTO board_checkpoints (account_id, funnel_id, seq, at, state)
                VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (account_id, funnel_id, seq) DO NOTHING""",
        tx.account_id,
        funnel_id,
        seq,
        at,
        state,
    )
