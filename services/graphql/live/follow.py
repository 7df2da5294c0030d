"""One subscriber: a place in the log that moves on as fast as its socket takes what it is given."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from enum import Enum
from time import monotonic
from uuid import UUID

from services.graphql import metrics
from services.graphql.context import Context
from services.graphql.live.rooms import News, Room
from shared import events, funnels
from shared.errors import NotFound
from shared.events import Place

# Resuming has a window: further back, loading the board is cheaper than following.
OLDEST_EVENTS = 50_000
OLDEST_SECONDS = 7 * 86_400.0
# Who had caught up and falls behind that far is told to load again.
TOO_FAR_EVENTS = 5_000
TOO_FAR_SECONDS = 30.0
PATIENCE = 5.0  # seconds of waiting at once


class ResyncReason(Enum):
    CURSOR_TOO_OLD = "CURSOR_TOO_OLD"
    CURSOR_UNKNOWN = "CURSOR_UNKNOWN"
    TOO_FAR_BEHIND = "TOO_FAR_BEHIND"
    ACCESS_CHANGED = "ACCESS_CHANGED"


@dataclass(frozen=True, slots=True)
class Ready:
    """From this place on, everything follows."""

    place: Place


@dataclass(frozen=True, slots=True)
class Resync:
    """The board has to be loaded again; what comes after this place follows."""

    place: Place
    reason: ResyncReason


Told = Ready | Resync | News


async def follow(ctx: Context, funnel_id: UUID, after: str | None) -> AsyncIterator[Told]:
    """Every event of a funnel's log, each once and in order: from the head, or from after a cursor.

    First comes Ready, or Resync where the cursor does not serve. Ends after Resync(ACCESS_CHANGED).
    Raises NotFound when the funnel is not there or not the viewer's to see.
    """
    account = ctx.viewer.require_account()
    async with ctx.rooms.watching(account.id, funnel_id) as room:
        if not await _sees(ctx, funnel_id):
            raise NotFound(funnel_id)
        place, refused = await _begin(ctx, room, after)
        yield _resync(place, refused) if refused else Ready(place)
        subscriber = _Subscriber(room, place)
        while True:
            for told in await subscriber.next():
                if isinstance(told, News) and _may_change_access(told) and not await _sees(ctx, funnel_id):
                    yield _resync(told.recorded.place, ResyncReason.ACCESS_CHANGED)
                    return
                yield told


class _Subscriber:
    def __init__(self, room: Room, place: Place) -> None:
        self._room = room
        self._place = place
        self._caught_up = False
        self._at_head = monotonic()  # when it last had all that there was

    async def next(self) -> Iterable[Told]:
        """What comes next, once there is something. Everything that it returns must be sent before it is asked again."""
        room = self._room
        while room.head == self._place:
            self._caught_up = True
            await room.moved(self._place.seq, PATIENCE)
            self._at_head = monotonic()
        if room.head.epoch != self._place.epoch or room.head.seq < self._place.seq:
            return [self._jump(ResyncReason.CURSOR_UNKNOWN)]
        if self._caught_up and self._too_far():
            return [self._jump(ResyncReason.TOO_FAR_BEHIND)]
        found = room.after(self._place.seq)
        news = list(found) if found is not None else await room.from_table(self._place.seq)
        if news:
            self._place = news[-1].recorded.place
        return news

    def _too_far(self) -> bool:
        behind = self._room.head.seq - self._place.seq
        return behind > TOO_FAR_EVENTS or monotonic() - self._at_head > TOO_FAR_SECONDS

    def _jump(self, reason: ResyncReason) -> Resync:
        self._place, self._at_head = self._room.head, monotonic()
        return _resync(self._place, reason)


def _resync(place: Place, reason: ResyncReason) -> Resync:
    metrics.RESYNCS.labels(reason.value).inc()
    return Resync(place, reason)


def _may_change_access(news: News) -> bool:
    return news.recorded.kind == funnels.FunnelChanged.kind


async def _sees(ctx: Context, funnel_id: UUID) -> bool:
    """Asked anew: access may have been taken away a moment ago."""
    viewer = ctx.viewer
    async with ctx.db.reading(viewer.account_id, viewer.actor) as tx:
        return await funnels.seen_by(tx, viewer.actor, funnel_id)


async def _begin(ctx: Context, room: Room, after: str | None) -> tuple[Place, ResyncReason | None]:
    """Where to begin, and why not where the client asked."""
    head = room.head
    if after is None:
        return head, None
    place = Place.read(after)
    if place is None or place.epoch != head.epoch or place.seq > head.seq:
        return head, ResyncReason.CURSOR_UNKNOWN
    if head.seq - place.seq > OLDEST_EVENTS or await _is_too_old(ctx, room, place):
        return head, ResyncReason.CURSOR_TOO_OLD
    return place, None


async def _is_too_old(ctx: Context, room: Room, place: Place) -> bool:
    """Whether the first event that was missed happened too long ago, by the account's clock."""
    if place.seq == room.head.seq:
        return False
    async with ctx.db.reading(room.key[0]) as tx:
        at = await events.happened_at(tx, room.key[1], place.seq + 1)
        now = await tx.now()
    return at is not None and (now - at).total_seconds() > OLDEST_SECONDS
