"""Every SQL statement about the deals of a whole stage."""

from uuid import UUID

from shared.db import Transaction
from shared.deals.model import Deal
from shared.deals.rows import DEAL, deals_of


async def lock_deals_of(tx: Transaction, stage_id: UUID) -> list[Deal]:
    """Those that stand in it, in board order."""
    rows = await tx.fetch(
        f"""SELECT {DEAL}
              FROM deals
             WHERE account_id = $1 AND stage_id = $2 AND position IS NOT NULL
             ORDER BY position
               FOR UPDATE""",
        tx.account_id,
        stage_id,
    )
    return deals_of(rows)
