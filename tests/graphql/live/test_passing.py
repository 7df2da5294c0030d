"""Who has all that there is on a board is given the next event where they wait; who cannot take it goes on by themselves."""

from typing import Any

import pytest

from services.graphql.live import passing
from services.graphql.live.wire import Wire
from shared.db import Database
from tests.graphql.live.boards import Board, until
from tests.graphql.live.house import Served
from tests.sockets import BOARD, signed_in


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What became of each attempt to give something without waiting."""
    outcomes: list[bool] = []
    give = Wire.give

    def noted(wire: Wire, text: bytes) -> bool:
        outcomes.append(give(wire, text))
        return outcomes[-1]

    monkeypatch.setattr(Wire, "give", noted)
    return outcomes


async def test_all_who_wait_are_given_it(live: Served, board: Board, given: list[bool]) -> None:
    token = live.token(board.account.id, board.viewer.id)
    short = BOARD.replace("cursor seq at", "seq")
    async with signed_in(live.address, token) as one, signed_in(live.address, token) as other:
        watching = [await one.watch(board.funnel.id), await other.watch(board.funnel.id, id="ключ")]
        watching.append(await other.watch(board.funnel.id, id="short", query=short))
        room = await everybody_waits(live, board, watching)
        del given[:]

        await board.move(live.db, times=3)
        told = [await watcher.many(3) for watcher in watching]

    assert [[one["seq"] for one in seen] for seen in told] == [[2, 3, 4]] * 3
    assert told[0] == told[1]
    assert ["at" in seen[0] for seen in told] == [True, True, False]
    assert given == [True] * 9
    assert room.hall._pending == {}


async def everybody_waits(live: Served, board: Board, watching: list[Any]) -> Any:
    """The room, once all have been told that they are there, and wait."""
    for watcher in watching:
        assert (await watcher.next())["__typename"] == "BoardReady"
    room = live.house.rooms._rooms[board.key]
    await until(lambda: sum(map(len, room.hall._waiting.values())) == len(watching))
    return room


async def test_who_cannot_take_it_now_is_told_all_the_same(
    live: Served, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Wire, "give", lambda _wire, _text: False)
    async with signed_in(live.address, live.token(board.account.id, board.viewer.id)) as socket:
        watching = await socket.watch(board.funnel.id)
        await everybody_waits(live, board, [watching])

        await board.move(live.db, times=5)

        assert [one["seq"] for one in await watching.many(5)] == [2, 3, 4, 5, 6]


async def test_a_failure_that_all_would_share_ends_nobody(
    live: Served, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with signed_in(live.address, live.token(board.account.id, board.viewer.id)) as socket:
        watching = await socket.watch(board.funnel.id)
        room = await everybody_waits(live, board, [watching])
        ((subscriber,),) = room.hall._waiting.values()

        async def fail(_self: object, _news: object) -> bytes:
            raise ConnectionError

        monkeypatch.setattr(type(subscriber), "made", fail)
        await board.move(live.db, times=2)

        assert [one["seq"] for one in await watching.many(2)] == [2, 3]


async def test_who_is_far_behind_what_is_made_reads_for_themselves(
    live: Served, db: Database, board: Board, given: list[bool]
) -> None:
    async with signed_in(live.address, live.token(board.account.id, board.viewer.id)) as socket:
        watching = await socket.watch(board.funnel.id)
        room = await everybody_waits(live, board, [watching])
        count = passing.MOST_PENDING + 1
        await board.move(db, count)  # nobody hints at it
        room.hear(1 + count)

        assert [one["seq"] for one in await watching.many(count)] == list(range(2, count + 2))


async def test_who_loses_sight_of_the_board_is_not_given_what_comes_after(live: Served, board: Board) -> None:
    async with signed_in(live.address, live.token(board.account.id, board.viewer.id)) as socket:
        watching = await socket.watch(board.funnel.id)
        await everybody_waits(live, board, [watching])

        await board.set_viewers(live.db, board.manager)
        await board.move(live.db, times=2)

        assert (await watching.next())["reason"] == "ACCESS_CHANGED"
        assert (await watching.end())["type"] == "complete"
