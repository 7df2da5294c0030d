"""Every SQL statement about deals. One statement per function, no decisions."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from shared.db import Transaction
from shared.deals.model import Deal
from shared.deals.rows import DEAL, deal_of, deals_of


async def next_number(tx: Transaction, count: int = 1) -> int:
    """The last of `count` numbers that are now the caller's."""
    number: int = await tx.fetchval(
        "UPDATE account_counters SET deal_number = deal_number + $2 WHERE account_id = $1 RETURNING deal_number",
        tx.account_id,
        count,
    )
    return number


async def insert_deal(tx: Transaction, deal: Deal, position: str) -> None:
    await tx.execute(
        f"""INSERT INTO deals (account_id, position, {DEAL})
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
                         $21, $22, $23, $24, $25, $26, $27, $28)""",
        tx.account_id,
        position,
        *_columns(deal),
    )


async def update_deal(tx: Transaction, deal: Deal) -> None:
    """The deal's own fields; the place stays."""
    await tx.execute(
        """UPDATE deals
              SET title = $3, contact_name = $4, contact_phone = $5, contact_email = $6, assignee_id = $7, amount = $8,
                  currency = $9, expected_close_on = $10, custom_fields = $11, open_task_count = $12,
                  updated_at = $13, version = $14
            WHERE account_id = $1 AND id = $2""",
        tx.account_id,
        deal.id,
        deal.title,
        deal.contact.name,
        deal.contact.phone,
        deal.contact.email,
        deal.assignee_id,
        deal.amount.minor if deal.amount else None,
        deal.amount.currency if deal.amount else None,
        deal.expected_close_on,
        deal.custom_fields,
        deal.open_task_count,
        deal.updated_at,
        deal.version,
    )


async def update_places(tx: Transaction, placed: Sequence[tuple[Deal, str | None]]) -> None:
    """Where deals stand, and all that changes by standing there. Without a position a deal is on no board."""
    now = [deal for deal, _ in placed]
    await tx.execute(
        """UPDATE deals d
              SET stage_id = new.stage_id, position = new.position, status = new.status, amount = new.amount,
                  currency = new.currency, loss_reason_id = new.loss_reason_id, loss_note = new.loss_note,
                  closed_from_stage_id = new.closed_from_stage_id, archived = new.archived,
                  entered_stage_at = new.entered_stage_at, closed_at = new.closed_at,
                  updated_at = new.updated_at, version = new.version
             FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::uuid[],
                         $9::text[], $10::uuid[], $11::boolean[], $12::timestamptz[], $13::timestamptz[],
                         $14::timestamptz[], $15::integer[])
                  AS new (id, stage_id, position, status, amount, currency, loss_reason_id, loss_note,
                          closed_from_stage_id, archived, entered_stage_at, closed_at, updated_at, version)
            WHERE d.account_id = $1 AND d.id = new.id""",
        tx.account_id,
        [deal.id for deal in now],
        [deal.stage_id for deal in now],
        [position for _, position in placed],
        [deal.status for deal in now],
        [deal.amount.minor if deal.amount else None for deal in now],
        [deal.amount.currency if deal.amount else None for deal in now],
        [deal.loss_reason_id for deal in now],
        [deal.loss_note for deal in now],
        [deal.closed_from_stage_id for deal in now],
        [deal.archived for deal in now],
        [deal.entered_stage_at for deal in now],
        [deal.closed_at for deal in now],
        [deal.updated_at for deal in now],
        [deal.version for deal in now],
    )


async def select_funnel_ids(tx: Transaction, deal_ids: Iterable[UUID]) -> set[UUID]:
    """Of the funnels that those deals belong to."""
    rows = await tx.fetch(
        "SELECT DISTINCT funnel_id FROM deals WHERE account_id = $1 AND id = ANY($2::uuid[])",
        tx.account_id,
        list(deal_ids),
    )
    return {row["funnel_id"] for row in rows}


async def lock_deals(tx: Transaction, deal_ids: Iterable[UUID]) -> dict[UUID, Deal]:
    """In the order of their ids."""
    rows = await tx.fetch(
        f"SELECT {DEAL} FROM deals WHERE account_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR UPDATE",
        tx.account_id,
        list(deal_ids),
    )
    return {row["id"]: deal_of(row) for row in rows}


async def select_deals(tx: Transaction, ids: Iterable[UUID], viewer_id: UUID | None) -> list[Deal]:
    """`viewer_id`: whose view it is; None sees all."""
    rows = await tx.fetch(
        f"""SELECT {DEAL}
              FROM deals d
             WHERE account_id = $1 AND id = ANY($2::uuid[])
               AND ($3::uuid IS NULL OR EXISTS (SELECT FROM funnel_viewers v
                                                 WHERE v.account_id = d.account_id AND v.funnel_id = d.funnel_id
                                                   AND v.user_id = $3))""",
        tx.account_id,
        list(ids),
        viewer_id,
    )
    return deals_of(rows)


async def select_place(tx: Transaction, deal_id: UUID) -> tuple[UUID, UUID, str] | None:
    """Funnel, stage and position of a deal that is on a board."""
    row = await tx.fetchrow(
        "SELECT funnel_id, stage_id, position FROM deals WHERE account_id = $1 AND id = $2 AND NOT archived",
        tx.account_id,
        deal_id,
    )
    return (row["funnel_id"], row["stage_id"], row["position"]) if row else None


async def select_next_below(
    tx: Transaction, stage_id: UUID, position: str | None, but: Sequence[UUID]
) -> tuple[UUID, str] | None:
    """The first deal below a position, or of the column, leaving some out."""
    row = await tx.fetchrow(
        """SELECT id, position
             FROM deals
            WHERE account_id = $1 AND stage_id = $2 AND position > $3
              AND id <> ALL($4::uuid[])
            ORDER BY position
            LIMIT 1""",
        tx.account_id,
        stage_id,
        position or "",
        list(but),
    )
    return (row["id"], row["position"]) if row else None


async def select_next_above(
    tx: Transaction, stage_id: UUID, position: str | None, but: Sequence[UUID]
) -> tuple[UUID, str] | None:
    """The last deal above a position, or of the column, leaving some out."""
    row = await tx.fetchrow(
        """SELECT id, position
             FROM deals
            WHERE account_id = $1 AND stage_id = $2 AND position < $3
              AND id <> ALL($4::uuid[])
            ORDER BY position DESC
            LIMIT 1""",
        tx.account_id,
        stage_id,
        position or "~",  # after every key
        list(but),
    )
    return (row["id"], row["position"]) if row else None


async def select_around(
    tx: Transaction, stage_id: UUID, position: str, reach: int
) -> tuple[list[tuple[UUID, str]], list[tuple[UUID, str]]]:
    """Up to `reach` deals at or above a position, and as many below it; each list begins next to it."""
    rows = await tx.fetch(
        """(SELECT id, position, true AS above
              FROM deals
             WHERE account_id = $1 AND stage_id = $2 AND position <= $3
             ORDER BY position DESC
             LIMIT $4)
           UNION ALL
           (SELECT id, position, false
              FROM deals
             WHERE account_id = $1 AND stage_id = $2 AND position > $3
             ORDER BY position
             LIMIT $4)""",
        tx.account_id,
        stage_id,
        position,
        reach,
    )
    above = sorted(((row["id"], row["position"]) for row in rows if row["above"]), key=lambda deal: deal[1])
    below = sorted(((row["id"], row["position"]) for row in rows if not row["above"]), key=lambda deal: deal[1])
    return above[::-1], below


async def update_positions(tx: Transaction, positions: Sequence[tuple[UUID, str]]) -> None:
    await tx.execute(
        """UPDATE deals d
              SET position = new.position
             FROM unnest($2::uuid[], $3::text[]) AS new (id, position)
            WHERE d.account_id = $1 AND d.id = new.id""",
        tx.account_id,
        [id for id, _ in positions],
        [position for _, position in positions],
    )


def _columns(deal: Deal) -> tuple[object, ...]:
    """In the order of DEAL."""
    return (
        deal.id,
        deal.number,
        deal.funnel_id,
        deal.stage_id,
        deal.title,
        deal.contact.name,
        deal.contact.phone,
        deal.contact.email,
        deal.assignee_id,
        deal.amount.minor if deal.amount else None,
        deal.amount.currency if deal.amount else None,
        deal.expected_close_on,
        deal.source,
        deal.source_name,
        deal.status,
        deal.loss_reason_id,
        deal.loss_note,
        deal.closed_from_stage_id,
        deal.open_task_count,
        deal.archived,
        deal.entered_stage_at,
        deal.created_at,
        deal.updated_at,
        deal.closed_at,
        deal.version,
        deal.custom_fields,
    )
