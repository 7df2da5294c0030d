"""The board: as it is, and what happens to it from there on."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Info
from services.graphql.context import Context
from services.graphql.deals import Deal
from services.graphql.engine.fields import batched
from services.graphql.engine.reads import Reads
from services.graphql.funnels import NOTHING, Funnel, Stage, stages_of_funnels, totals_of_stages
from services.graphql.money import Money
from services.graphql.pages import FIRST, Connection, Counts, connection, decode
from services.graphql.roots import query
from services.graphql.scalars import Cursor
from services.graphql.table import DealFilter, read_filter
from shared import deals, funnels, ids
from shared.db import Transaction

EVENTS_FIRST = 100

Column = TypeVar("Column")


@dataclass(frozen=True, eq=False)
class Asked:
    """What is asked to be on a board."""

    filter: deals.DealFilter

    async def totals(self, tx: Transaction, stage_ids: Sequence[UUID]) -> Mapping[UUID, funnels.Total]:
        """Counted: the kept counters know no filter."""
        return await deals.column_totals(tx, self.filter, stage_ids)


async def by_filter(
    columns: Sequence["BoardColumn"],
    read: Callable[[Sequence["BoardColumn"], Asked], Awaitable[Sequence[Column]]],
) -> list[Column]:
    """Read the columns of each filter together; a document may look at several boards."""
    outcomes: dict[int, Column] = {}
    for asked in {id(column.asked): column.asked for column in columns}.values():
        together = [column for column in columns if column.asked is asked]
        outcomes |= zip(map(id, together), await read(together, asked), strict=True)
    return [outcomes[id(column)] for column in columns]


async def column_totals(ctx: Context, columns: Sequence["BoardColumn"]) -> list[funnels.Total]:
    """Kept by counters; counted when there is a filter."""

    async def read(together: Sequence["BoardColumn"], asked: Asked) -> list[funnels.Total]:
        if asked.filter.is_empty:
            return await totals_of_stages(ctx, [column.row for column in together])
        found = await ctx.known(asked.totals, [column.row.id for column in together])
        return [found.get(column.row.id, NOTHING) for column in together]

    return await by_filter(columns, read)


async def deal_counts_of_columns(ctx: Context, columns: Sequence["BoardColumn"]) -> list[int]:
    return [total.deals for total in await column_totals(ctx, columns)]


async def values_of_columns(ctx: Context, columns: Sequence["BoardColumn"]) -> list[list[Money]]:
    return [Money.all(total.value) for total in await column_totals(ctx, columns)]


async def deals_of_columns(
    ctx: Context,
    columns: Sequence["BoardColumn"],
    reads: Reads,
    *,
    first: int | None = FIRST,
    after: str | None = UNSET,
) -> list[Connection[Deal]]:
    place, limit, wanted = decode(after or None), first or FIRST, reads.of(Deal)

    async def read(together: Sequence["BoardColumn"], asked: Asked) -> list[deals.DealPage]:
        stage_ids = [column.row.id for column in together]
        pages = await ctx.read(lambda tx: deals.columns(tx, stage_ids, limit, place, asked.filter, wanted))
        return [pages[id] for id in stage_ids]

    async def count() -> Mapping[object, int]:
        return dict(zip(map(id, columns), await deal_counts_of_columns(ctx, columns), strict=True))

    counts = Counts(count)
    return [
        connection(Deal.all(page.deals), page.places, counts.of(id(column)), has_more=page.has_more, after=place)
        for column, page in zip(columns, await by_filter(columns, read), strict=True)
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

    row: strawberry.Private[funnels.Stage]
    asked: strawberry.Private[Asked]


async def columns_of_boards(
    ctx: Context, boards: Sequence["Board"], *, stage_ids: list[strawberry.ID] | None = UNSET
) -> list[list[BoardColumn]]:
    wanted = {ids.read(id) for id in stage_ids} if isinstance(stage_ids, list) else None
    rows = await stages_of_funnels(ctx, [board.row for board in boards])
    return [
        [
            BoardColumn(stage=Stage.of(stage), row=stage, asked=board.asked)
            for stage in stages
            if wanted is None or stage.id in wanted
        ]
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

    row: strawberry.Private[funnels.Funnel]
    asked: strawberry.Private[Asked]


@strawberry.type
class BoardQuery:
    @query("A funnel's board; null when it is not there or not the viewer's to see.")
    async def board(self, info: Info, funnel_id: strawberry.ID, filter: DealFilter | None = UNSET) -> Board | None:
        asked = Asked(read_filter(info.context, filter or None))
        found = await info.context.read(lambda tx: funnels.on_board(tx, ids.read(funnel_id)))
        if found is None:
            return None
        funnel, head = found
        return Board(funnel=Funnel.of(funnel), cursor=Cursor(head.cursor), seq=head.seq, row=funnel, asked=asked)
