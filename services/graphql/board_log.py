"""A board's log, by pages and live."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Info
from services.graphql.board_events import (
    BoardEvent,
    DealArchived,
    DealCreated,
    DealMoved,
    DealRestored,
    DealsImported,
    DealUpdated,
    FunnelChanged,
    event_of,
)
from services.graphql.engine.answers import BadUserInput
from services.graphql.live.follow import Ready, Resync, ResyncReason, follow
from services.graphql.live.hub import Telling
from services.graphql.live.rooms import News
from services.graphql.roots import query, subscription
from services.graphql.scalars import Cursor
from services.graphql.words import describe_enum
from shared import events, funnels, ids
from shared.events import Place, Recorded

EVENTS_FIRST = 100
ReadAfter = Annotated[
    Cursor | None,
    strawberry.argument(description="What happened after this place of the log; absent: all, from seq 1."),
]
FollowAfter = Annotated[
    Cursor | None,
    strawberry.argument(
        description="What was seen last: all since then is told first. Absent: from now on. A bad one: BoardResync."
    ),
]


@strawberry.type(description="The first message: from this place on, everything follows.")
class BoardReady:
    cursor: Cursor
    seq: int


describe_enum(
    ResyncReason,
    "Why the board has to be loaded again.",
    CURSOR_TOO_OLD="The log does not reach back that far any more.",
    CURSOR_UNKNOWN="It is no place of this funnel's log.",
    TOO_FAR_BEHIND="Events came faster than they were taken; the stream goes on from here.",
    ACCESS_CHANGED="The viewer may not see the funnel any more; the stream ends.",
)


@strawberry.type(description="Load the board again: nothing is ever skipped silently.")
class BoardResync:
    cursor: Cursor
    seq: int
    reason: ResyncReason = strawberry.field(description="Why nothing could follow.")


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
    events: list[BoardEvent] = strawberry.field(description="In the order of commit.")
    cursor: Cursor = strawberry.field(
        description="The place of the last of these events, for `after` of the next page."
    )
    seq: int = strawberry.field(description="The number of that place; 0: of a log without events.")
    has_more: bool = strawberry.field(description="Whether the log goes on after this page.")


def _shared(recorded: Recorded, funnel_id: UUID) -> BoardEvent:
    event = event_of(recorded, funnel_id)
    event.telling = Telling()
    return event


def message_of(told: Ready | Resync | News, show: Callable[[Recorded], BoardEvent]) -> Any:
    """What a subscriber is told, as a member of BoardMessage."""
    if isinstance(told, News):
        return told.shown(show)
    cursor, seq = Cursor(told.place.cursor), told.place.seq
    if isinstance(told, Ready):
        return BoardReady(cursor=cursor, seq=seq)
    return BoardResync(cursor=cursor, seq=seq, reason=told.reason)


@strawberry.type
class BoardEventsQuery:
    @query("A funnel's log, from the first event or from after a cursor; null: not the viewer's.")
    async def board_events(
        self, info: Info, funnel_id: strawberry.ID, after: ReadAfter = UNSET, first: int | None = EVENTS_FIRST
    ) -> EventPage | None:
        stream_id, limit = ids.read(funnel_id), first or EVENTS_FIRST
        found = await info.context.read(lambda tx: funnels.on_board(tx, stream_id))
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
        self, info: Info, funnel_id: strawberry.ID, after: FollowAfter = UNSET
    ) -> AsyncIterator[BoardMessage]:
        stream_id = ids.read(funnel_id)
        show, cursor = partial(_shared, funnel_id=stream_id), after if isinstance(after, str) else None
        async with aclosing(follow(info.context, stream_id, cursor, show)) as following:
            async for told in following:
                yield message_of(told, show)
