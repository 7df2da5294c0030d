"""SQL of visits: from when to when a deal stood in a stage."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.db import Transaction


@dataclass(frozen=True, slots=True)
class Visit:
    """`seq`: the event that brings the deal there."""

    deal_id: UUID
    stage_id: UUID
    entered_at: datetime
    seq: int


async def insert_visits(tx: Transaction, funnel_id: UUID, visits: Sequence[Visit]) -> None:
    """Visits begin, and with them those end that the deals were on."""
    deal_ids = [visit.deal_id for visit in visits]
    entered_at = [visit.entered_at for visit in visits]
    ended = await tx.later(
        """UPDATE stage_visits v
              SET left_at = begun.entered_at
             FROM unnest($2::uuid[], $3::timestamptz[]) AS begun (deal_id, entered_at)
            WHERE v.account_id = $1 AND v.deal_id = begun.deal_id AND v.left_at IS NULL
        RETURNING 1""",
        tx.account_id,
        deal_ids,
        entered_at,
    )
    await tx.later(
        f"""INSERT INTO stage_visits (account_id, funnel_id, deal_id, stage_id, entered_at, entered_seq)
                 SELECT $1, $2, begun.*
                   FROM unnest($3::uuid[], $4::uuid[], $5::timestamptz[], $6::bigint[]) AS begun
                  WHERE (SELECT count(*) FROM {ended}) >= 0  -- first they end: a deal is on one visit at a time""",
        tx.account_id,
        funnel_id,
        deal_ids,
        [visit.stage_id for visit in visits],
        entered_at,
        [visit.seq for visit in visits],
    )
