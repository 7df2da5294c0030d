"""What is read for a level is read at once: the number of statements does not grow with the number of deals."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from services.graphql.context import Context
from services.graphql.engine.asked import Asked
from services.graphql.engine.document import Documents
from services.graphql.engine.execute import answer, prepare
from services.graphql.live.rooms import Rooms
from services.graphql.schema import executable
from services.graphql.viewer import Viewer
from shared import accounts, deals
from shared.actor import Permission
from shared.config import Settings
from shared.db import Database, connect
from shared.money import Money
from tests import make

BOARD = """query ($id: ID!) { board(funnelId: $id) { seq cursor
    funnel { name dealCount openValue { amount } viewers { name } lossReasons { name } }
    columns { dealCount value { amount } stage { name dealCount value { amount } }
        deals(first: 200) { totalCount nodes {
            id title assignee { name } funnel { name } stage { name } lossReason { name } closedFromStage { name }
            idleFrom } } } } }"""
EVENTS = """query ($id: ID!) { boardEvents(funnelId: $id, first: 200) { events {
    seq actor { user { name } }
    ... on DealCreated { deal { assignee { name } stage { name } funnel { name } } }
    ... on DealMoved { fromStage { name } toStage { name } deal { assignee { name } stage { name } lossReason { name } } }
} } }"""

ITEMS = """query ($id: ID!) { board(funnelId: $id) { columns { deals { nodes {
    notes { totalCount nodes { text author { name } } }
    tasks { title assignee { name } deal { title } }
    history { nodes { kind actor { user { name } } note { text } task { title deal { title } } } } } } } } }"""


class Statements:
    """What one connection is asked, in its order."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, query: asyncpg.connection.LoggedQuery) -> None:
        self.said.append(query.query)


@pytest.fixture
async def watched(dsn: str) -> AsyncIterator[tuple[Database, Statements]]:
    """A pool of one connection, whose statements are noted."""
    statements = Statements()
    async with connect(dsn, size=1) as db:
        async with db.pool.acquire() as conn:
            conn.add_query_logger(statements.note)
        yield db, statements


async def fill(db: Database, account: accounts.Account, count: int) -> tuple[make.Funnel, accounts.User]:
    """A funnel with that many deals in each of its columns, each of somebody else, who wrote a note and has a task."""
    async with db.transaction(account.id) as tx:
        people = [await make.user(tx, f"Людина {number}") for number in range(count)]
        funnel = await make.funnel(tx, stages=2, viewers=people, idle_after_days=3)
        for stage in funnel.stages:
            for person in people:
                tx.actor = make.actor(person, *Permission)
                deal = await make.deal(tx, funnel, stage=stage, assignee_id=person.id, amount=Money(100, "UAH"))
                await deals.add_note(tx, deals.NoteDraft(deal.id, "Дзвонив"))
                await deals.add_task(tx, deals.NewTask(deal.id, "Подзвонити"))
    return funnel, people[0]


async def asked(
    watched: tuple[Database, Statements], account: accounts.Account, query: str, count: int
) -> tuple[Any, list[str]]:
    """The data of that query over such a funnel, and the statements that it took."""
    db, statements = watched
    funnel, person = await fill(db, account, count)
    given = Settings(database_url="unused", redis_url="unused", voronka_env="test")
    until = datetime.now(UTC) + timedelta(hours=1)
    viewer = Viewer(make.actor(person, *Permission), account, person, account.id, None, until)
    ctx = Context(db, given, Rooms(db), viewer, "uk")
    documents = Documents(executable, introspection=True, suggestions=True)
    deal_id = await db.pool.fetchval("SELECT min(id::text) FROM deals WHERE funnel_id = $1", funnel.id)
    operation = prepare(documents, Asked(query, variables={"id": str(funnel.id), "deal": deal_id}))

    statements.said.clear()
    answered = await answer(executable, operation, ctx)
    await ctx.close()

    assert "errors" not in answered.body
    return answered.body["data"], list(statements.said)


async def test_reads_a_board_in_a_number_of_statements_that_does_not_grow(
    watched: tuple[Database, Statements], account: accounts.Account
) -> None:
    small, few = await asked(watched, account, BOARD, 1)
    large, many = await asked(watched, account, BOARD, 12)

    shown = [len(column["deals"]["nodes"]) for board in (small, large) for column in board["board"]["columns"]]
    assert shown == [1] * 5 + [12] * 5
    assert {column["dealCount"] for column in large["board"]["columns"]} == {12}
    names = [deal["assignee"]["name"] for deal in large["board"]["columns"][0]["deals"]["nodes"]]
    assert names == [f"Людина {number}" for number in reversed(range(12))]
    assert sorted(many) == sorted(few)


async def test_reads_a_log_in_a_number_of_statements_that_does_not_grow(
    watched: tuple[Database, Statements], account: accounts.Account
) -> None:
    small, few = await asked(watched, account, EVENTS, 1)
    large, many = await asked(watched, account, EVENTS, 12)

    assert [len(log["boardEvents"]["events"]) for log in (small, large)] == [
        19,
        200,
    ]  # each is made, noted and given a task; four in five are moved
    assert sorted(many) == sorted(few)


async def test_reads_notes_tasks_and_histories_in_a_number_of_statements_that_does_not_grow(
    watched: tuple[Database, Statements], account: accounts.Account
) -> None:
    _, few = await asked(watched, account, ITEMS, 1)
    large, many = await asked(watched, account, ITEMS, 12)

    last = large["board"]["columns"][1]["deals"]["nodes"][-1]
    task = {"title": "Подзвонити", "deal": {"title": "Офіс на Подолі"}}
    assert last["notes"] == {"totalCount": 1, "nodes": [{"text": "Дзвонив", "author": {"name": "Людина 0"}}]}
    assert last["tasks"] == [task | {"assignee": {"name": "Людина 0"}}]
    assert [(item["kind"], item["note"], item["task"]) for item in last["history"]["nodes"]] == [
        ("TASK_ADDED", None, task),
        ("NOTE_ADDED", {"text": "Дзвонив"}, None),
        ("MOVED", None, None),
        ("CREATED", None, None),
    ]
    assert sorted(many) == sorted(few)


async def test_reads_one_state_however_many_statements_it_takes(
    watched: tuple[Database, Statements], account: accounts.Account
) -> None:
    _, said = await asked(watched, account, BOARD, 1)

    assert [one.split(";")[0] for one in said if one.startswith("BEGIN")] == [
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    ]
    assert said[-1] == "COMMIT"


SHOWN = """query ($id: ID!) { board(funnelId: $id) { seq columns { dealCount value { amount }
    stage { name } deals(first: 50) { totalCount nodes { id title amount { amount } contact { name } } } } } }"""
DEAL = """query ($deal: ID!) { deal(id: $deal) {
    title stage { name } funnel { name } assignee { name } history(first: 10) { nodes { seq actor { user { name } } } }
} }"""
TABLE = """query ($id: ID!) { deals(filter: { funnelId: $id }, first: 1) { totalCount nodes {
    title stage { name } funnel { name } assignee { name } history(first: 10) { nodes { seq actor { user { name } } } }
} } }"""
FUNNELS = """query ($id: ID!) { funnel(id: $id) { id }
    funnels(first: 20) { nodes { name dealCount openValue { amount currency } } } }"""


@pytest.mark.parametrize(("query", "statements"), [(SHOWN, 6), (DEAL, 4), (TABLE, 9), (FUNNELS, 5)])
async def test_what_is_looked_at_all_day_takes_that_many_statements(
    watched: tuple[Database, Statements], account: accounts.Account, query: str, statements: int
) -> None:
    """Its BEGIN and COMMIT among them."""
    _, said = await asked(watched, account, query, 3)

    assert len(said) == statements, "\n".join(said)
