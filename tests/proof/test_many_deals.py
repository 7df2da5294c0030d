"""Thirty thousand deals in one funnel: it is looked at, searched and worked in as if there were ten."""

import pytest

from shared.actor import Permission
from shared.db import Database
from tests import make
from tests.client import Api
from tests.proof.hands import Hands
from tests.proof.many import fill

MANY = 30_000
BOARD = """query ($id: ID!) { board(funnelId: $id) { seq columns { stage { id } dealCount value { amount }
    deals(first: 50) { nodes { id number title assignee { name } } pageInfo { hasNextPage endCursor } } } } }"""
TABLE = """query ($filter: DealFilter) { deals(filter: $filter, first: 50) { totalCount nodes { number title } } }"""
COLUMN = """SELECT id FROM deals WHERE account_id = $1 AND stage_id = $2 AND position > '' ORDER BY position LIMIT 51"""
NEWEST = """SELECT id FROM deals WHERE account_id = $1 ORDER BY created_at DESC NULLS LAST, id LIMIT 51"""


@pytest.fixture(scope="module")
async def crowded(db: Database, api: Api) -> tuple[make.Funnel, Hands]:
    account = await make.account(db)
    funnel, user = await fill(db, account, MANY)
    await db.pool.execute("ANALYZE deals, deal_search, stage_totals")
    return funnel, Hands(api, api.person(account.id, *Permission, user_id=user.id))


async def test_the_board_the_table_and_a_move_answer(crowded: tuple[make.Funnel, Hands]) -> None:
    funnel, person = crowded

    board = (await person.ask(BOARD, id=str(funnel.id)))["board"]
    counts = [column["dealCount"] for column in board["columns"]]
    assert counts == [5_000] * 6 + [0, 0]
    assert [len(column["deals"]["nodes"]) for column in board["columns"]] == [50] * 6 + [0, 0]
    assert board["columns"][0]["value"] == [{"amount": "5000.00"}]

    table = (await person.ask(TABLE, filter={"funnelId": str(funnel.id)}))["deals"]
    assert (table["totalCount"], [deal["number"] for deal in table["nodes"]]) == (MANY, list(range(1, 51)))
    found = (await person.ask(TABLE, filter={"search": "0500012345"}))["deals"]
    assert [deal["number"] for deal in found["nodes"]] == [12_345]

    first = board["columns"][0]["deals"]["nodes"][0]["id"]
    moved = await person.do(
        "moveDeal", "deal { id }", id=first, toStageId=str(funnel.own[0].id), place={"bottom": True}
    )
    assert moved["__typename"] == "MoveDealPayload"
    assert (await person.ask(BOARD, id=str(funnel.id)))["board"]["columns"][1]["dealCount"] == 5_001


@pytest.mark.parametrize("query", [COLUMN, NEWEST])
async def test_hot_statements_go_by_an_index(db: Database, crowded: tuple[make.Funnel, Hands], query: str) -> None:
    funnel, _ = crowded
    account_id = await db.pool.fetchval("SELECT account_id FROM funnels WHERE id = $1", funnel.id)
    values = [account_id, funnel.entry.id][: query.count("$")]

    async with db.transaction(account_id) as tx:
        plan = "\n".join(row[0] for row in await tx.fetch(f"EXPLAIN {query}", *values))

    assert "Seq Scan on deals" not in plan
    assert "Index" in plan
