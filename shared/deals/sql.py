"""Every SQL statement about deals. One statement per function, no decisions."""

from collections.abc import Iterable
from uuid import UUID

from shared.db import Record, Transaction
from shared.deals.model import Contact, Deal, DealSource, DealStatus
from shared.funnels import HELD, Held, held_of
from shared.money import Money

DEAL = """id, number, funnel_id, stage_id, title, contact_name, contact_phone, contact_email, assignee_id, amount,
          currency, expected_close_on, source, source_name, status, loss_reason_id, loss_note, closed_from_stage_id,
          open_task_count, archived, entered_stage_at, created_at, updated_at, closed_at, version, custom_fields"""
# $1 and $2 are those of HELD.
DEAL_AND_FUNNEL = f"""deals d
                   CROSS JOIN LATERAL (SELECT {HELD} FROM funnels f WHERE f.account_id = $1 AND f.id = d.funnel_id) held"""
FUNNELS_OF = "SELECT funnel_id FROM deals WHERE account_id = $1 AND id = ANY($2::uuid[])"


async def next_number(tx: Transaction, count: int = 1) -> int:
    """The last of `count` numbers that are now the caller's."""
    number: int = await tx.fetchval(
        "UPDATE account_counters SET deal_number = deal_number + $2 WHERE account_id = $1 RETURNING deal_number",
        tx.account_id,
        count,
    )
    return number


async def insert_deal(tx: Transaction, deal: Deal, position: str) -> None:
    await tx.later(
        f"""INSERT INTO deals (account_id, position, {DEAL})
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
                         $21, $22, $23, $24, $25, $26, $27, $28)""",
        tx.account_id,
        position,
        *_columns(deal),
    )


async def update_deal(tx: Transaction, deal: Deal) -> None:
    """The deal's own fields; the place stays."""
    await tx.later(
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


async def lock_deal(tx: Transaction, deal_id: UUID, viewer_id: UUID | None) -> tuple[Deal, Held] | None:
    """The deal, and its funnel, which is held already. `viewer_id`: whose view it is; None sees all."""
    row = await tx.fetchrow(
        f"""SELECT {DEAL}, held.*
              FROM {DEAL_AND_FUNNEL}
             WHERE account_id = $1 AND id = $3
               FOR UPDATE OF d""",
        tx.account_id,
        viewer_id,
        deal_id,
    )
    return (deal_of(row), held_of(row)) if row else None


async def lock_deals(tx: Transaction, deal_ids: Iterable[UUID]) -> dict[UUID, Deal]:
    """In the order of their ids."""
    rows = await tx.fetch(
        f"SELECT {DEAL} FROM deals WHERE account_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR UPDATE",
        tx.account_id,
        list(deal_ids),
    )
    return {row["id"]: deal_of(row) for row in rows}


async def select_deals(tx: Transaction, ids: Iterable[UUID]) -> list[Deal]:
    rows = await tx.fetch(
        f"SELECT {DEAL} FROM deals WHERE account_id = $1 AND id = ANY($2::uuid[])", tx.account_id, list(ids)
    )
    return [deal_of(row) for row in rows]


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


def deal_of(row: Record) -> Deal:
    return Deal(
        id=row["id"],
        number=row["number"],
        funnel_id=row["funnel_id"],
        stage_id=row["stage_id"],
        title=row["title"],
        contact=Contact(row["contact_name"], row["contact_phone"], row["contact_email"]),
        assignee_id=row["assignee_id"],
        amount=Money(row["amount"], row["currency"]) if row["currency"] else None,
        expected_close_on=row["expected_close_on"],
        source=DealSource(row["source"]),
        source_name=row["source_name"],
        status=DealStatus(row["status"]),
        loss_reason_id=row["loss_reason_id"],
        loss_note=row["loss_note"],
        closed_from_stage_id=row["closed_from_stage_id"],
        open_task_count=row["open_task_count"],
        archived=row["archived"],
        entered_stage_at=row["entered_stage_at"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        closed_at=row["closed_at"],
        version=row["version"],
        custom_fields=row["custom_fields"],
    )
