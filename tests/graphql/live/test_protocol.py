"""The protocol graphql-transport-ws: every message that is none of it, and how each ends."""

from contextlib import suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from services.graphql.live import protocol
from services.graphql.live import socket as module
from tests.graphql.live.boards import Board, until
from tests.graphql.live.house import Served, sockets_of
from tests.sockets import connected, signed_in

QUERY = "{ viewer { user { id } } }"
DEEP = "[" * 100_000


def subscribing(**payload: object) -> dict[str, Any]:
    return {"type": "subscribe", "id": "1", "payload": {"query": QUERY, **payload}}


NO_MESSAGES = {
    "a list": "[]",
    "a number": "7",
    "a string": '"x"',
    "null": "null",
    "true": "true",
    "no JSON": "{",
    "nothing": "",
    "not a number": "NaN",
    "deep": DEEP,
    "half a surrogate pair": '{"type": "subscribe", "id": "\\ud83d", "payload": {"query": "{ __typename }"}}',
    "binary": b'{"type": "ping"}',
    "no type": {},
    "an unknown type": {"type": "start"},
    "a type that is no string": {"type": ["ping"]},
    "a type of ours": {"type": "next", "id": "1", "payload": {}},
    "subscribe: no payload": {"type": "subscribe", "id": "1"},
    "subscribe: payload null": {"type": "subscribe", "id": "1", "payload": None},
    "subscribe: payload a list": {"type": "subscribe", "id": "1", "payload": []},
    "subscribe: payload a string": {"type": "subscribe", "id": "1", "payload": QUERY},
    "subscribe: no query": {"type": "subscribe", "id": "1", "payload": {}},
    "subscribe: query a number": subscribing(query=7),
    "subscribe: variables a list": subscribing(variables=[]),
    "subscribe: operationName a number": subscribing(operationName=7),
    "subscribe: extensions a string": subscribing(extensions="x"),
    "subscribe: no id": {"type": "subscribe", "payload": {"query": QUERY}},
    "subscribe: id empty": subscribing() | {"id": ""},
    "subscribe: id a number": subscribing() | {"id": 7},
    "subscribe: id an object": subscribing() | {"id": {}},
    "subscribe: id a list": subscribing() | {"id": ["1"]},
    "subscribe: id null": subscribing() | {"id": None},
    "complete: no id": {"type": "complete"},
    "complete: id an object": {"type": "complete", "id": {}},
    "ping: payload a list": {"type": "ping", "payload": []},
    "pong: payload a number": {"type": "pong", "payload": 7},
}


@pytest.mark.parametrize("message", NO_MESSAGES.values(), ids=NO_MESSAGES)
async def test_what_is_no_message_ends_with_4400(live: Served, message: object) -> None:
    async with signed_in(live.address, None) as socket:
        await socket.send(message)

        assert (await socket.closed())[0] == protocol.BAD_MESSAGE


@pytest.mark.parametrize("payload", [[], "x", 7, {"authorization": 7}, {"locale": ["uk"]}])
async def test_an_init_that_cannot_be_read_ends_with_4400(live: Served, payload: object) -> None:
    async with connected(live.address) as socket:
        await socket.send({"type": "connection_init", "payload": payload})

        assert (await socket.closed())[0] == protocol.BAD_MESSAGE


@pytest.mark.parametrize("payload", [{}, {"payload": None}, {"payload": {}}])
async def test_whoever_gives_no_token_is_let_in_as_nobody(
    live: Served, board: Board, payload: dict[str, object]
) -> None:
    async with connected(live.address) as socket:
        await socket.send({"type": "connection_init", **payload})
        assert await socket.receive() == {"type": "connection_ack"}
        watching = await socket.watch(board.funnel.id)
        end = await watching.end()

        assert [error["extensions"]["code"] for error in end["payload"]] == ["UNAUTHENTICATED"]


async def test_an_operation_before_the_init_ends_with_4401(live: Served) -> None:
    async with connected(live.address) as socket:
        await socket.send(subscribing())

        assert await socket.closed() == (protocol.UNAUTHORIZED, "Unauthorized")


@pytest.mark.parametrize("authorization", ["Bearer nonsense", "Basic abc", "Bearer", "Bearer a.b.c"])
async def test_a_bad_token_ends_with_4403(live: Served, authorization: str) -> None:
    async with connected(live.address) as socket:
        await socket.send({"type": "connection_init", "payload": {"Authorization": authorization}})

        assert await socket.closed() == (protocol.FORBIDDEN, "Forbidden")


@pytest.mark.parametrize("name", [None, "graphql-ws", "graphql-transport-ws2"])
async def test_another_subprotocol_ends_with_4406(live: Served, name: str | None) -> None:
    async with connected(live.address, protocol=name) as socket:
        assert await socket.closed() == (protocol.WRONG_PROTOCOL, "Subprotocol not acceptable")


async def test_no_init_in_time_ends_with_4408(live: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    assert module.INIT_TIMEOUT == 5.0
    monkeypatch.setattr(module, "INIT_TIMEOUT", 0.1)
    async with (
        connected(live.address) as silent,
        connected(live.address) as pinging,
        signed_in(live.address, None) as in_,
    ):
        await pinging.send({"type": "ping"})

        assert await silent.closed() == (protocol.INIT_TIMED_OUT, "Connection initialisation timeout")
        assert (await pinging.closed())[0] == protocol.INIT_TIMED_OUT
        assert (await in_.answer("1", "{ __typename }")) == {"__typename": "Query"}


async def test_a_taken_id_ends_with_4409(live: Served, board: Board) -> None:
    async with signed_in(live.address, live.token(board.account.id, board.viewer.id)) as socket:
        await (await socket.watch(board.funnel.id, id="1")).next()
        await socket.send(subscribing())

        assert await socket.closed() == (protocol.TAKEN_ID, "Subscriber for 1 already exists")
    await until(lambda: live.house.rooms._rooms == {})


@pytest.mark.parametrize("id", ["x" * 100, "ї" * 100, "😀" * 40, "x" * 50_000], ids=lambda id: f"{len(id)} {id[0]}")
async def test_a_reason_is_as_long_as_a_close_takes(live: Served, board: Board, id: str) -> None:
    async with signed_in(live.address, live.token(board.account.id, board.viewer.id)) as socket:
        await (await socket.watch(board.funnel.id, id=id)).next()
        await socket.send(subscribing() | {"id": id})
        code, reason = await socket.closed()

        assert (code, reason) == (protocol.TAKEN_ID, f"Subscriber for {id} already exists"[: len(reason)])
        assert 119 < len(reason.encode()) <= 123  # RFC 6455, 5.5: 125 bytes, of which the code takes two
    await until(lambda: sockets_of(live) == set())


async def test_a_second_init_ends_with_4429(live: Served) -> None:
    async with signed_in(live.address, None) as socket:
        await socket.send({"type": "connection_init"})

        assert await socket.closed() == (protocol.TOO_MANY_INITS, "Too many initialisation requests")


async def test_pings_are_answered_also_before_the_init_and_pongs_are_taken(live: Served) -> None:
    async with connected(live.address) as socket:
        await socket.send({"type": "ping", "payload": {"at": "1"}})
        assert await socket.receive() == {"type": "pong", "payload": {"at": "1"}}
        await socket.send({"type": "ping", "payload": None})
        assert await socket.receive() == {"type": "pong"}
        await socket.send({"type": "pong"})
        await socket.init()
        await socket.send({"type": "ping"})
        assert await socket.receive() == {"type": "pong"}


async def test_a_message_over_128_kb_ends_with_1009(live: Served) -> None:
    async with signed_in(live.address, None) as socket:
        fits = "#" * 120_000 + "\n{ __typename }"
        assert await socket.answer("1", "{ __typename }") == {"__typename": "Query"}
        await socket.subscribe("2", fits)
        assert (await socket.of("2"))["type"] in ("next", "error")  # read, whatever the document's own limits say
        await socket.send({"type": "ping", "payload": {"x": "x" * 131_072}})

        assert (await socket.closed())[0] == 1009


async def test_many_fragments_are_one_message_and_count_together(live: Served) -> None:
    async with signed_in(live.address, None) as socket:
        with suppress(ConnectionClosed):  # they may all be under way before the answer is
            await socket.connection.send("x" * 30_000 for _ in range(40))
        assert (await socket.closed())[0] == 1009


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://localhost:5173", True),
        ("https://127.0.0.1", True),
        ("https://evil.example", False),
        ("http://localhost.evil.example", False),
        ("null", False),
    ],
)
async def test_only_known_origins_may_open_sockets(live: Served, origin: str | None, allowed: bool) -> None:
    if allowed:
        async with connected(live.address, origin=origin) as socket:
            await socket.init()
    else:
        with pytest.raises(InvalidStatus) as refused:
            async with connected(live.address, origin=origin):
                pass
        assert refused.value.response.status_code == 403


async def test_the_token_ends_the_socket_when_it_expires(live: Served, board: Board) -> None:
    token = live.token(board.account.id, board.viewer.id, seconds=2)
    async with signed_in(live.address, token) as socket:
        watching = await socket.watch(board.funnel.id)
        await watching.next()

        assert await socket.closed() == (protocol.FORBIDDEN, "Forbidden")
    await until(lambda: live.house.rooms._rooms == {})
