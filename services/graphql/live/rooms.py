"""Rooms: what is new in a stream, read once for all who watch it here.

The first watcher opens a room, the last one closes it. A room reads when a hint says that its stream moved, and when
a look at the heads of all rooms, once a second, says so: a hint may be lost, an event never is.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from uuid import UUID

import orjson
import structlog

from services.graphql import metrics
from services.graphql.live.fanout import FanOut
from services.graphql.live.reads import Key, Reads
from shared import events
from shared.db import Database
from shared.errors import NotFound, Unavailable
from shared.events import Place, Recorded, StreamMoved

PAGE = 500  # events read at once
RING_EVENTS = 256
RING_BYTES = 4_000_000
LOOK = 1.0  # seconds

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class News:
    """An event in a room; `size` in bytes. `_shown`: what its watchers are shown, once the first of them is."""

    recorded: Recorded
    size: int
    _shown: list[Any] = field(default_factory=list, compare=False, repr=False)

    @property
    def seq(self) -> int:
        return self.recorded.seq

    def shown(self, make: Callable[[Recorded], Any]) -> Any:
        """The same object for all: they only read it."""
        if not self._shown:
            self._shown.append(make(self.recorded))
        return self._shown[0]


class Room:
    """A stream that somebody watches."""

    def __init__(self, db: Database, key: Key, head: Place) -> None:
        self.key = key
        self.head = head
        self.watchers = 0
        self._db = db
        self._ring: deque[News] = deque()
        self._ring_bytes = 0
        self._stands = head  # where the database last said that the stream is
        self._known = head.seq  # as far as we heard that it got
        self._reading: asyncio.Task[None] | None = None
        self.fan_out = FanOut(self.after)

    def hear(self, place: Place | int) -> None:
        """The stream got that far: says a hint, or, with a Place, the database. Read on, unless that happens already."""
        if isinstance(place, Place):
            if place.epoch != self.head.epoch:
                self._begin_anew(place)
            if place.epoch != self._stands.epoch or place.seq > self._stands.seq:
                self._stands = place
        self._known = max(self._known, place.seq if isinstance(place, Place) else place)
        if self._known > self.head.seq and (self._reading is None or self._reading.done()):
            self._reading = asyncio.create_task(self._read())

    async def reach(self, place: Place) -> None:
        """Be at least where the database says that the stream is. Raises Unavailable when that cannot be read now."""
        self.hear(place)
        if self._reading is not None:
            await asyncio.shield(self._reading)
        if self.head.epoch == place.epoch and self.head.seq < place.seq:
            raise Unavailable

    def after(self, seq: int) -> list[News] | None:
        """What came after `seq`, from the ring; None when it does not reach back so far."""
        missed = self.head.seq - seq
        if missed > len(self._ring):
            return None
        return list(islice(self._ring, len(self._ring) - missed, None))

    async def from_table(self, seq: int) -> list[News]:
        """The same, a page of it, from the database."""
        async with self._db.reading(self.key[0]) as tx:
            return [_news(recorded) for recorded in await events.after(tx, self.key[1], seq, PAGE)]

    async def _read(self) -> None:
        """Until nothing is new. Single: whoever hears something meanwhile only says how far it got."""
        while self._known > self.head.seq:
            known, began = self._known, self.head
            try:
                found = await self.from_table(began.seq)
            except Unavailable:
                return  # the next look comes within a second
            except Exception:  # whatever it is: it is told here, and those who wait are told to try later
                log.exception("could not read the log", stream=str(self.key[1]), head=began.seq)
                return
            if self.head != began:
                continue  # begun anew meanwhile: this is not what comes next
            for news in found:
                self._append(news)
            if len(found) < PAGE and self._known == known:
                self._end_of_log()
            self.fan_out.pass_on()

    def _end_of_log(self) -> None:
        if self._stands.epoch == self.head.epoch and self._stands.seq > self.head.seq:
            self._alarm(self._stands)
        self._known = self.head.seq  # what was only hinted at and is not there is no event of this log

    def _append(self, news: News) -> None:
        place = news.recorded.place
        if place.epoch != self.head.epoch:
            self._begin_anew(place)
            return
        if place.seq != self.head.seq + 1:
            self._alarm(place)
            return
        self._ring.append(news)
        self._ring_bytes += news.size
        self.head = place
        while len(self._ring) > RING_EVENTS or self._ring_bytes > RING_BYTES:
            self._ring_bytes -= self._ring.popleft().size

    def _alarm(self, place: Place) -> None:
        """An event is not there though a later one is: a bug. Whoever has not had it yet is told to load again."""
        metrics.GAPS.inc()
        log.error("the log has a gap", stream=str(self.key[1]), head=self.head.seq, next=place.seq)
        self._begin_anew(place)

    def _begin_anew(self, head: Place) -> None:
        """History was changed under us: whoever watches sees that their place does not lead here."""
        self._ring.clear()
        self._ring_bytes = 0
        self.head, self._stands, self._known = head, head, head.seq
        self.fan_out.wake_all()


def _news(recorded: Recorded) -> News:
    return News(recorded, len(orjson.dumps(recorded.payload)))


class Rooms:
    """All rooms of this process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._rooms: dict[Key, Room] = {}
        self.reads = Reads(db)
        self._soon = asyncio.Event()

    @asynccontextmanager
    async def watching(self, account_id: UUID, stream_id: UUID) -> AsyncIterator[Room]:
        """Its room, for as long as the block lasts. Raises NotFound when there is no such stream."""
        key = account_id, stream_id
        head = await self.reads.head(key)
        if head is None:
            raise NotFound(stream_id)
        room = self._rooms.get(key)
        if room is None:
            room = self._rooms[key] = Room(self._db, key, head)
            metrics.ROOMS.inc()
        room.watchers += 1
        try:
            await room.reach(head)
            yield room
        finally:
            room.watchers -= 1
            if not room.watchers and self._rooms.get(key) is room:
                del self._rooms[key]
                metrics.ROOMS.dec()

    def hear(self, moved: StreamMoved) -> None:
        """A hint."""
        room = self._rooms.get((moved.account_id, moved.stream_id))
        if room is not None:
            room.hear(moved.seq)

    async def look(self) -> None:
        """Once: at the heads of all rooms, in one query."""
        keys = list(self._rooms)
        if not keys:
            return
        async with self._db.reading(None) as tx:
            heads = await events.heads(tx, keys)
        for key, head in heads.items():
            if key in self._rooms:
                self._rooms[key].hear(head)

    def look_soon(self) -> None:
        """Hints may have been lost."""
        self._soon.set()

    async def keep_looking(self) -> None:
        """For ever, once a second."""
        while True:
            self._soon.clear()
            try:
                await self.look()
            except Unavailable:
                log.warning("could not look at the heads of rooms")
            except Exception:  # whatever it is: who does not look any more would lose events
                log.exception("could not look at the heads of rooms")
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._soon.wait()
