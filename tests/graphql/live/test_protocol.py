"""The protocol graphql-transport-ws: every message that is none of it, and how each ends."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from services.graphql.live import protocol
from services.graphql.live import socket as module
from services.local import tokens
from shared import ids
from shared.actor import Permission
from tests.graphql.live.boards import Board, until
from tests.graphql.live.house import SECRET, Served
from tests.sockets import BOARD, PROTOCOL, Socket, connected, signed_in

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
    await until(lambda: _sockets(live) == set())


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


async def test_an_operations_error_leaves_the_socket_and_the_others_alone(live: Served, board: Board) -> None:
    async with signed_in(live.address, live.token(board.account.id, board.viewer.id)) as socket:
        watching = await socket.watch(board.funnel.id)
        await watching.next()
        for id, query, variables, code in (
            ("1", "{", None, "GRAPHQL_PARSE_FAILED"),
            ("2", "{ nobody }", None, "GRAPHQL_VALIDATION_FAILED"),
            ("3", BOARD, {}, "BAD_USER_INPUT"),
            ("1", "query A { __typename } query B { __typename }", None, "BAD_USER_INPUT"),
        ):
            await socket.subscribe(id, query, variables)
            error = await socket.of(id)
            assert (error["type"], error["payload"][0]["extensions"]["code"]) == ("error", code)
        await board.move(live.db)

        assert (await watching.next())["seq"] == 2
        assert await socket.answer("1", "{ __typename }") == {"__typename": "Query"}


async def test_queries_and_mutations_run_over_the_socket(live: Served, board: Board) -> None:
    token = live.token(board.account.id, board.manager.id, Permission.DEALS_WRITE, Permission.FUNNELS_MANAGE)
    move = """mutation ($id: ID!, $to: ID!) {
      moveDeal(input: {id: $id, toStageId: $to}) {
        __typename ... on MoveDealPayload { seq cursor deal { stage { id } } }
      }
    }"""
    async with signed_in(live.address, token) as socket:
        to = str(board.funnel.own[0].id)
        moved = (await socket.answer("m", move, {"id": str(board.deal.id), "to": to}))["moveDeal"]
        read = await socket.answer(
            "q",
            """query ($id: ID!) { board(funnelId: $id) { seq cursor } boardEvents(funnelId: $id) { cursor events { cursor seq } } }""",
            {"id": str(board.funnel.id)},
        )

        assert moved == {
            "__typename": "MoveDealPayload",
            "seq": 2,
            "cursor": moved["cursor"],
            "deal": {"stage": {"id": to}},
        }
        assert read["board"] == {"seq": 2, "cursor": moved["cursor"]}
        assert read["boardEvents"]["events"][1] == {"cursor": moved["cursor"], "seq": 2}
        watching = await socket.watch(board.funnel.id, read["boardEvents"]["events"][0]["cursor"])
        assert (await watching.next())["__typename"] == "BoardReady"
        assert (await watching.next())["cursor"] == moved["cursor"]


async def test_complete_stops_an_operation_and_frees_its_id(live: Served, board: Board) -> None:
    async with signed_in(live.address, live.token(board.account.id, board.viewer.id)) as socket:
        await (await socket.watch(board.funnel.id, id="1")).next()
        await socket.send({"type": "complete", "id": "1"})
        await socket.send({"type": "complete", "id": "1"})  # it crossed ours: no error
        await socket.send({"type": "complete", "id": "unknown"})
        await until(lambda: live.house.rooms._rooms == {})
        await board.move(live.db)

        assert await socket.answer("1", "{ __typename }") == {"__typename": "Query"}


async def test_there_are_at_most_50_operations_at_once(live: Served, board: Board) -> None:
    assert module.MOST_OPERATIONS == 50
    async with signed_in(live.address, live.token(board.account.id, board.viewer.id)) as socket:
        watched = [await socket.watch(board.funnel.id, id=str(number)) for number in range(50)]
        for watching in watched:
            assert (await watching.next())["__typename"] == "BoardReady"
        refused = await socket.watch(board.funnel.id, id="one too many")
        end = await refused.end()
        assert (end["type"], end["payload"][0]["extensions"]["code"]) == ("error", "THROTTLED")

        await board.move(live.db)
        assert [(await watching.next())["seq"] for watching in watched] == [2] * 50
        await socket.send({"type": "complete", "id": "7"})
        again = await socket.watch(board.funnel.id, id="one too many")
        assert (await again.next())["__typename"] == "BoardReady"
    await until(lambda: live.house.rooms._rooms == {})
    await until(lambda: live.db.pool.get_size() == live.db.pool.get_idle_size())


async def test_what_is_not_there_or_not_theirs_is_not_found(live: Served, board: Board) -> None:
    stranger = live.token(board.account.id, ids.new())
    async with signed_in(live.address, stranger) as socket:
        for id in (str(board.funnel.id), str(ids.new()), "no id at all", ""):
            end = await (await socket.watch(id, id="1")).end()
            assert end["type"] == "error"
            assert [error["extensions"]["code"] for error in end["payload"]] == ["NOT_FOUND"]
    assert live.house.rooms._rooms == {}


async def test_the_host_crms_token_looks_into_no_board(live: Served, board: Board) -> None:
    async with signed_in(live.address, tokens.service({"VORONKA_JWT_SECRET": SECRET}, 60)) as socket:
        end = await (await socket.watch(board.funnel.id)).end()
        assert [error["extensions"]["code"] for error in end["payload"]] == ["FORBIDDEN"]


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


async def test_a_mutation_is_not_broken_off(live: Served, board: Board) -> None:
    """Neither by whoever has lost interest in it, nor by whoever has gone away."""
    token = live.token(board.account.id, board.manager.id, *Permission)
    move = "mutation ($id: ID!, $to: ID!) { moveDeal(input: {id: $id, toStageId: $to}) { __typename } }"
    for number, leave in enumerate(("complete", "go away")):
        async with live.db.transaction(board.account.id) as held:
            await held.execute("SELECT FROM stream_heads WHERE stream_id = $1 FOR UPDATE", board.funnel.id)
            socket = await _sent(live, token, move, {"id": str(board.deal.id), "to": str(board.funnel.own[number].id)})
            await until(lambda: any(one._mutations for one in _sockets(live)))
            if leave == "complete":
                await socket.send({"type": "complete", "id": "m"})
                await socket.send({"type": "ping"})
                assert await socket.receive() == {"type": "pong"}
            else:
                socket.connection.transport.abort()
        async with live.house.rooms.watching(*board.key) as room:
            await until(lambda: room.head.seq == number + 2)  # noqa: B023  # it is awaited here
            assert room.head.seq == number + 2
        await socket.connection.close()
    await until(lambda: _sockets(live) == set())


async def _sent(live: Served, token: str, query: str, variables: dict[str, str]) -> Socket:
    connection = await connect(f"ws://{live.address}/graphql", subprotocols=[PROTOCOL], proxy=None)
    socket = Socket(connection)
    await socket.init(token)
    await socket.subscribe("m", query, variables)
    return socket


def _sockets(live: Served) -> set[module.Socket]:
    return {one for one in live.house.sockets._open if isinstance(one, module.Socket)}


async def test_a_hundred_broken_sockets_leave_nothing_behind(live: Served, board: Board) -> None:
    token = live.token(board.account.id, board.viewer.id)
    for _ in range(10):
        sockets = [await _sent(live, token, BOARD, {"funnelId": str(board.funnel.id)}) for _ in range(10)]
        moving = asyncio.create_task(board.move(live.db))
        for socket in sockets:
            socket.connection.transport.abort()
        await moving
    await until(lambda: _sockets(live) == set())

    assert live.house.rooms._rooms == {}
    # What is read for all who asked goes on for a moment, whoever went away.
    await until(lambda: live.db.pool.get_size() == live.db.pool.get_idle_size())
