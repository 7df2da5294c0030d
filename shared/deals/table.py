"""The table of deals: what a filter lets through, in an order, a page at a time; and the board through a filter."""

from collections.abc import Collection, Sequence
from operator import attrgetter
from uuid import UUID

from shared import funnels
from shared.db import Transaction
from shared.deals import sql_table
from shared.deals.filters import DealFilter, DealOrder
from shared.deals.model import DealPage
from shared.deals.sql_scope import EVERYTHING, select_scope
from shared.funnels import Total


async def page(
    tx: Transaction, asked: DealFilter, order: DealOrder, first: int, after: tuple[str, UUID] | None
) -> DealPage:
    """Deals of the funnels that the actor sees. `after`: the place of the last deal that was shown."""
    scope = await select_scope(tx, asked, funnels.viewer_of(tx.actor))
    rows = await sql_table.select_page(tx, asked, scope, order, after, first + 1)
    shown = rows[:first]
    return DealPage([deal for _, deal in shown], [(key, deal.id) for key, deal in shown], has_more=len(rows) > first)


async def count(tx: Transaction, asked: DealFilter) -> int:
    """How many deals of the funnels that the actor sees the filter lets through."""
    viewer_id = funnels.viewer_of(tx.actor)
    if asked.is_of_totals:
        return await sql_table.select_counted(tx, asked, viewer_id)
    return await sql_table.count_deals(tx, asked, await select_scope(tx, asked, viewer_id))


async def columns(
    tx: Transaction,
    stage_ids: Sequence[UUID],
    first: int,
    after: tuple[str, UUID] | None,
    asked: DealFilter = DealFilter(),
    wanted: Collection[str] | None = None,
) -> dict[UUID, DealPage]:
    """A page of each column of a board, in board order, of what the filter lets through.

    `wanted`: names of a deal's attributes; the deals lack others. None: they have all.
    """
    scope = EVERYTHING if asked.is_empty else await select_scope(tx, asked, None)
    found = await sql_table.select_columns(tx, asked, scope, stage_ids, after, first + 1, wanted)
    return {
        stage_id: DealPage(
            shown[:first],
            list(zip(positions[:first], map(attrgetter("id"), shown), strict=False)),
            has_more=len(shown) > first,
        )
        for stage_id, (shown, positions) in found.items()
    }


async def column_totals(tx: Transaction, asked: DealFilter, stage_ids: Sequence[UUID]) -> dict[UUID, Total]:
    """What of each column the filter lets through; columns of which it lets nothing through are left out."""
    return await sql_table.select_totals(tx, asked, await select_scope(tx, asked, None), stage_ids)
