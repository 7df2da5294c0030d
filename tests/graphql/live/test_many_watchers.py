"""Many people look at one board, and each is told all of it."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.graphql.live.boards import Board, until
from tests.graphql.live.house import Served
from tests.sockets import signed_in

WATCHERS = 20
MOVES = 200
LEAN = """subscription ($funnelId: ID!, $after: Cursor) {
  boardChanged(funnelId: $funnelId, after: $after) {
    ... on BoardReady { seq }
    ... on DealMoved { cursor deal { version } }
  }
}"""


async def test_twenty_watchers_of_two_hundred_moves_have_all_in_order(live: Served, board: Board) -> None:
    token = live.token(board.account.id, board.viewer.id)
    async with AsyncExitStack() as stack:
        watched = []
        for _ in range(WATCHERS):
            socket = await stack.enter_async_context(signed_in(live.address, token))
            watching = await socket.watch(board.funnel.id, query=LEAN)
            assert await watching.next() == {"seq": 1}
            watched.append(watching)
        moving = asyncio.create_task(board.move(live.db, MOVES))
        told = await asyncio.gather(*(watching.many(MOVES) for watching in watched))
        places = await moving

        assert [[message["cursor"] for message in messages] for messages in told] == [
            [place.cursor for place in places]
        ] * WATCHERS
        assert [message["deal"]["version"] for message in told[0]] == list(range(2, MOVES + 2))
        assert list(live.house.rooms._rooms) == [board.key]
    await until(lambda: live.house.rooms._rooms == {})


async def test_events_show_the_deal_as_it_was_then(live: Served, board: Board) -> None:
    async with signed_in(live.address, live.token(board.account.id, board.viewer.id)) as socket:
        places = await board.move(live.db, 3)
        start = await socket.watch(board.funnel.id, id="first")
        assert (await start.next())["seq"] == 4
        watching = await socket.watch(board.funnel.id, places[0].cursor)
        ready, second, third = await watching.many(3)

        own = [str(stage.id) for stage in board.funnel.own]
        assert (ready["__typename"], ready["cursor"]) == ("BoardReady", places[0].cursor)
        assert [(told["cursor"], told["deal"]["version"], told["deal"]["stage"]["id"]) for told in (second, third)] == [
            (places[1].cursor, 3, own[1]),
            (places[2].cursor, 4, own[2]),
        ]
        assert second["fromStage"] == {"id": own[0]}
        assert second["columns"] == [{"stageId": own[0], "dealCount": 0}, {"stageId": own[1], "dealCount": 1}]
        assert second["actor"] == {"kind": "USER", "sourceName": None, "user": {"name": "Олена"}}


async def test_losing_access_ends_the_subscription_and_not_the_socket(live: Served, board: Board) -> None:
    async with signed_in(live.address, live.token(board.account.id, board.viewer.id)) as socket:
        watching = await socket.watch(board.funnel.id)
        await watching.next()
        await board.move(live.db)
        assert (await watching.next())["seq"] == 2
        await board.set_viewers(live.db)
        resync = await watching.next()

        assert (resync["__typename"], resync["reason"], resync["seq"]) == ("BoardResync", "ACCESS_CHANGED", 3)
        assert await watching.end() == {"type": "complete", "id": "board"}
        again = await (await socket.watch(board.funnel.id)).end()
        assert [error["extensions"]["code"] for error in again["payload"]] == ["NOT_FOUND"]
        assert await socket.answer("1", "{ __typename }") == {"__typename": "Query"}


@pytest.mark.parametrize("cursor", ["no cursor of ours", ""])
async def test_a_cursor_that_does_not_serve_is_told_with_the_head(live: Served, board: Board, cursor: str) -> None:
    (place,) = await board.move(live.db)
    async with signed_in(live.address, live.token(board.account.id, board.viewer.id)) as socket:
        watching = await socket.watch(board.funnel.id, cursor)
        resync = await watching.next()
        assert resync == {
            "__typename": "BoardResync",
            "cursor": place.cursor,
            "seq": 2,
            "reason": "CURSOR_UNKNOWN",
        }
        await board.move(live.db)
        assert (await watching.next())["seq"] == 3
