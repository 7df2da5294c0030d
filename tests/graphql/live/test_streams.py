"""Subscriptions over HTTP: server-sent events and Apollo's parts. What ends a socket ends them."""

from typing import Any

import httpx
import pytest

from services.graphql.live import stream as module
from shared import ids
from shared.db import Database
from shared.hints import UserChanged
from tests.graphql.live.boards import Board, until
from tests.graphql.live.house import Served, streams_of
from tests.graphql.live.streams import EVENTS, PARTS, Reading, reading
from tests.sockets import BOARD, signed_in

MEDIA = "text/event-stream; charset=utf-8"


def watching(live: Served, board: Board, after: str | None = None, **options: Any) -> Any:
    token = options.pop("token", None) or live.token(board.account.id, board.viewer.id)
    return reading(live.address, BOARD, {"funnelId": str(board.funnel.id), "after": after}, token, **options)


async def ready(stream: Reading) -> Any:
    name, data = await stream.event()
    assert (name, data["data"]["boardChanged"]["__typename"]) == ("next", "BoardReady"), data
    return data["data"]["boardChanged"]


async def is_over(live: Served, board: Board) -> None:
    """Nothing is left of it."""
    await until(lambda: streams_of(live, board.account.id) == [] and live.house.rooms._rooms == {})


async def test_tells_of_a_board_as_server_sent_events(live: Served, board: Board) -> None:
    async with watching(live, board) as stream:
        assert (stream.response.status_code, stream.response.headers["content-type"]) == (200, MEDIA)
        assert stream.response.headers["cache-control"] == "no-store, no-transform"
        place = await ready(stream)
        await board.move(live.db, 3)
        assert await stream.seqs(4) == [2, 3, 4]
        assert len(streams_of(live, board.account.id)) == 1
    await is_over(live, board)

    async with watching(live, board, place["cursor"]) as stream:  # as if it had been cut there
        assert await stream.seqs(4) == [place["seq"], 2, 3, 4]


async def test_tells_of_a_board_in_parts(live: Served, board: Board) -> None:
    async with watching(live, board, accept=f"{PARTS}, application/json") as stream:
        assert stream.response.headers["content-type"] == PARTS
        assert await stream.piece("\r\n--graphql") == ""
        assert (await stream.part())["payload"]["data"]["boardChanged"]["__typename"] == "BoardReady"
        await board.move(live.db)
        assert (await stream.part())["payload"]["data"]["boardChanged"]["seq"] == 2
    await is_over(live, board)


async def test_is_told_the_same_bytes_as_a_socket(live: Served, board: Board) -> None:
    token = live.token(board.account.id, board.viewer.id)
    async with signed_in(live.address, token) as socket, watching(live, board) as stream:
        over_socket = await socket.watch(board.funnel.id)
        assert await over_socket.next() == await ready(stream)
        await board.move(live.db)
        assert (await stream.event())[1]["data"]["boardChanged"] == await over_socket.next()


async def test_is_complete_when_access_is_taken_away(live: Served, board: Board, db: Database) -> None:
    async with watching(live, board) as events, watching(live, board, accept=PARTS) as parts:
        await ready(events)
        await parts.piece("\r\n--graphql")
        await parts.part()
        await board.set_viewers(live.db)
        assert (await events.event())[1]["data"]["boardChanged"]["reason"] == "ACCESS_CHANGED"
        assert await events.event() == ("complete", None)
        with pytest.raises(EOFError):
            await events.piece("\n")
        assert (await parts.part())["payload"]["data"]["boardChanged"]["reason"] == "ACCESS_CHANGED"
        assert await parts.part() is None
    await is_over(live, board)


async def test_says_what_is_wrong_within_the_stream(live: Served, board: Board) -> None:
    token = live.token(board.account.id, board.viewer.id)
    nobody = {"funnelId": str(ids.new())}
    for query, variables, code in (
        (BOARD, nobody, "NOT_FOUND"),
        ("subscription { nobody }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("subscription {", None, "GRAPHQL_PARSE_FAILED"),
        (BOARD, None, "BAD_USER_INPUT"),
    ):
        async with reading(live.address, query, variables, token) as stream:
            assert (stream.response.status_code, stream.response.headers["content-type"]) == (200, MEDIA)
            name, data = await stream.event()
            assert (name, "data" in data) == ("next", False)
            assert [error["extensions"]["code"] for error in data["errors"]] == [code]
            assert await stream.event() == ("complete", None)
        async with reading(live.address, query, variables, token, accept=PARTS) as stream:
            await stream.piece("\r\n--graphql")
            part = (await stream.part())["payload"]
            assert [error["extensions"]["code"] for error in part["errors"]] == [code]
            assert await stream.part() is None


async def test_answers_a_query_as_a_stream_of_one(live: Served) -> None:
    async with reading(live.address, "{ __typename }") as stream:
        assert await stream.event() == (
            "next",
            {"data": {"__typename": "Query"}, "extensions": {"cost": {"requestedQueryCost": 1}}},
        )
        assert await stream.event() == ("complete", None)
    async with reading(live.address, "{ __typename }", accept=PARTS) as stream:
        await stream.piece("\r\n--graphql")
        assert await stream.part() == {
            "payload": {"data": {"__typename": "Query"}, "extensions": {"cost": {"requestedQueryCost": 1}}}
        }
        assert await stream.part() is None


async def test_speaks_by_status_of_who_is_not_let_in(live: Served, board: Board) -> None:
    """A client that only sees a stream end knows nothing."""
    for accept in (EVENTS, PARTS):
        async with watching(live, board, token="forged", accept=accept) as stream:
            assert stream.response.status_code == 401
            assert stream.response.headers["content-type"] == "application/json; charset=utf-8"


async def broken_off(stream: Reading) -> list[str]:
    """What was said last, before the answer broke off in the middle."""
    with pytest.raises(httpx.RemoteProtocolError):
        await read_on(stream)
    return stream.said


async def read_on(stream: Reading) -> None:
    while True:
        await stream.event()


@pytest.mark.parametrize(
    ("code", "reason", "shown"),
    [(4403, "Forbidden", "UNAUTHENTICATED"), (1012, "Restart", "UNAVAILABLE"), (1013, "Later", "UNAVAILABLE")],
)
async def test_nobody_takes_its_end_for_its_completion(
    live: Served, board: Board, code: int, reason: str, shown: str
) -> None:
    async with watching(live, board) as events, watching(live, board, accept=PARTS) as parts:
        await ready(events)
        await parts.piece("\r\n--graphql")
        await parts.part()
        for one in streams_of(live, board.account.id):
            one.end(code, reason)
        assert (await broken_off(events))[-1] == f"{code} {reason}"
        error = {"message": reason, "extensions": {"code": shown, "closed": code}}
        assert await parts.part() == {"payload": None, "errors": [error]}
        assert await parts.part() is None
    await is_over(live, board)


async def test_ends_with_the_token(live: Served, board: Board) -> None:
    token = live.token(board.account.id, board.viewer.id, seconds=2)
    async with watching(live, board, token=token) as stream:
        await ready(stream)
        assert (await broken_off(stream))[-1] == "4403 Forbidden"
    await is_over(live, board)


async def test_ends_with_the_person(live: Served, board: Board, db: Database) -> None:
    async with watching(live, board) as stream:
        await ready(stream)
        async with db.transaction(board.account.id) as tx:
            await tx.execute("UPDATE users SET active = false WHERE id = $1", board.viewer.id)
        live.house.hear(UserChanged(board.account.id, board.viewer.id))
        assert (await broken_off(stream))[-1] == "4403 Forbidden"
    await is_over(live, board)


async def test_says_a_word_now_and_then(live: Served, board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEEP_ALIVE", 0.05)
    async with watching(live, board) as events, watching(live, board, accept=PARTS) as parts:
        await ready(events)
        assert await events.piece("\n\n") == ":"
        await parts.piece("\r\n--graphql")
        await parts.part()
        assert (await parts.piece("\r\n--graphql")).endswith("\r\n\r\n{}")


async def test_leaves_nothing_behind_who_goes_away(live: Served, board: Board) -> None:
    for accept in (EVENTS, PARTS):
        async with watching(live, board, accept=accept):
            await until(lambda: board.key in live.house.rooms._rooms)
        await is_over(live, board)


async def test_takes_no_new_ones_while_going_down(live: Served, board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    live.house.sockets.draining.set()
    try:
        async with watching(live, board) as stream:
            assert (stream.response.status_code, stream.response.headers["retry-after"]) == (503, "1")
    finally:
        live.house.sockets.draining.clear()
