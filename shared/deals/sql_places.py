"""SQL of places: where deals stand in their columns. Only under the head's lock."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.db import Transaction
from shared.deals.model import Deal
from shared.deals.sql import DEAL, DEAL_AND_FUNNEL, deal_of
from shared.funnels import Held, held_of
from shared.spots import Spot, SpotKind


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a spot of a column: the deal that it is named by, and the one on the other side.

    `beside`: funnel, stage and position, None when it is on no board. `beyond`: id and position, in that column.
    """

    beside: tuple[UUID, UUID, str] | None
    beyond: tuple[UUID, str] | None


async def lock_deal_at(
    tx: Transaction, deal_id: UUID, viewer_id: UUID | None, stage_id: UUID, spot: Spot
) -> tuple[Deal, Held, Around] | None:
    """As `lock_deal`; and what stands around a spot of a stage, as if the deal itself stood elsewhere."""
    goes_up = spot.kind in (SpotKind.BEFORE, SpotKind.BOTTOM)
    from_there = "position < coalesce(beside_position, '~')" if goes_up else "position > coalesce(beside_position, '')"
    row = await tx.fetchrow(
        f"""SELECT {DEAL}, held.*, beside.*, beyond.*
              FROM {DEAL_AND_FUNNEL}
                   LEFT JOIN LATERAL (
                       SELECT funnel_id AS beside_funnel_id, stage_id AS beside_stage_id, position AS beside_position
                         FROM deals
                        WHERE account_id = $1 AND id = $5 AND NOT archived) beside ON true
                   LEFT JOIN LATERAL (
                       SELECT id AS beyond_id, position AS beyond_position
                         FROM deals
                        WHERE account_id = $1 AND stage_id = $4 AND {from_there} AND id <> $3
                        ORDER BY position {"DESC" if goes_up else ""}
                        LIMIT 1) beyond ON true
             WHERE account_id = $1 AND id = $3
               FOR UPDATE OF d""",
        tx.account_id,
        viewer_id,
        deal_id,
        stage_id,
        spot.neighbour_id,
    )
    if row is None:
        return None
    beside, beyond = None, None
    if row["beside_position"] is not None:
        beside = row["beside_funnel_id"], row["beside_stage_id"], row["beside_position"]
    if row["beyond_position"] is not None:
        beyond = row["beyond_id"], row["beyond_position"]
    return deal_of(row), held_of(row), Around(beside, beyond)


async def update_places(tx: Transaction, placed: Sequence[tuple[Deal, str | None]]) -> None:
    """Where deals stand, and all that changes by standing there. Without a position a deal is on no board."""
    now = [deal for deal, _ in placed]
    await tx.later(
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
