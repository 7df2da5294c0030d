"""Every SQL statement that deletes what came in. One statement per function, no decisions."""

from datetime import datetime

from shared.db import Transaction


async def delete_items(tx: Transaction, before: datetime, limit: int) -> int:
    """The oldest of those that nothing more becomes of; how many."""
    deleted: int = await tx.fetchval(
        """WITH gone AS (
               DELETE FROM inbox_items
                WHERE account_id = $1
                  AND id = ANY (ARRAY(SELECT id
                                        FROM inbox_items
                                       WHERE account_id = $1 AND received_at < $2
                                         AND state NOT IN ('RECEIVED', 'WAITING')
                                       ORDER BY received_at
                                       LIMIT $3))
            RETURNING 1
           )
           SELECT count(*) FROM gone""",
        tx.account_id,
        before,
        limit,
    )
    return deleted


async def delete_intake(tx: Transaction, before: datetime, limit: int) -> int:
    """The oldest requests of which no item is left; how many."""
    deleted: int = await tx.fetchval(
        """WITH gone AS (
               DELETE FROM intake
                WHERE id = ANY (ARRAY(SELECT i.id
                                        FROM intake i
                                       WHERE i.account_id = $1 AND i.received_at < $2
                                         AND NOT EXISTS (SELECT FROM inbox_items k
                                                          WHERE k.account_id = $1 AND k.intake_id = i.id)
                                       ORDER BY i.received_at
                                       LIMIT $3))
            RETURNING 1
           )
           SELECT count(*) FROM gone""",
        tx.account_id,
        before,
        limit,
    )
    return deleted


async def delete_keys(tx: Transaction, before: datetime, limit: int) -> int:
    """Of keys that held for a while only; how many."""
    deleted: int = await tx.fetchval(
        """WITH gone AS (
               DELETE FROM inbox_keys
                WHERE account_id = $1
                  AND (source_id, key) IN (SELECT source_id, key
                                             FROM inbox_keys
                                            WHERE account_id = $1 AND until < $2
                                            LIMIT $3)
            RETURNING 1
           )
           SELECT count(*) FROM gone""",
        tx.account_id,
        before,
        limit,
    )
    return deleted
