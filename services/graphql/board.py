"""The board: as it is, and what happens to it from there on."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any, Self
from uuid import UUID

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Actor, Info
from services.graphql.context import Context
from services.graphql.deals import Deal
from services.graphql.engine.answers import BadUserInput
from services.graphql.engine.fields import batched
from services.graphql.funnels import Funnel, Stage, funnels_by_id, stages_by_id, stages_of_funnels, totals_of_stages
from services.graphql.live.follow import Ready, Resync, ResyncReason, follow
from services.graphql.live.rooms import News
from services.graphql.money import Money
from services.graphql.pages import FIRST, Connection, connection, decode, known
from services.graphql.roots import query, subscription
from services.graphql.scalars import Cursor, DateTime, date_time, node_id
from shared import deals, events, funnels, ids
from shared.events import Place, Recorded

EVENTS_FIRST = 100


async def column_totals(ctx: Context, columns: Sequence["BoardColumn"]) -> list[funnels.Total]:
    return await totals_of_stages(ctx, [column.stage for column in columns])


async def deal_counts_of_columns(ctx: Context, columns: Sequence["BoardColumn"]) -> list[int]:
    return [total.deals for total in await column_totals(ctx, columns)]


async def values_of_columns(ctx: Context, columns: Sequence["BoardColumn"]) -> list[list[Money]]:
    return [Money.all(total.value) for total in await column_totals(ctx, columns)]


async def deals_of_columns(
    ctx: Context, columns: Sequence["BoardColumn"], *, first: int | None = FIRST, after: str | None = UNSET
) -> list[Connection[Deal]]:
    place, limit = decode(after or None), first or FIRST
    stage_ids = [column.stage.stage_id for column in columns]
    pages = await ctx.read(lambda tx: deals.columns(tx, stage_ids, limit, place))
    totals = await column_totals(ctx, columns)
    return [
        connection(
            [Deal.of(deal) for deal in pages[stage_id].deals],
            pages[stage_id].places,
            known(total.deals),
            has_more=pages[stage_id].has_more,
            after=place,
        )
        for stage_id, total in zip(stage_ids, totals, strict=True)
    ]


@strawberry.type(description="A stage and the deals that stand in it.")
class BoardColumn:
    stage: Stage
    deal_count: int = batched(
        deal_counts_of_columns, description="Of all deals of the column, not only the loaded ones."
    )
    value: list[Money] = batched(values_of_columns, description="The same, by currency.")
    deals: Connection[Deal] = batched(
        deals_of_columns, description="In board order; archived deals are never on a board."
    )


async def columns_of_boards(
    ctx: Context, boards: Sequence["Board"], *, stage_ids: list[strawberry.ID] | None = UNSET
) -> list[list[BoardColumn]]:
    wanted = {ids.read(id) for id in stage_ids} if stage_ids else None
    rows = await stages_of_funnels(ctx, [board.funnel for board in boards])
    return [
        [BoardColumn(stage=stage) for stage in stages if wanted is None or stage.stage_id in wanted] for stages in rows
    ]


@strawberry.type(description="A funnel's stages with their deals, at one moment.")
class Board:
    funnel: Funnel
    cursor: Cursor = strawberry.field(
        description="The log's head when this was read: follow with boardChanged(after:)."
    )
    seq: int = strawberry.field(description="The head's number; 0 for a new funnel. It holds all events up to it.")
    columns: list[BoardColumn] = batched(columns_of_boards)


@strawberry.type(description="What stands in a stage as of an event, without filter.")
class ColumnTotals:
    stage_id: strawberry.ID
    deal_count: int
    value: list[Money]

    @classmethod
    def of(cls, column: deals.ColumnTotals) -> Self:
        return cls(
            stage_id=node_id(column.stage_id), deal_count=column.total.deals, value=Money.all(column.total.value)
        )


@strawberry.interface(description="What happened: numbered 1, 2, 3 … within a funnel, in the order of commit.")
class BoardEvent:
    cursor: Cursor
    seq: int
    at: DateTime
    actor: Actor


async def from_stages(ctx: Context, moves: Sequence["DealMoved"]) -> list[Stage]:
    found = await stages_by_id(ctx, [move.from_stage_id for move in moves])
    return [found[move.from_stage_id] for move in moves]


async def to_stages(ctx: Context, moves: Sequence["DealMoved"]) -> list[Stage]:
    found = await stages_by_id(ctx, [move.deal.deal.stage_id for move in moves])
    return [found[move.deal.deal.stage_id] for move in moves]


@strawberry.type(description="A deal was made.")
class DealCreated(BoardEvent):
    deal: Deal
    placed_after: strawberry.ID | None = strawberry.field(description="The deal directly before it; null: top.")
    columns: list[ColumnTotals]


@strawberry.type(description="A deal went to another place.")
class DealMoved(BoardEvent):
    deal: Deal
    from_stage: Stage = batched(from_stages)
    to_stage: Stage = batched(to_stages)
    placed_after: strawberry.ID | None = strawberry.field(description="The deal directly before it; null: top.")
    columns: list[ColumnTotals]

    from_stage_id: strawberry.Private[UUID]


@strawberry.type(description="A deal's own fields changed.")
class DealUpdated(BoardEvent):
    deal: Deal
    changed: list[str]
    columns: list[ColumnTotals]


async def funnels_of_changes(ctx: Context, changes: Sequence["FunnelChanged"]) -> list[Funnel]:
    return await funnels_by_id(ctx, [change.funnel_id for change in changes])


@strawberry.type(description="The funnel itself changed.")
class FunnelChanged(BoardEvent):
    funnel: Funnel = batched(funnels_of_changes)
    changed: list[str] = strawberry.field(description="name, viewers, stages, lossReasons, archived.")

    funnel_id: strawberry.Private[UUID]


@strawberry.type(description="The first message: from this place on, everything follows.")
class BoardReady:
    cursor: Cursor
    seq: int


strawberry.enum(ResyncReason, description="Why the board has to be loaded again.")


@strawberry.type(description="Load the board again: nothing is ever skipped silently.")
class BoardResync:
    cursor: Cursor
    seq: int
    reason: ResyncReason


BoardMessage = Annotated[
    BoardReady | BoardResync | DealCreated | DealMoved | DealUpdated | FunnelChanged,
    strawberry.union("BoardMessage", description="What a subscriber of a board is told."),
]


@strawberry.type(description="A part of a funnel's log.")
class EventPage:
    events: list[BoardEvent]
    cursor: Cursor
    seq: int
    has_more: bool


def event_of(recorded: Recorded, funnel_id: UUID) -> BoardEvent:
    """An event of the log as the contract shows it."""
    common: dict[str, Any] = {
        "cursor": Cursor(recorded.place.cursor),
        "seq": recorded.seq,
        "at": date_time(recorded.at),
        "actor": Actor.of(recorded.actor),
    }
    if recorded.kind == funnels.FunnelChanged.kind:
        return FunnelChanged(**common, changed=list(recorded.payload["changed"]), funnel_id=funnel_id)
    event = deals.DEAL_EVENTS[recorded.kind].from_payload(recorded.payload)
    common["deal"] = Deal.of(event.deal)
    common["columns"] = [ColumnTotals.of(column) for column in event.columns]
    if isinstance(event, deals.DealUpdated):
        return DealUpdated(**common, changed=list(event.changed))
    assert isinstance(event, deals.DealCreated | deals.DealMoved)
    common["placed_after"] = node_id(event.placed_after) if event.placed_after else None
    if isinstance(event, deals.DealMoved):
        return DealMoved(**common, from_stage_id=event.from_stage_id)
    return DealCreated(**common)


def message_of(told: Ready | Resync | News, funnel_id: UUID) -> Any:
    """What a subscriber is told, as a member of BoardMessage."""
    if isinstance(told, News):
        return event_of(told.recorded, funnel_id)
    cursor, seq = Cursor(told.place.cursor), told.place.seq
    if isinstance(told, Ready):
        return BoardReady(cursor=cursor, seq=seq)
    return BoardResync(cursor=cursor, seq=seq, reason=told.reason)


@strawberry.type
class BoardQuery:
    @query("A funnel's board; null when it is not there or not the viewer's to see.")
    async def board(self, info: Info, funnel_id: strawberry.ID) -> Board | None:
        found = await info.context.read(lambda tx: deals.on_board(tx, ids.read(funnel_id)))
        if found is None:
            return None
        funnel, head = found
        return Board(funnel=Funnel.of(funnel), cursor=Cursor(head.cursor), seq=head.seq)

    @query("A funnel's log, from the first event or from after a cursor; null: not the viewer's.")
    async def board_events(
        self, info: Info, funnel_id: strawberry.ID, after: Cursor | None = UNSET, first: int | None = EVENTS_FIRST
    ) -> EventPage | None:
        stream_id, limit = ids.read(funnel_id), first or EVENTS_FIRST
        found = await info.context.read(lambda tx: deals.on_board(tx, stream_id))
        if found is None:
            return None
        place = _place_in(found[1], after)
        recorded = await info.context.read(lambda tx: events.after(tx, stream_id, place.seq, limit + 1))
        last = recorded[:limit][-1].place if recorded else place
        return EventPage(
            events=[event_of(one, stream_id) for one in recorded[:limit]],
            cursor=Cursor(last.cursor),
            seq=last.seq,
            has_more=len(recorded) > limit,
        )


def _place_in(head: Place, after: str | None) -> Place:
    """Raises BadUserInput when that is no place of this log."""
    if not after:
        return Place(head.epoch, 0)
    place = Place.read(after)
    if place is None or place.epoch != head.epoch or place.seq > head.seq:
        raise BadUserInput("This is no cursor of this funnel's log: begin without one.")
    return place


@strawberry.type
class BoardSubscription:
    @subscription("Every event of a board, each once and in order, from the head or a cursor.")
    async def board_changed(
        self, info: Info, funnel_id: strawberry.ID, after: Cursor | None = UNSET
    ) -> AsyncIterator[BoardMessage]:
        stream_id = ids.read(funnel_id)
        async for told in follow(info.context, stream_id, after or None):
            yield message_of(told, stream_id)
