"""SQL of what a funnel did in a period: [start, end) in instants."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shared.db import Record, Transaction

FIRST = 256  # the code of the first letter of ways


async def select_steps(tx: Transaction, funnel_id: UUID) -> list[Record]:
    """The funnel's stages, also those that are deleted: the left ends of the open ones first, both ends last."""
    return await tx.fetch(
        """SELECT id, kind, CASE kind WHEN 'ENTRY' THEN 0 ELSE position + 1 END AS place
             FROM stages
            WHERE account_id = $1 AND funnel_id = $2
            ORDER BY id""",
        tx.account_id,
        funnel_id,
    )


async def select_walks(
    tx: Transaction, funnel_id: UUID, start: datetime, end: datetime, stage_ids: Sequence[UUID]
) -> list[tuple[str, int]]:
    """From the period's start on, the ways that deals went through the stages, and how many went each.

    A way is a letter for each visit: twice the stage's index, and 1 more when it began in the period, from `FIRST` on.
    """
    rows = await tx.fetch(
        f"""SELECT way, count(*) AS deals
             FROM (SELECT string_agg(  -- in the order of the primary key: no join, which would lose it
                              chr({FIRST - 2} + 2 * array_position($5::uuid[], stage_id) + (entered_at < $4)::int), ''
                              ORDER BY entered_seq) AS way
                     FROM stage_visits
                    WHERE account_id = $1 AND funnel_id = $2 AND entered_at >= $3
                    GROUP BY deal_id) AS walks
            GROUP BY way""",
        tx.account_id,
        funnel_id,
        start,
        end,
        list(stage_ids),
    )
    return [(row["way"], row["deals"]) for row in rows]


async def select_hours(
    tx: Transaction, funnel_id: UUID, start: datetime, end: datetime, stage_ids: Sequence[UUID]
) -> dict[UUID, Record]:
    """Of each stage, how long those visits took that began in the period and are over."""
    rows = await tx.fetch(
        """SELECT known.id, took.*
             FROM unnest($5::uuid[]) AS known (id)
                  CROSS JOIN LATERAL (  -- stage by stage: all of them at once would be sorted on the disk
                      SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY hours) AS median_hours,
                             avg(hours) AS average_hours
                        FROM (SELECT extract(epoch FROM left_at - entered_at)::float8 / 3600 AS hours
                                FROM stage_visits
                               WHERE account_id = $1 AND funnel_id = $2 AND stage_id = known.id
                                 AND entered_at >= $3 AND entered_at < $4 AND left_at IS NOT NULL) AS visits) AS took""",
        tx.account_id,
        funnel_id,
        start,
        end,
        list(stage_ids),
    )
    return {row["id"]: row for row in rows}


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
