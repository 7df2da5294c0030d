"""Every SQL statement about what stands in stages: counters, kept with every change of a deal."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from shared.db import Record, Transaction
from shared.funnels.model import Total
from shared.money import Money


async def select_totals(tx: Transaction, funnel_ids: Sequence[UUID]) -> dict[UUID, Total]:
    """By stage, of all stages of the funnels that anything stands in."""
    rows = await tx.fetch(
        """SELECT stage_id, currency, deals, value
             FROM stage_totals
            WHERE account_id = $1 AND funnel_id = ANY($2::uuid[]) AND deals > 0
            ORDER BY stage_id, currency""",
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


def _totals(rows: Iterable[Record]) -> dict[UUID, Total]:
    totals: dict[UUID, Total] = {}
    for row in rows:
        value = (Money(int(row["value"]), row["currency"]),) if row["currency"] else ()
        totals[row["stage_id"]] = totals.get(row["stage_id"], Total()) + Total(row["deals"], value)
    return totals
