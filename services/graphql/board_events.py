"""What happens to a board: the log as the contract shows it, by pages and live."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from functools import partial
from typing import Annotated, Any, Self
from uuid import UUID

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Actor, Info
from services.graphql.context import Context
from services.graphql.deals import Deal
from services.graphql.engine.answers import BadUserInput
from services.graphql.engine.fields import batched
from services.graphql.funnels import Funnel, Stage, funnels_by_id, stages_by_id
from services.graphql.live.follow import Ready, Resync, ResyncReason, follow
from services.graphql.live.hub import Telling
from services.graphql.live.rooms import News
from services.graphql.money import Money
from services.graphql.roots import query, subscription
from services.graphql.scalars import Cursor, DateTime, date_time, node_id
from shared import deals, events, funnels, ids
from shared.events import Place, Recorded

EVENTS_FIRST = 100


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

    telling: strawberry.Private[Telling | None] = None  # of an event that many are told of


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


@strawberry.type(description="A deal's own fields changed, or its notes or tasks.")
class DealUpdated(BoardEvent):
    deal: Deal
    changed: list[str] = strawberry.field(description="Names of fields of Deal; of a task: openTaskCount.")
    columns: list[ColumnTotals]


@strawberry.type(description="A deal was taken off its board.")
class DealArchived(BoardEvent):
    deal: Deal
    columns: list[ColumnTotals]


@strawberry.type(description="An archived deal is on its board again, in the stage that it has now.")
class DealRestored(BoardEvent):
    deal: Deal
    placed_after: strawberry.ID | None = strawberry.field(description="The deal directly before it; null: top.")
    columns: list[ColumnTotals]


@strawberry.type(
    description="A batch of a file: deals on top of the entry stage, the first of the list topmost. One event."
)
class DealsImported(BoardEvent):
    count: int
    deals: list[Deal]
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
    BoardReady
    | BoardResync
    | DealCreated
    | DealMoved
    | DealUpdated
    | DealArchived
    | DealRestored
    | DealsImported
    | FunnelChanged,
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
    if recorded.kind == deals.DealsImported.kind:
        batch = deals.DealsImported.from_payload(recorded.payload)
        return DealsImported(
            **common,
            count=len(batch.deals),
            deals=[Deal.of(deal) for deal in batch.deals],
            columns=[ColumnTotals.of(column) for column in batch.columns],
        )
    event = deals.DEAL_EVENTS[recorded.kind].from_payload(recorded.payload)
    common["deal"] = Deal.of(event.deal)
    common["columns"] = [ColumnTotals.of(column) for column in event.columns]
    if isinstance(event, deals.PlacedEvent):
        common["placed_after"] = node_id(event.placed_after) if event.placed_after else None
    match event:
        case deals.DealCreated():
            return DealCreated(**common)
        case deals.DealMoved():
            return DealMoved(**common, from_stage_id=event.from_stage_id)
        case deals.DealUpdated():
            return DealUpdated(**common, changed=list(event.changed))
        case deals.DealArchived():
            return DealArchived(**common)
        case deals.DealRestored():
            return DealRestored(**common)
        case _:
            raise AssertionError(f"The contract has no event {event.kind}.")


def _shared(recorded: Recorded, funnel_id: UUID) -> BoardEvent:
    event = event_of(recorded, funnel_id)
    event.telling = Telling()
    return event


def message_of(told: Ready | Resync | News, funnel_id: UUID) -> Any:
    """What a subscriber is told, as a member of BoardMessage."""
    if isinstance(told, News):
        return told.shown(lambda recorded: _shared(recorded, funnel_id))
    cursor, seq = Cursor(told.place.cursor), told.place.seq
    if isinstance(told, Ready):
        return BoardReady(cursor=cursor, seq=seq)
    return BoardResync(cursor=cursor, seq=seq, reason=told.reason)


@strawberry.type
class BoardEventsQuery:
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
        async with aclosing(
            follow(info.context, stream_id, after or None, partial(_shared, funnel_id=stream_id))
        ) as following:
            async for told in following:
                yield message_of(told, stream_id)
