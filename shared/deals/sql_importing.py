"""SQL of deals that are made many at once."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shared.db import Transaction
from shared.deals.model import Deal


async def insert_deals(
    tx: Transaction, deals: Sequence[Deal], positions: Sequence[str], external_ids: Sequence[str | None]
) -> set[UUID]:
    """New open deals of one stage, which came in at one moment; those that are called as no deal of the funnel was yet.

    What decides is the unique index itself: a question for the names that are taken is planned by what the planner
    knows of the table, which while a first file comes in is nothing, and may read all of the funnel for each row.
    """
    first = deals[0]
    rows = await tx.fetch(
        """INSERT INTO deals (account_id, funnel_id, stage_id, source, source_name, status, entered_stage_at,
                              created_at, updated_at, version, id, number, position, title, contact_name,
                              contact_phone, contact_email, assignee_id, amount, currency, expected_close_on,
                              custom_fields, external_id)
                SELECT $1, $2, $3, $4, $5, $6, $7, $7, $7, 1, new.*
                  FROM unnest($8::uuid[], $9::bigint[], $10::text[], $11::text[], $12::text[], $13::text[],
                              $14::text[], $15::uuid[], $16::bigint[], $17::text[], $18::date[], $19::jsonb[],
                              $20::text[])
                       AS new
           ON CONFLICT (account_id, funnel_id, external_id) WHERE external_id IS NOT NULL DO NOTHING
             RETURNING id""",
        tx.account_id,
        first.funnel_id,
        first.stage_id,
        first.source,
        first.source_name,
        first.status,
        first.created_at,
        [deal.id for deal in deals],
        [deal.number for deal in deals],
        list(positions),
        [deal.title for deal in deals],
        [deal.contact.name for deal in deals],
        [deal.contact.phone for deal in deals],
        [deal.contact.email for deal in deals],
        [deal.assignee_id for deal in deals],
        [deal.amount.minor if deal.amount else None for deal in deals],
        [deal.amount.currency if deal.amount else None for deal in deals],
        [deal.expected_close_on for deal in deals],
        [deal.custom_fields for deal in deals],
        list(external_ids),
    )
    return {row["id"] for row in rows}


async def return_numbers(tx: Transaction, count: int) -> None:
    """The last ones that were taken in this transaction, and not used."""
    await tx.execute(
        "UPDATE account_counters SET deal_number = deal_number - $2 WHERE account_id = $1", tx.account_id, count
    )


async def insert_first_visits(
    tx: Transaction, funnel_id: UUID, stage_id: UUID, deal_ids: Sequence[UUID], at: datetime, seq: int
) -> None:
    """Of new deals, which were nowhere before. `seq`: the event that brings them."""
    await tx.execute(
        """INSERT INTO stage_visits (account_id, funnel_id, stage_id, entered_at, entered_seq, deal_id)
                SELECT $1, $2, $3, $4, $5, new.* FROM unnest($6::uuid[]) AS new""",
        tx.account_id,
        funnel_id,
        stage_id,
        at,
        seq,
        list(deal_ids),
    )


async def insert_notes(tx: Transaction, notes: Sequence[tuple[UUID, UUID, str]], at: datetime) -> None:
    """Notes that no person wrote: (id, deal, text)."""
    await tx.execute(
        """INSERT INTO notes (account_id, created_at, id, deal_id, text)
                SELECT $1, $2, new.* FROM unnest($3::uuid[], $4::uuid[], $5::text[]) AS new""",
        tx.account_id,
        at,
        [id for id, _, _ in notes],
        [deal_id for _, deal_id, _ in notes],
        [text for _, _, text in notes],
    )
