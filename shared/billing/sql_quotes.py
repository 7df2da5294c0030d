"""Every SQL statement about quotes. One statement per function, no decisions."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shared.billing.papers import Quote, line_from_json, line_to_json
from shared.db import Transaction


async def insert_quote(tx: Transaction, new: Quote, at: datetime) -> None:
    await tx.execute(
        """INSERT INTO quotes (account_id, created_at, id, effective_on, valid_until, grid_version, price_version,
                               currency, lines, total, from_balance)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)""",
        tx.account_id,
        at,
        new.id,
        new.effective_on,
        new.valid_until,
        new.grid_version,
        new.price_version,
        new.currency,
        [line_to_json(line) for line in new.lines],
        new.total,
        new.from_balance,
    )


async def select_quotes(tx: Transaction, ids: Sequence[UUID]) -> list[Quote]:
    rows = await tx.fetch(
        """SELECT id, effective_on, valid_until, grid_version, price_version, currency, lines, total, from_balance
             FROM quotes
            WHERE account_id = $1 AND id = ANY($2::uuid[])""",
        tx.account_id,
        list(ids),
    )
    return [Quote(**{**row, "lines": [line_from_json(line) for line in row["lines"]]}) for row in rows]
