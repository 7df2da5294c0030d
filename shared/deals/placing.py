"""Where deals stand in their column: positions are made here, under the head's lock."""

from collections.abc import Sequence
from uuid import UUID

from shared.db import Transaction
from shared.deals import sql_places
from shared.deals.model import Deal
from shared.deals.positions import LONGEST, between, spread
from shared.deals.sql_places import Around
from shared.spots import Spot, SpotKind

REACH = 64  # deals on each side that are re-spaced at first; eight times more when that makes no room


async def put(tx: Transaction, deal: Deal, spot: Spot, around: Around) -> UUID | None:
    """Write where the deal stands now, at a spot of its stage; behind which deal that is."""
    above, below = _neighbours(spot, around)
    position = between(above[1] if above else None, below[1] if below else None)
    await sql_places.update_places(tx, [(deal, position)])
    if len(position) > LONGEST:
        await _respace(tx, deal.stage_id, position)
    return above[0] if above else None


async def put_on_top(tx: Transaction, deals: Sequence[Deal]) -> list[UUID | None]:
    """Write where the deals stand now: on top of their stages, in their order there; behind which deal each is."""
    columns: dict[UUID, list[Deal]] = {}
    for deal in deals:
        columns.setdefault(deal.stage_id, []).append(deal)
    placed: list[tuple[Deal, str | None]] = []
    behind: dict[UUID, UUID | None] = {}
    for stage_id, column in columns.items():
        deal_ids = [deal.id for deal in column]
        below = await sql_places.select_next_below(tx, stage_id, None, deal_ids)
        placed += zip(column, spread(None, below[1] if below else None, len(column)), strict=True)
        behind |= zip(deal_ids, [None, *deal_ids], strict=False)
    await sql_places.update_places(tx, placed)
    return [behind[deal.id] for deal in deals]


def _neighbours(spot: Spot, around: Around) -> tuple[tuple[UUID, str] | None, tuple[UUID, str] | None]:
    """The deals above and below a spot, with their positions."""
    beside = None
    if spot.neighbour_id is not None:
        assert around.beside is not None
        beside = spot.neighbour_id, around.beside[2]
    if spot.kind in (SpotKind.AFTER, SpotKind.TOP):
        return beside, around.beyond
    return around.beyond, beside


async def _respace(tx: Transaction, stage_id: UUID, position: str) -> None:
    """Give short keys to the deals around a position, without changing their order. That is no event."""
    reach = REACH
    while True:
        above, below = await sql_places.select_around(tx, stage_id, position, reach + 1)
        first = above.pop()[1] if len(above) > reach else None
        last = below.pop()[1] if len(below) > reach else None
        around = above[::-1] + below
        keys = list(spread(first, last, len(around)))
        if first is last is None or max(map(len, keys)) <= LONGEST // 2:
            await sql_places.update_positions(
                tx, [(deal_id, key) for (deal_id, _), key in zip(around, keys, strict=True)]
            )
            return
        reach *= 8
