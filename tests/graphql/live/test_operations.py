"""What runs over a socket: operations side by side, each by its id, and what is left of them when it is cut."""

import asyncio

from websockets.asyncio.client import connect

from services.graphql.live import socket as module
from services.local import tokens
from shared import ids
from shared.actor import Permission
from tests.graphql.live.boards import Board, until
from tests.graphql.live.house import SECRET, Served, sockets_of
from tests.sockets import BOARD, PROTOCOL, Socket, signed_in


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


async def test_a_mutation_is_not_broken_off(live: Served, board: Board) -> None:
    """Neither by whoever has lost interest in it, nor by whoever has gone away."""
    token = live.token(board.account.id, board.manager.id, *Permission)
    move = "mutation ($id: ID!, $to: ID!) { moveDeal(input: {id: $id, toStageId: $to}) { __typename } }"
    for number, leave in enumerate(("complete", "go away")):
        async with live.db.transaction(board.account.id) as held:
            await held.execute("SELECT FROM stream_heads WHERE stream_id = $1 FOR UPDATE", board.funnel.id)
            socket = await _sent(live, token, move, {"id": str(board.deal.id), "to": str(board.funnel.own[number].id)})
            await until(lambda: any(one._mutations for one in sockets_of(live)))
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
    await until(lambda: sockets_of(live) == set())


async def _sent(live: Served, token: str, query: str, variables: dict[str, str]) -> Socket:
    connection = await connect(f"ws://{live.address}/graphql", subprotocols=[PROTOCOL], proxy=None)
    socket = Socket(connection)
    await socket.init(token)
    await socket.subscribe("m", query, variables)
    return socket


async def test_a_hundred_broken_sockets_leave_nothing_behind(live: Served, board: Board) -> None:
    token = live.token(board.account.id, board.viewer.id)
    for _ in range(10):
        sockets = [await _sent(live, token, BOARD, {"funnelId": str(board.funnel.id)}) for _ in range(10)]
        moving = asyncio.create_task(board.move(live.db))
        for socket in sockets:
            socket.connection.transport.abort()
        await moving
    await until(lambda: sockets_of(live) == set())

    assert live.house.rooms._rooms == {}
    # What is read for all who asked goes on for a moment, whoever went away.
    await until(lambda: live.db.pool.get_size() == live.db.pool.get_idle_size())
