"""SQL of what a funnel did in a period: [start, end) in instants."""

from datetime import datetime
from uuid import UUID

from shared.db import Record, Transaction


async def select_stages(tx: Transaction, funnel_id: UUID, start: datetime, end: datetime) -> dict[UUID, Record]:
    """Of each stage, what became of the visits that began in the period; stages without one are left out.

    `own` orders the open stages, and both ends stand behind them; `reach` is how far a visit brings a deal: to an open
    stage, beyond all of them (won), or nowhere (lost).
    """
    rows = await tx.fetch(
        """WITH ranks AS MATERIALIZED (
               SELECT id,
                      CASE kind WHEN 'ENTRY' THEN 0 WHEN 'PROGRESS' THEN position + 1 ELSE 1000000 END AS own,
                      CASE kind WHEN 'ENTRY' THEN 0 WHEN 'PROGRESS' THEN position + 1 WHEN 'WON' THEN 1000001
                                ELSE -1 END AS reach
                 FROM stages
                WHERE account_id = $1 AND funnel_id = $2
           ), visits AS (
               SELECT v.deal_id, v.stage_id, v.entered_at, v.left_at, r.own,
                      first_value(r.reach) OVER later AS next,
                      max(r.reach) OVER later AS furthest
                 FROM stage_visits v
                 JOIN ranks r ON r.id = v.stage_id
                WHERE v.account_id = $1 AND v.funnel_id = $2 AND v.entered_at >= $3
               WINDOW later AS (PARTITION BY v.deal_id ORDER BY v.entered_seq
                                ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
           )
           SELECT stage_id,
                  count(*) AS entered,
                  count(*) FILTER (WHERE next > own AND next < 1000000) AS moved,
                  count(*) FILTER (WHERE next = 1000001) AS won,
                  count(*) FILTER (WHERE next = -1) AS lost,
                  count(DISTINCT deal_id) FILTER (WHERE furthest > own) AS converted,
                  count(DISTINCT deal_id) AS deals,
                  (percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM left_at - entered_at)::float8)
                      FILTER (WHERE left_at IS NOT NULL)) / 3600 AS median_hours,
                  (avg(extract(epoch FROM left_at - entered_at)::float8) / 3600) AS average_hours
             FROM visits
            WHERE entered_at < $4
            GROUP BY stage_id""",
        tx.account_id,
        funnel_id,
        start,
        end,
    )
    return {row["stage_id"]: row for row in rows}


async def select_closed(tx: Transaction, funnel_id: UUID, start: datetime, end: datetime) -> list[Record]:
    """Deals that were closed in the period, by outcome, loss reason, source and currency."""
    return await tx.fetch(
        """SELECT status, loss_reason_id, source, currency, count(*) AS deals, sum(amount)::numeric AS value,
                  sum(extract(epoch FROM closed_at - created_at)::float8) / 86400 AS days
             FROM deals
            WHERE account_id = $1 AND funnel_id = $2 AND closed_at >= $3 AND closed_at < $4
            GROUP BY status, loss_reason_id, source, currency""",
        tx.account_id,
        funnel_id,
        start,
        end,
    )


async def count_created(tx: Transaction, funnel_id: UUID, start: datetime, end: datetime) -> dict[str, int]:
    """Deals that were made in the period, by source."""
    rows = await tx.fetch(
        """SELECT source, count(*) AS deals
             FROM deals
            WHERE account_id = $1 AND funnel_id = $2 AND created_at >= $3 AND created_at < $4
            GROUP BY source""",
        tx.account_id,
        funnel_id,
        start,
        end,
    )
    return {row["source"]: row["deals"] for row in rows}
