"""The board: as it is, and what happens to it from there on."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Info
from services.graphql.context import Context
from services.graphql.deals import Deal
from services.graphql.engine.fields import batched
from services.graphql.funnels import Funnel, Stage, stages_of_funnels, totals_of_stages
from services.graphql.money import Money
from services.graphql.pages import FIRST, Connection, connection, decode, known
from services.graphql.roots import query
from services.graphql.scalars import Cursor
from services.graphql.table import DealFilter, read_filter
from shared import deals, funnels, ids

EVENTS_FIRST = 100
Filter = deals.DealFilter  # a column has a field `deals`


Column = TypeVar("Column")


async def by_filter(
    columns: Sequence["BoardColumn"],
    read: Callable[[Sequence["BoardColumn"], deals.DealFilter], Awaitable[Sequence[Column]]],
) -> list[Column]:
    """Read the columns of each filter together; a document may look at several boards."""
    outcomes: dict[int, Column] = {}
    for asked in {id(column.asked): column.asked for column in columns}.values():
        together = [column for column in columns if column.asked is asked]
        outcomes |= zip(map(id, together), await read(together, asked), strict=True)
    return [outcomes[id(column)] for column in columns]


async def column_totals(ctx: Context, columns: Sequence["BoardColumn"]) -> list[funnels.Total]:
    """Kept by counters; counted when there is a filter."""

    async def read(together: Sequence["BoardColumn"], asked: deals.DealFilter) -> list[funnels.Total]:
        if asked.is_empty:
            return await totals_of_stages(ctx, [column.stage for column in together])
        stage_ids = [column.stage.stage_id for column in together]
        found = await ctx.read(lambda tx: deals.column_totals(tx, asked, stage_ids))
        return [found.get(id, funnels.Total()) for id in stage_ids]

    return await by_filter(columns, read)


async def deal_counts_of_columns(ctx: Context, columns: Sequence["BoardColumn"]) -> list[int]:
    return [total.deals for total in await column_totals(ctx, columns)]


async def values_of_columns(ctx: Context, columns: Sequence["BoardColumn"]) -> list[list[Money]]:
    return [Money.all(total.value) for total in await column_totals(ctx, columns)]


async def deals_of_columns(
    ctx: Context, columns: Sequence["BoardColumn"], *, first: int | None = FIRST, after: str | None = UNSET
) -> list[Connection[Deal]]:
    place, limit = decode(after or None), first or FIRST

    async def read(together: Sequence["BoardColumn"], asked: deals.DealFilter) -> list[deals.DealPage]:
        stage_ids = [column.stage.stage_id for column in together]
        pages = await ctx.read(lambda tx: deals.columns(tx, stage_ids, limit, place, asked))
        return [pages[id] for id in stage_ids]

    pages, totals = await by_filter(columns, read), await column_totals(ctx, columns)
    return [
        connection(
            [Deal.of(deal) for deal in page.deals], page.places, known(total.deals), has_more=page.has_more, after=place
        )
        for page, total in zip(pages, totals, strict=True)
    ]


@strawberry.type(description="A stage and the deals that stand in it.")
class BoardColumn:
    stage: Stage = strawberry.field(description="Which stage it is.")
    deal_count: int = batched(
        deal_counts_of_columns, description="Of all deals of the column, not only the loaded ones."
    )
    value: list[Money] = batched(values_of_columns, description="The same, by currency.")
    deals: Connection[Deal] = batched(
        deals_of_columns, description="In board order; archived deals are never on a board."
    )

    asked: strawberry.Private[Filter]


async def columns_of_boards(
    ctx: Context, boards: Sequence["Board"], *, stage_ids: list[strawberry.ID] | None = UNSET
) -> list[list[BoardColumn]]:
    wanted = {ids.read(id) for id in stage_ids} if isinstance(stage_ids, list) else None
    rows = await stages_of_funnels(ctx, [board.funnel for board in boards])
    return [
        [BoardColumn(stage=stage, asked=board.asked) for stage in stages if wanted is None or stage.stage_id in wanted]
        for board, stages in zip(boards, rows, strict=True)
    ]


@strawberry.type(description="A funnel's stages with their deals, at one moment.")
class Board:
    funnel: Funnel = strawberry.field(description="Whose board it is.")
    cursor: Cursor = strawberry.field(
        description="The log's head when this was read: follow with boardChanged(after:)."
    )
    seq: int = strawberry.field(description="The head's number; 0 for a new funnel. It holds all events up to it.")
    columns: list[BoardColumn] = batched(columns_of_boards, description="In the order of the stages.")

    asked: strawberry.Private[Filter]


@strawberry.type
class BoardQuery:
    @query("A funnel's board; null when it is not there or not the viewer's to see.")
    async def board(self, info: Info, funnel_id: strawberry.ID, filter: DealFilter | None = UNSET) -> Board | None:
        asked = read_filter(info.context, filter or None)
        found = await info.context.read(lambda tx: deals.on_board(tx, ids.read(funnel_id)))
        if found is None:
            return None
        funnel, head = found
        return Board(funnel=Funnel.of(funnel), cursor=Cursor(head.cursor), seq=head.seq, asked=asked)
