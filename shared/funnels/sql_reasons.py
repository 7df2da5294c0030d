"""Every SQL statement about loss reasons. One statement per function."""

from collections.abc import Sequence
from uuid import UUID

from shared.db import Transaction
from shared.funnels.model import LossReason


async def insert_loss_reasons(tx: Transaction, funnel_id: UUID, reasons: Sequence[tuple[UUID, str]]) -> None:
    await tx.executemany(
        """INSERT INTO loss_reasons (account_id, id, funnel_id, position, name)
                VALUES ($1, $2, $3, $4, $5)""",
        [(tx.account_id, id, funnel_id, position, name) for position, (id, name) in enumerate(reasons)],
    )


async def upsert_loss_reason(tx: Transaction, reason: LossReason) -> None:
    """A new one is the last of its funnel; one that is there keeps its place."""
    await tx.execute(
        """INSERT INTO loss_reasons (account_id, id, funnel_id, position, name, requires_note, archived)
                SELECT $1, $2, $3, coalesce(max(position) + 1, 0), $4, $5, $6
                  FROM loss_reasons
                 WHERE account_id = $1 AND funnel_id = $3
           ON CONFLICT (account_id, id) DO UPDATE
                   SET name = excluded.name, requires_note = excluded.requires_note, archived = excluded.archived""",
        tx.account_id,
        reason.id,
        reason.funnel_id,
        reason.name,
        reason.requires_note,
        reason.archived,
    )


async def select_loss_reasons(tx: Transaction, funnel_ids: Sequence[UUID]) -> list[LossReason]:
    rows = await tx.fetch(
        """SELECT id, funnel_id, name, requires_note, archived
             FROM loss_reasons
            WHERE account_id = $1 AND funnel_id = ANY($2::uuid[])
            ORDER BY funnel_id, position, id""",
        tx.account_id,
        list(funnel_ids),
    )
    return [LossReason(**row) for row in rows]


async def select_loss_reasons_by_id(tx: Transaction, ids: Sequence[UUID]) -> list[LossReason]:
    rows = await tx.fetch(
        """SELECT id, funnel_id, name, requires_note, archived
             FROM loss_reasons
            WHERE account_id = $1 AND id = ANY($2::uuid[])""",
        tx.account_id,
        list(ids),
    )
    return [LossReason(**row) for row in rows]
