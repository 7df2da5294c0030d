"""Thirty thousand deals in one funnel: it is looked at, searched and worked in as if there were ten."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.actor import Permission
from shared.db import Database
from tests.client import Api
from tests.proof.hands import Hands
from tests.proof.many import Crowd, fill
from tests.proof.spying import Spy, spying

MANY, FEW = 30_000, 12
BOARD = """query ($id: ID!) { board(funnelId: $id) { seq columns { stage { id } dealCount value { amount }
    deals(first: 50) { nodes { id number title assignee { name } } pageInfo { hasNextPage endCursor } } } } }"""
TABLE = """query ($filter: DealFilter) { deals(filter: $filter, first: 50) { totalCount nodes { number title } } }"""
PAGE = """query ($filter: DealFilter) { deals(filter: $filter, first: 50) { nodes { id number title } } }"""
PAST = """query ($id: ID!, $asOf: Cursor!) { pastBoard(funnelId: $id, asOf: $asOf) { seq
    columns { dealCount value { amount } deals(first: 2) { nodes { number version } } } } }"""
MOVE = """mutation ($input: MoveDealInput!) { moveDeal(input: $input) { __typename } }"""
MOVE_SHOWN = """mutation ($input: MoveDealInput!) { moveDeal(input: $input) {
    ... on MoveDealPayload { seq cursor missing deal { version stage { name } assignee { name } } } } }"""
NAMES_DEALS = re.compile(r"\b(FROM|JOIN|UPDATE) deals\b")


@pytest.fixture(scope="module")
async def crowd(db: Database) -> Crowd:
    filled = await fill(db, MANY)
    await db.pool.execute("ANALYZE deals, deal_search, stage_totals, stage_visits")
    return filled


@pytest.fixture
def person(api: Api, crowd: Crowd) -> Hands:
    return Hands(api, api.person(crowd.account.id, *Permission, user_id=crowd.user.id))


@pytest.fixture
async def spy(dsn: str) -> AsyncIterator[Spy]:
    async with spying(dsn) as listening:
        yield listening


async def test_the_board_the_table_and_the_search_answer(crowd: Crowd, person: Hands) -> None:
    board = (await person.ask(BOARD, id=str(crowd.funnel.id)))["board"]
    assert [column["dealCount"] for column in board["columns"]] == [5_000] * 6 + [0, 0]
    assert [len(column["deals"]["nodes"]) for column in board["columns"]] == [50] * 6 + [0, 0]
    assert board["columns"][0]["value"] == [{"amount": "5000.00"}]

    table = (await person.ask(TABLE, filter={"funnelId": str(crowd.funnel.id)}))["deals"]
    assert (table["totalCount"], [deal["number"] for deal in table["nodes"]]) == (MANY, list(range(1, 51)))
    found = (await person.ask(TABLE, filter={"search": "0500012345"}))["deals"]
    assert [deal["number"] for deal in found["nodes"]] == [12_345]


async def test_a_deal_is_moved_and_the_past_stays(crowd: Crowd, person: Hands) -> None:
    def numbers(past: Any) -> list[list[tuple[int, int]]]:
        return [[(deal["number"], deal["version"]) for deal in column["deals"]["nodes"]] for column in past["columns"]]

    first, *_ = (await person.ask(BOARD, id=str(crowd.funnel.id)))["board"]["columns"][0]["deals"]["nodes"]
    there, back = crowd.funnel.own[0].id, crowd.funnel.entry.id
    moved = await person.do("moveDeal", "seq cursor", id=first["id"], toStageId=str(there))
    returned = await person.do("moveDeal", "seq cursor", id=first["id"], toStageId=str(back), place={"bottom": True})
    board = (await person.ask(BOARD, id=str(crowd.funnel.id)))["board"]
    past = (await person.ask(PAST, id=str(crowd.funnel.id), asOf=moved["cursor"]))["pastBoard"]

    assert [moved["seq"], past["seq"], returned["seq"], board["seq"]] == [MANY + 1, MANY + 1, MANY + 2, MANY + 2]
    assert [column["dealCount"] for column in past["columns"]] == [4_999, 5_001, *[5_000] * 4, 0, 0]
    assert past["columns"][1]["value"] == [{"amount": "5001.00"}]
    assert numbers(past)[:3] == [[(12, 1), (18, 1)], [(6, 2), (1, 1)], [(2, 1), (8, 1)]]
    assert [column["dealCount"] for column in board["columns"]] == [5_000] * 6 + [0, 0]


async def test_a_board_takes_as_many_statements_as_one_of_a_few_deals(db: Database, crowd: Crowd, spy: Spy) -> None:
    small = await fill(db, FEW)

    _, few = [await spy.ask(small.account, small.user, BOARD, id=str(small.funnel.id)) for _ in range(2)]
    many = await spy.ask(crowd.account, crowd.user, BOARD, id=str(crowd.funnel.id))

    assert len(few) == len(many) > 3
    assert [said.query for said in many[1:]] == [said.query for said in few[1:]]  # the first one names the account


async def test_a_move_takes_as_many_statements_as_among_a_few_deals(db: Database, crowd: Crowd, spy: Spy) -> None:
    """Nine: to begin, to look at all that it touches, to write all of it, to end; then to show its payload."""
    taken = []
    for here in (await fill(db, FEW), crowd):
        deal_id = await db.pool.fetchval("SELECT id FROM deals WHERE account_id = $1 AND number = 8", here.account.id)
        for stage in (*here.funnel.own[1:], here.funnel.own[0]):
            given = {"id": str(deal_id), "toStageId": str(stage.id), "idempotencyKey": stage.id.hex}
            taken.append(len(await spy.ask(here.account, here.user, MOVE_SHOWN, input=given)))

    assert taken[2:] == [9] * (len(taken) - 2)  # before the first ones, the connection learns its types


@pytest.mark.parametrize("what", ["board", "table", "search", "move"])
async def test_no_hot_statement_looks_at_all_deals(db: Database, crowd: Crowd, spy: Spy, what: str) -> None:
    deal_id = await db.pool.fetchval("SELECT id FROM deals WHERE account_id = $1 AND number = 77", crowd.account.id)
    hot: dict[str, tuple[str, dict[str, Any]]] = {
        "board": (BOARD, {"id": str(crowd.funnel.id)}),
        "table": (PAGE, {"filter": {"funnelId": str(crowd.funnel.id)}}),
        "search": (PAGE, {"filter": {"search": "0500012345"}}),
        "move": (MOVE, {"input": {"id": str(deal_id), "toStageId": str(crowd.funnel.own[1].id)}}),
    }
    query, variables = hot[what]

    said = await spy.ask(crowd.account, crowd.user, query, **variables)
    plans = [await spy.plan(crowd.account, one) for one in said if NAMES_DEALS.search(one.query)]

    assert plans
    for plan in plans:
        assert "Seq Scan on deals" not in plan
        assert "Index" in plan
