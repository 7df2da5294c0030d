"""What a filter comes to at this moment: PostgreSQL plans well for values, and guesses what stands in other tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from shared.db import Transaction
from shared.deals.filters import DealFilter
from shared.deals.search import patterns
from shared.deals.where import Where

FEW_DEALS = 20_000  # of funnels: all of them are read and sorted sooner than an order may come upon them
MOST_FOUND = 2_000  # deals that are named as what is searched for; words that more of them have are common


@dataclass(frozen=True, slots=True)
class Scope:
    """`funnel_ids`: in which deals may be; None: in any. `few`: whether these hold few.

    `found`: which deals hold the words that are looked for; None: no words are. `common`: patterns of words that too
    many deals hold to name them.
    `idle`: of stages in which deals stand too long, those that have entered by when.
    """

    funnel_ids: Sequence[UUID] | None
    few: bool
    found: Sequence[UUID] | None
    common: Sequence[str]
    idle: Sequence[tuple[Sequence[UUID], datetime]]


EVERYTHING = Scope(None, few=False, found=None, common=(), idle=())


async def select_scope(tx: Transaction, asked: DealFilter, viewer_id: UUID | None) -> Scope:
    """`viewer_id`: whose view it is; None sees all. What is read after it in the transaction is planned by its values."""
    row = await tx.fetchrow(
        """SELECT set_config('plan_cache_mode', 'force_custom_plan', true), ids,
                  ARRAY(SELECT searchable(word) FROM unnest($4::text[]) AS word) AS words,
                  (SELECT sum(deals) FROM stage_totals WHERE account_id = $1 AND funnel_id = ANY(ids)) AS held
             FROM (SELECT CASE WHEN $2::uuid IS NOT NULL
                               THEN ARRAY(SELECT funnel_id FROM funnel_viewers
                                           WHERE account_id = $1 AND user_id = $2 AND funnel_id = coalesce($3, funnel_id))
                               WHEN $3::uuid IS NOT NULL THEN ARRAY[$3]
                           END AS ids) AS seen""",
        tx.account_id,
        viewer_id,
        asked.funnel_id,
        patterns(asked.search or ""),
    )
    assert row is not None
    few = row["ids"] is not None and (row["held"] or 0) <= FEW_DEALS
    words = row["words"]
    found = await _found(tx, words) if words else None
    common = found is not None and len(found) > MOST_FOUND
    idle = await _idle(tx, asked.funnel_id) if asked.idle is not None else ()
    return Scope(row["ids"], few, None if common else found, words if common else (), idle)


async def _found(tx: Transaction, wanted: Sequence[str]) -> Sequence[UUID]:
    """And no more than say that they are too many."""
    where = Where()
    for pattern in wanted:
        where.add("text LIKE {}", pattern)
    rows = await tx.fetch(
        f"SELECT deal_id FROM searched_deals WHERE true {where} LIMIT {MOST_FOUND + 1}", *where.values
    )
    return [row["deal_id"] for row in rows]


async def _idle(tx: Transaction, funnel_id: UUID | None) -> Sequence[tuple[Sequence[UUID], datetime]]:
    now = await tx.now()
    rows = await tx.fetch(
        """SELECT idle_after_days, array_agg(id) AS ids
             FROM stages
            WHERE account_id = $1 AND idle_after_days IS NOT NULL AND funnel_id = coalesce($2, funnel_id)
            GROUP BY idle_after_days""",
        tx.account_id,
        funnel_id,
    )
    return [(row["ids"], now - timedelta(days=row["idle_after_days"])) for row in rows]
