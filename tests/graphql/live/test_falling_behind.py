"""Who falls too far behind is told to load again; who keeps up, or has come from far back and gets on, is not."""

import pytest

from services.graphql.live import follow as module
from services.graphql.live.follow import Ready, Resync, ResyncReason
from services.graphql.live.rooms import PAGE, Rooms
from shared.db import Database
from tests.graphql.live.boards import Board, until
from tests.graphql.live.following import following, head, seqs


async def test_whoever_resumes_is_never_too_far_behind(
    db: Database, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TOO_FAR_EVENTS", 10)
    place = await head(db, board)
    await board.lengthen(db, PAGE + 100)
    async with following(board, db, Rooms(db), place.cursor) as told:
        assert await anext(told) == Ready(place)
        assert await seqs(told, PAGE + 100) == list(range(2, PAGE + 102))


async def test_whoever_had_caught_up_and_falls_too_many_events_behind_loads_again(
    db: Database, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TOO_FAR_EVENTS", 500)
    rooms = Rooms(db)
    async with following(board, db, rooms) as told:
        await anext(told)
        await board.move(db)
        await rooms.look()
        assert await seqs(told, 1) == [2]  # its socket takes this for a long time
        await board.lengthen(db, 501)
        await rooms.look()
        async with rooms.watching(*board.key) as room:
            await until(lambda: room.head.seq == 503)
        assert await anext(told) == Resync(room.head, ResyncReason.TOO_FAR_BEHIND)
        await board.move(db)
        await rooms.look()
        assert await seqs(told, 1) == [504]


async def test_whoever_had_caught_up_and_falls_too_long_behind_loads_again(
    db: Database, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    rooms = Rooms(db)
    async with following(board, db, rooms) as told:
        await anext(told)
        await board.move(db)
        await rooms.look()
        assert await seqs(told, 1) == [2]
        now += 29
        await board.move(db)
        await rooms.look()
        assert await seqs(told, 1) == [3]
        await board.move(db)
        await rooms.look()
        async with rooms.watching(*board.key) as room:
            await until(lambda: room.head.seq == 4)
        now += 31  # for its socket did not take 3
        assert await anext(told) == Resync(room.head, ResyncReason.TOO_FAR_BEHIND)


async def test_on_a_busy_board_nobody_is_behind_who_is_always_one_behind(
    db: Database, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    rooms = Rooms(db)
    async with rooms.watching(*board.key) as room, following(board, db, rooms) as told:
        await anext(told)
        for seq in range(2, 30):
            await board.move(db)  # the next one is there before the last one is taken
            await rooms.look()
            await until(lambda: room.head.seq == seq)  # noqa: B023  # it is awaited here
            assert await seqs(told, 1) == [seq]
            now += 4
