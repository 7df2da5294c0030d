"""Every SQL statement about what stands in stages: counters, kept with every change of a deal."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from shared.db import Transaction
from shared.funnels.model import Total
from shared.money import Money


async def select_totals(tx: Transaction, funnel_ids: Sequence[UUID]) -> dict[tuple[UUID, UUID], Total]:
    """By funnel and stage, of all stages of the funnels that anything stands in."""
    rows = await tx.fetch(
        """SELECT funnel_id, stage_id, currency, deals, value::text
             FROM stage_totals
            WHERE account_id = $1 AND funnel_id = ANY($2::uuid[]) AND deals > 0
            ORDER BY stage_id, currency""",
        tx.account_id,
        list(funnel_ids),
    )
    return _totals(((funnel_id, stage_id), *counter) for funnel_id, stage_id, *counter in rows)


async def select_open_totals(tx: Transaction, funnel_ids: Sequence[UUID]) -> dict[UUID, Total]:
    """By funnel, of all funnels in whose open stages anything stands."""
    rows = await tx.fetch(
        """SELECT t.funnel_id, t.currency, sum(t.deals)::bigint, sum(t.value)::text
             FROM stage_totals t
             JOIN stages s ON s.account_id = t.account_id AND s.id = t.stage_id
            WHERE t.account_id = $1 AND t.funnel_id = ANY($2::uuid[]) AND t.deals > 0
              AND s.kind IN ('ENTRY', 'PROGRESS') AND NOT s.deleted
            GROUP BY t.funnel_id, t.currency
            ORDER BY t.funnel_id, t.currency""",
        tx.account_id,
        list(funnel_ids),
    )
    return _totals(rows)


async def upsert_totals(tx: Transaction, funnel_id: UUID, counters: Sequence[tuple[UUID, str, int, int]]) -> None:
    """What counters are now, each once: (stage, currency or '', deals, minor units)."""
    await tx.later(
        """INSERT INTO stage_totals (account_id, funnel_id, stage_id, currency, deals, value)
                SELECT $1, $2, stage_id, currency, deals, value
                  FROM unnest($3::uuid[], $4::text[], $5::bigint[], $6::numeric[])
                       AS now (stage_id, currency, deals, value)
           ON CONFLICT (account_id, funnel_id, stage_id, currency) DO UPDATE
                   SET deals = excluded.deals, value = excluded.value""",
        tx.account_id,
        funnel_id,
        [stage_id for stage_id, _, _, _ in counters],
        [currency for _, currency, _, _ in counters],
        [deals for _, _, deals, _ in counters],
        [value for _, _, _, value in counters],
    )


def _totals(rows: Iterable[Any]) -> dict[Any, Total]:
    """By what each row begins with; then come a currency, how many deals, and minor units."""
    totals: dict[Any, Total] = {}
    for key, currency, deals, minor in rows:
        total = Total(deals, (Money(int(minor), currency),) if currency else ())
        totals[key] = totals[key] + total if key in totals else total
    return totals
