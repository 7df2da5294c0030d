"""SQL of what goes into a file beside the deals themselves."""

from collections.abc import Sequence
from uuid import UUID

from shared.db import Transaction
from shared.deals import DealFilter
from shared.deals.sql_scope import select_scope
from shared.deals.sql_table import conditions


async def select_custom_names(tx: Transaction, asked: DealFilter, limit: int) -> list[str]:
    """Of the custom fields of the deals that the filter lets through."""
    where = conditions(tx, asked, await select_scope(tx, asked, None))
    rows = await tx.fetch(
        f"""SELECT DISTINCT name
              FROM deals d
                   CROSS JOIN LATERAL jsonb_object_keys(d.custom_fields) AS name
             WHERE d.account_id = $1 {where}
             ORDER BY name
             LIMIT {limit}""",
        *where.values,
    )
    return [row["name"] for row in rows]


async def select_notes(tx: Transaction, deal_ids: Sequence[UUID]) -> dict[UUID, str]:
    """All notes of each deal as one text, the oldest first."""
    rows = await tx.fetch(
        """SELECT deal_id, string_agg(text, E'\\n' ORDER BY created_at, id) AS text
             FROM notes
            WHERE account_id = $1 AND deal_id = ANY($2::uuid[])
            GROUP BY deal_id""",
        tx.account_id,
        list(deal_ids),
    )
    return {row["deal_id"]: row["text"] for row in rows}


async def select_external_ids(tx: Transaction, deal_ids: Sequence[UUID]) -> dict[UUID, str]:
    rows = await tx.fetch(
        """SELECT id, external_id
             FROM deals
            WHERE account_id = $1 AND id = ANY($2::uuid[]) AND external_id IS NOT NULL""",
        tx.account_id,
        list(deal_ids),
    )
    return {row["id"]: row["external_id"] for row in rows}
