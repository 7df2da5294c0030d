"""Every SQL statement about stages. One statement per function."""

from collections.abc import Sequence
from uuid import UUID

from shared.db import Transaction
from shared.funnels.inputs import NewStage
from shared.funnels.model import Stage
from shared.funnels.rows import STAGE, stages_of

BOARD_ORDER = "array_position(ARRAY['ENTRY', 'PROGRESS', 'WON', 'LOST'], kind), position"  # of one funnel


async def insert_stages(tx: Transaction, funnel_id: UUID, stages: Sequence[NewStage]) -> None:
    """In the order in which they are to stand."""
    await tx.executemany(
        """INSERT INTO stages (account_id, id, funnel_id, kind, position, name, color,
                               probability, idle_after_days, requires_amount)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)""",
        [
            (
                tx.account_id,
                stage.id,
                funnel_id,
                stage.kind,
                position,
                stage.name,
                stage.color,
                stage.probability,
                stage.idle_after_days,
                stage.requires_amount,
            )
            for position, stage in enumerate(stages)
        ],
    )


async def update_stage(tx: Transaction, stage: Stage) -> None:
    """All that may change but its place."""
    await tx.execute(
        """UPDATE stages
              SET name = $3, color = $4, probability = $5, idle_after_days = $6, requires_amount = $7, deleted = $8
            WHERE account_id = $1 AND id = $2""",
        tx.account_id,
        stage.id,
        stage.name,
        stage.color,
        stage.probability,
        stage.idle_after_days,
        stage.requires_amount,
        stage.deleted,
    )


async def select_order(tx: Transaction, funnel_id: UUID) -> list[UUID]:
    """The own stages of a funnel, also those that are deleted, in their order."""
    rows = await tx.fetch(
        """SELECT id
             FROM stages
            WHERE account_id = $1 AND funnel_id = $2 AND kind = 'PROGRESS'
            ORDER BY position, deleted DESC, id""",
        tx.account_id,
        funnel_id,
    )
    return [row["id"] for row in rows]


async def update_order(tx: Transaction, stage_ids: Sequence[UUID]) -> None:
    """The own stages of a funnel, also those that are deleted, in their new order.

    What a deal did before is looked at in this order, so who is deleted keeps a place among the others.
    """
    await tx.execute(
        """UPDATE stages s
              SET position = new.position
             FROM unnest($2::uuid[]) WITH ORDINALITY AS new (id, position)
            WHERE s.account_id = $1 AND s.id = new.id""",
        tx.account_id,
        list(stage_ids),
    )


async def select_funnel_of(tx: Transaction, stage_id: UUID) -> UUID | None:
    """Of a stage that is not deleted."""
    funnel_id: UUID | None = await tx.fetchval(
        "SELECT funnel_id FROM stages WHERE account_id = $1 AND id = $2 AND NOT deleted", tx.account_id, stage_id
    )
    return funnel_id


async def select_stages(tx: Transaction, funnel_ids: Sequence[UUID]) -> list[Stage]:
    """In the order of the board, without those that are deleted."""
    rows = await tx.fetch(
        f"""SELECT {STAGE}
              FROM stages
             WHERE account_id = $1 AND funnel_id = ANY($2::uuid[]) AND NOT deleted
             ORDER BY funnel_id, {BOARD_ORDER}""",
        tx.account_id,
        list(funnel_ids),
    )
    return stages_of(rows)


async def select_stages_by_id(tx: Transaction, ids: Sequence[UUID]) -> list[Stage]:
    """Also those that are deleted."""
    rows = await tx.fetch(
        f"SELECT {STAGE} FROM stages WHERE account_id = $1 AND id = ANY($2::uuid[])", tx.account_id, list(ids)
    )
    return stages_of(rows)
