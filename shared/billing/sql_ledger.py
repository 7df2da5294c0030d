"""Every SQL statement about the ledger. One statement per function, no decisions."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.db import Transaction


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the ledger that moved the balance; `amount` is negative where it was taken from it."""

    id: UUID
    at: datetime
    amount: int
    kind: str
    source_type: str
    source_id: UUID


async def insert_entry(
    tx: Transaction, id: UUID, at: datetime, source: tuple[str, UUID], kind: str, books: tuple[str, str], amount: int
) -> None:
    await tx.later(
        """INSERT INTO ledger (account_id, id, at, source_type, source_id, kind, from_book, to_book, amount)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
        tx.account_id,
        id,
        at,
        *source,
        kind,
        *books,
        amount,
    )


async def select_entries(tx: Transaction, after: tuple[datetime, UUID] | None, limit: int) -> list[Entry]:
    """What moved the balance, the newest first."""
    at, id = after or (None, None)
    rows = await tx.fetch(
        """SELECT id, at, CASE WHEN to_book = 'BALANCE' THEN amount ELSE -amount END AS amount, kind, source_type,
                  source_id
             FROM ledger
            WHERE account_id = $1 AND 'BALANCE' IN (from_book, to_book)
              AND ($2::timestamptz IS NULL OR (at, id) < ($2, $3::uuid))
            ORDER BY at DESC, id DESC
            LIMIT $4""",
        tx.account_id,
        at,
        id,
        limit,
    )
    return [Entry(**row) for row in rows]


async def count_entries(tx: Transaction) -> int:
    counted: int = await tx.fetchval(
        "SELECT count(*) FROM ledger WHERE account_id = $1 AND 'BALANCE' IN (from_book, to_book)", tx.account_id
    )
    return counted
