"""Rooms: what is new in a stream is read once for all who watch it here."""

import asyncio
from contextlib import AsyncExitStack
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from services.graphql import metrics
from services.graphql.live import rooms as module
from services.graphql.live.rooms import PAGE, RING_BYTES, RING_EVENTS, Room, Rooms
from shared import accounts, ids
from shared.db import Database
from shared.errors import NotFound, Unavailable
from shared.events import Place, StreamMoved
from tests import make
from tests.graphql.live.boards import Board, until
from tests.graphql.live.counting import Counted

EPOCH = UUID("11111111-1111-4111-8111-111111111111")


def seqs(room: Room, after: int) -> list[int] | None:
    found = room.after(after)
    return None if found is None else [news.seq for news in found]


async def test_a_room_begins_at_the_head_with_an_empty_ring(db: Database, board: Board) -> None:
    async with Rooms(db).watching(*board.key) as room:
        assert room.head.seq == 1
        assert seqs(room, 1) == []
        assert seqs(room, 0) is None
        assert [news.seq for news in await room.from_table(0)] == [1]


async def test_a_hint_brings_what_is_new_in_order(db: Database, board: Board) -> None:
    rooms = Rooms(db)
    async with rooms.watching(*board.key) as room:
        places = await board.move(db, 3)
        rooms.hear(StreamMoved(*board.key, 4))
        await until(lambda: room.head == places[-1])

        assert seqs(room, 1) == [2, 3, 4]
        assert seqs(room, 3) == [4]


async def test_a_look_finds_what_no_hint_told(db: Database, board: Board) -> None:
    rooms = Rooms(db)
    async with rooms.watching(*board.key) as room:
        await board.move(db, 2)
        await rooms.look()
        await until(lambda: room.head.seq == 3)

        assert seqs(room, 1) == [2, 3]


async def test_many_hints_at_once_are_one_read(db: Database, board: Board) -> None:
    counted = Counted(db)
    rooms = Rooms(counted)
    async with rooms.watching(*board.key) as room:
        await board.move(db, 20)
        counted.reads = 0
        for seq in range(2, 22):
            rooms.hear(StreamMoved(*board.key, seq))
        await until(lambda: room.head.seq == 21)
        await until(lambda: room._reading is not None and room._reading.done())

        assert counted.reads == 1


async def test_what_happens_during_a_read_is_read_too(db: Database, board: Board) -> None:
    rooms = Rooms(db)
    async with rooms.watching(*board.key) as room:
        for _ in range(30):
            await board.move(db)
            rooms.hear(StreamMoved(*board.key, room._known + 1))
        await until(lambda: room.head.seq == 31)

        assert seqs(room, 1) == list(range(2, 32))


async def test_the_ring_holds_256_events_and_the_table_the_rest(db: Database, board: Board) -> None:
    rooms = Rooms(db)
    async with rooms.watching(*board.key) as room:
        await board.lengthen(db, RING_EVENTS + PAGE)
        await rooms.look()
        head = 1 + RING_EVENTS + PAGE
        await until(lambda: room.head.seq == head)

        assert seqs(room, head - RING_EVENTS) == list(range(head - RING_EVENTS + 1, head + 1))
        assert seqs(room, head - RING_EVENTS - 1) is None
        assert [news.seq for news in await room.from_table(1)] == list(range(2, 2 + PAGE))


async def test_the_ring_holds_no_more_than_its_bytes(
    db: Database, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert RING_BYTES == 4_000_000
    rooms = Rooms(db)
    async with rooms.watching(*board.key) as room:
        await board.move(db, 9)
        size = max(news.size for news in await room.from_table(1))
        monkeypatch.setattr(module, "RING_BYTES", 3 * size)
        await rooms.look()
        await until(lambda: room.head.seq == 10)

        assert seqs(room, 7) == [8, 9, 10]
        assert seqs(room, 5) is None


async def test_an_event_larger_than_the_ring_comes_from_the_table(
    db: Database, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RING_BYTES", 10)
    rooms = Rooms(db)
    async with rooms.watching(*board.key) as room:
        await board.move(db, 2)
        await rooms.look()
        await until(lambda: room.head.seq == 3)

        assert seqs(room, 2) is None
        assert [news.seq for news in await room.from_table(2)] == [3]


async def test_a_new_watcher_is_at_least_where_the_database_is(db: Database, board: Board) -> None:
    """A cursor of another process's mutation may come before that process's hint does."""
    rooms = Rooms(db)
    async with rooms.watching(*board.key) as room:
        (place,) = await board.move(db)
        assert room.head.seq == 1
        async with rooms.watching(*board.key) as same:
            assert same is room
            assert room.head == place


async def test_whoever_was_not_reached_is_unavailable(db: Database, board: Board) -> None:
    """Else a good cursor would seem to be ahead of the head."""
    counted = Counted(db)
    async with Rooms(counted).watching(*board.key) as room:
        (place,) = await board.move(db)
        counted.away = True
        with pytest.raises(Unavailable):
            await room.reach(place)
        counted.away = False
        await room.reach(place)

        assert room.head == place


async def test_the_last_watcher_closes_the_room(db: Database, board: Board) -> None:
    rooms, before = Rooms(db), metrics.ROOMS._value.get()
    async with AsyncExitStack() as others:
        first = await others.enter_async_context(rooms.watching(*board.key))
        async with rooms.watching(*board.key) as second:
            assert second is first
            assert first.watchers == 2
        assert metrics.ROOMS._value.get() == before + 1
    assert rooms._rooms == {}
    assert metrics.ROOMS._value.get() == before

    rooms.hear(StreamMoved(*board.key, 9))  # nobody is there to hear it
    await rooms.look()
    async with rooms.watching(*board.key) as third:
        assert third is not first


async def test_a_watcher_who_is_cancelled_leaves_no_room(db: Database, board: Board) -> None:
    rooms = Rooms(db)

    async def watch() -> None:
        async with rooms.watching(*board.key):
            await asyncio.Event().wait()

    watching = asyncio.create_task(watch())
    await until(lambda: board.key in rooms._rooms)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching

    assert rooms._rooms == {}


async def test_there_is_no_room_for_no_stream(db: Database, board: Board) -> None:
    rooms = Rooms(db)
    other = await make.account(db)
    for account_id, stream_id in ((board.account.id, ids.new()), (other.id, board.funnel.id)):
        with pytest.raises(NotFound):
            async with rooms.watching(account_id, stream_id):
                pass

    assert rooms._rooms == {}


async def test_rooms_of_two_accounts_with_the_same_stream_are_two(db: Database, account: accounts.Account) -> None:
    """Clients make ids."""
    stream_id, other, rooms = ids.new(), await make.account(db), Rooms(db)
    for owner in (account, other):
        async with db.transaction(owner.id) as tx:
            await tx.execute(
                "INSERT INTO stream_heads (account_id, stream_id, last_at) VALUES ($1, $2, account_now())",
                owner.id,
                stream_id,
            )
    async with rooms.watching(account.id, stream_id) as ours, rooms.watching(other.id, stream_id) as theirs:
        assert ours is not theirs
        assert ours.head.epoch != theirs.head.epoch


async def test_another_epoch_begins_anew_without_an_alarm(db: Database, board: Board) -> None:
    rooms = Rooms(db)
    async with rooms.watching(*board.key) as room:
        await board.move(db, 2)
        await rooms.look()
        await until(lambda: room.head.seq == 3)
        await board.begin_anew(db, EPOCH)
        with capture_logs() as said:
            await board.move(db)
            rooms.hear(StreamMoved(*board.key, 4))  # the hint does not know of the epoch: the log itself tells
            await until(lambda: room.head == Place(EPOCH, 4))
            await board.move(db)
            await rooms.look()
            await until(lambda: room.head == Place(EPOCH, 5))

        assert seqs(room, 4) == [5]
        assert [line for line in said if line["log_level"] == "error"] == []


async def test_a_look_finds_another_epoch(db: Database, board: Board) -> None:
    rooms = Rooms(db)
    async with rooms.watching(*board.key) as room:
        await board.begin_anew(db, EPOCH)
        await rooms.look()

        assert room.head == Place(EPOCH, 1)
        assert seqs(room, 0) is None


async def test_a_gap_in_the_log_is_an_alarm(db: Database, board: Board) -> None:
    rooms, before = Rooms(db), metrics.GAPS._value.get()
    async with rooms.watching(*board.key) as room:
        await board.move(db, 3)
        await db.pool.execute("DELETE FROM events WHERE account_id = $1 AND stream_id = $2 AND seq = 3", *board.key)
        with capture_logs() as said:
            await rooms.look()
            await until(lambda: room.head.seq == 4)

        assert [line["event"] for line in said if line["log_level"] == "error"] == ["the log has a gap"]
        assert metrics.GAPS._value.get() == before + 1
        assert seqs(room, 3) is None  # nobody is served over the gap from the ring


async def test_a_head_without_its_events_is_an_alarm_once(db: Database, board: Board) -> None:
    rooms = Rooms(db)
    async with rooms.watching(*board.key) as room:
        await db.pool.execute("UPDATE stream_heads SET seq = 7 WHERE account_id = $1 AND stream_id = $2", *board.key)
        with capture_logs() as said:
            await rooms.look()
            await until(lambda: room.head.seq == 7)
            await rooms.look()

        assert [line["event"] for line in said if line["log_level"] == "error"] == ["the log has a gap"]


async def test_a_false_hint_is_believed_for_one_read_only(db: Database, board: Board) -> None:
    counted = Counted(db)
    rooms = Rooms(counted)
    async with rooms.watching(*board.key) as room:
        counted.reads = 0
        rooms.hear(StreamMoved(*board.key, 99))
        await until(lambda: room._reading is not None and room._reading.done())
        rooms.hear(StreamMoved(*board.key, 1))
        assert counted.reads == 1
        await board.move(db)
        rooms.hear(StreamMoved(*board.key, 2))
        await until(lambda: room.head.seq == 2)


async def test_looking_goes_on_after_failures(db: Database, board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK", 0.02)
    rooms = Rooms(db)
    failures = iter([Unavailable(), RuntimeError("a bug")])
    look, looked = rooms.look, 0

    async def failing() -> None:
        nonlocal looked
        looked += 1
        for failure in failures:
            raise failure
        await look()

    monkeypatch.setattr(rooms, "look", failing)
    looking = asyncio.create_task(rooms.keep_looking())
    async with rooms.watching(*board.key) as room:
        await board.move(db)
        await until(lambda: room.head.seq == 2)
    looking.cancel()

    assert looked >= 3
