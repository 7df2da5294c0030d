"""Apollo Client 4, urql 6, graphql-ws and graphql-sse of npm against a running API."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from shared.actor import Permission
from shared.db import Database
from tests import client
from tests.graphql.clients.hands import Client, Hand, Seen, opened
from tests.graphql.live.boards import Board
from tests.graphql.live.cutting import Way

KINDS: dict[str, dict[str, Any]] = {
    "graphql-ws": {"kind": "graphql-ws"},
    "graphql-sse": {"kind": "graphql-sse"},
    "urql": {"kind": "urql"},
    "Apollo, in parts": {"kind": "apollo"},
    "Apollo, over a socket": {"kind": "apollo", "socket": True},
}
BOARD = """query Board($id: ID!) { board(funnelId: $id) { funnel { id } columns {
    stage { id name } deals { nodes { id title version } } } } }"""
RENAME = """mutation Rename($input: UpdateDealInput!) { updateDeal(input: $input) {
    __typename ... on UpdateDealPayload { deal { id title version } } ... on Error { message } } }"""
CHANGED = """subscription Changed($id: ID!, $after: Cursor) { boardChanged(funnelId: $id, after: $after) {
    __typename ... on BoardReady { seq cursor } ... on BoardResync { reason seq cursor }
    ... on BoardEvent { seq cursor } } }"""
SECONDS = 4  # that the first token of a follower lives


@asynccontextmanager
async def of(node: Hand, api: client.Api, board: Board, address: str, **options: Any) -> AsyncIterator[Client]:
    """A client of the board's manager."""
    claims = {
        "sub": str(board.manager.id),
        "account": str(board.account.id),
        "name": "Олена",
        "permissions": [str(permission) for permission in Permission],
        "iss": "crm",
        "aud": "voronka",
    }
    async with opened(node, f"http://{address}/graphql", claims, api.env["VORONKA_JWT_SECRET"], **options) as made:
        yield made


def titles(seen: Any) -> list[str]:
    """Of the board's deals."""
    return [deal["title"] for column in seen["board"]["columns"] for deal in column["deals"]["nodes"]]


async def seqs(seen: Seen, up_to: int) -> list[int]:
    """Of the events that it is told, until that one; it may be told again from where it follows."""
    found: list[int] = []
    while not found or found[-1] < up_to:
        told = (await seen.next())["boardChanged"]
        assert told["__typename"] in ("BoardReady", "DealMoved"), told
        if told["__typename"] == "DealMoved":
            found.append(told["seq"])
    return found


async def ready(seen: Seen) -> None:
    assert (await seen.next())["boardChanged"]["__typename"] == "BoardReady"


async def test_follow_a_board_through_cuts_and_the_end_of_their_tokens(
    node: Hand, api: client.Api, board: Board, db: Database, way: Way
) -> None:
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(of(node, api, board, way.address, firstSeconds=SECONDS, **options))
            for options in KINDS.values()
        ]
        followed = [one.follow(CHANGED, id=str(board.funnel.id), after=None) for one in clients]
        await asyncio.gather(*map(ready, followed))
        await board.move(db, 2)
        assert await asyncio.gather(*(seqs(one, 3) for one in followed)) == [[2, 3]] * 5

        await asyncio.gather(*map(ready, followed))  # once more, after the first token has ended
        await board.move(db)
        assert await asyncio.gather(*(seqs(one, 4) for one in followed)) == [[4]] * 5

        taken = way.taken
        way.cut()
        await board.move(db, 2)  # while they are away, or as good as
        assert await asyncio.gather(*(seqs(one, 6) for one in followed)) == [[5, 6]] * 5
        assert way.taken >= taken + 5


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
async def test_ask_and_act(node: Hand, api: client.Api, board: Board, way: Way, options: dict[str, Any]) -> None:
    async with of(node, api, board, way.address, **options) as someone:
        seen = await someone.ask(BOARD, id=str(board.funnel.id))
        assert titles(seen) == [board.deal.title]

        done = await someone.act(RENAME, input={"id": str(board.deal.id), "title": "Склад"})
        assert (done["updateDeal"]["__typename"], done["updateDeal"]["deal"]["title"]) == ("UpdateDealPayload", "Склад")
        seen = await someone.ask(BOARD, id=str(board.funnel.id))
        assert titles(seen) == ["Склад"]


@pytest.mark.parametrize("kind", ["apollo", "urql"])
async def test_show_what_a_mutation_changed_without_asking_again(
    node: Hand, api: client.Api, board: Board, way: Way, kind: str
) -> None:
    async with of(node, api, board, way.address, kind=kind) as someone:
        seen = someone.look(BOARD, id=str(board.funnel.id))
        assert titles(await seen.next()) == [board.deal.title]
        await someone.act(RENAME, input={"id": str(board.deal.id), "title": "Пекарня"})
        assert titles(await seen.next()) == ["Пекарня"]
        sent = await someone.requests()

    assert [request["status"] for request in sent] == [200, 200]  # the query and the mutation, no more
    assert {request["type"] for request in sent} == {"application/graphql-response+json; charset=utf-8"}


async def test_apollo_sends_a_document_once_and_then_its_hash(
    node: Hand, api: client.Api, board: Board, way: Way
) -> None:
    mine = BOARD.replace("Board(", f"Board{UUID(int=board.deal.id.int).hex}(")  # nobody has registered it yet
    async with of(node, api, board, way.address, kind="apollo", persisted=True) as someone:
        for _ in range(2):
            assert titles(await someone.ask(mine, id=str(board.funnel.id))) == [board.deal.title]
        sent = await someone.requests()

    assert [(one["method"], one["query"], one["status"]) for one in sent] == [
        ("GET", False, 400),
        ("POST", True, 200),
        ("GET", False, 200),
    ]
