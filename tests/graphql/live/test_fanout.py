"""Who has all that there is on a board is given the next event where they wait; who cannot take it goes on alone."""

import asyncio
from typing import Any

import pytest

from services.graphql.engine.execute import answer
from services.graphql.house import AT_ONCE
from services.graphql.live import rooms as module
from services.graphql.live import telling
from services.graphql.live.follow import Subscriber
from services.graphql.live.wire import Wire
from shared import ids
from shared.db import Database
from tests.graphql.live.boards import Board, until
from tests.graphql.live.house import Served
from tests.sockets import BOARD, signed_in


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What became of each attempt to give something to who waits."""
    outcomes: list[bool] = []
    take = Subscriber.take

    def noted(subscriber: Subscriber, *what: Any) -> bool:
        outcomes.append(take(subscriber, *what))
        return outcomes[-1]

    monkeypatch.setattr(Subscriber, "take", noted)
    return outcomes


async def everybody_waits(live: Served, board: Board, watching: list[Any]) -> Any:
    """The room, once all have been told that they are there, and wait."""
    for watcher in watching:
        assert (await watcher.next())["__typename"] == "BoardReady"
    room = live.house.rooms._rooms[board.key]
    await until(lambda: waiting(room) == len(watching))
    return room


def waiting(room: Any) -> int:
    return sum(len(group.waiting) for group in room.fan_out._groups.values())


async def test_all_who_wait_are_given_it_and_nobody_is_woken(live: Served, board: Board, given: list[bool]) -> None:
    token = live.token(board.account.id, board.viewer.id)
    short = BOARD.replace("cursor seq at", "seq")
    async with signed_in(live.address, token) as one, signed_in(live.address, token) as other:
        watching = [await one.watch(board.funnel.id), await other.watch(board.funnel.id, id="ключ")]
        watching.append(await other.watch(board.funnel.id, id="short", query=short))
        room = await everybody_waits(live, board, watching)

        await board.move(live.db, times=3)
        told = [await watcher.many(3) for watcher in watching]

        assert [[one["seq"] for one in seen] for seen in told] == [[2, 3, 4]] * 3
        assert told[0] == told[1]
        assert ["at" in seen[0] for seen in told] == [True, True, False]
        assert given == [True] * 9
        assert waiting(room) == 3


async def test_who_cannot_take_it_now_is_told_all_the_same(
    live: Served, board: Board, given: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Wire, "give", lambda _wire, _text: False)
    async with signed_in(live.address, live.token(board.account.id, board.viewer.id)) as socket:
        watching = await socket.watch(board.funnel.id)
        await everybody_waits(live, board, [watching])

        await board.move(live.db, times=5)

        assert [one["seq"] for one in await watching.many(5)] == [2, 3, 4, 5, 6]
        assert True not in given


async def test_a_failure_that_all_would_share_ends_nobody(
    live: Served, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_subscriber: object, _news: object) -> bytes:
        raise ConnectionError

    monkeypatch.setattr(Subscriber, "made", fail)
    async with signed_in(live.address, live.token(board.account.id, board.viewer.id)) as socket:
        watching = await socket.watch(board.funnel.id)
        await everybody_waits(live, board, [watching])

        await board.move(live.db, times=2)

        assert [one["seq"] for one in await watching.many(2)] == [2, 3]


async def test_who_asks_in_many_ways_leaves_the_database_to_others(
    live: Served, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go, now, most = asyncio.Event(), 0, 0

    async def held(*given: Any) -> Any:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await may_go.wait()
        answered = await answer(*given)
        now -= 1
        return answered

    async with signed_in(live.address, live.token(board.account.id, board.viewer.id)) as socket:
        ways = [BOARD.replace("Board", f"Board{number}", 1) for number in range(3 * AT_ONCE)]
        watching = [await socket.watch(board.funnel.id, id=query, query=query) for query in ways]
        await everybody_waits(live, board, watching)
        monkeypatch.setattr(telling, "answer", held)

        await board.move(live.db)
        await until(lambda: now == AT_ONCE)
        may_go.set()

        assert [(await watcher.next())["seq"] for watcher in watching] == [2] * len(ways)
        assert most == AT_ONCE


async def test_more_at_once_than_the_room_has_at_hand_is_read_by_each(
    live: Served, db: Database, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RING_EVENTS", 3)
    async with signed_in(live.address, live.token(board.account.id, board.viewer.id)) as socket:
        watching = await socket.watch(board.funnel.id)
        room = await everybody_waits(live, board, [watching])
        await board.move(db, 5)  # nobody hints at it
        room.hear(6)

        assert [one["seq"] for one in await watching.many(5)] == [2, 3, 4, 5, 6]


async def test_who_waits_when_the_log_begins_anew_is_told_to_load_again(
    live: Served, board: Board, given: list[bool]
) -> None:
    async with signed_in(live.address, live.token(board.account.id, board.viewer.id)) as socket:
        watching = await socket.watch(board.funnel.id)
        await everybody_waits(live, board, [watching])
        await board.begin_anew(live.db, ids.new())
        await live.house.rooms.look()

        assert (await watching.next())["reason"] == "CURSOR_UNKNOWN"
        assert given == []


async def test_who_loses_sight_of_the_board_is_not_given_what_comes_after(live: Served, board: Board) -> None:
    async with signed_in(live.address, live.token(board.account.id, board.viewer.id)) as socket:
        watching = await socket.watch(board.funnel.id)
        await everybody_waits(live, board, [watching])

        await board.set_viewers(live.db, board.manager)
        await board.move(live.db, times=2)

        assert (await watching.next())["reason"] == "ACCESS_CHANGED"
        assert (await watching.end())["type"] == "complete"
