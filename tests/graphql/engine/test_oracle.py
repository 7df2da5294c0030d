"""The engine comes to what the stock executor comes to, whatever is asked and whatever fails.

`VORONKA_DOCUMENTS=2000` asks more than the usual 200 documents.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from graphql import GraphQLSchema
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from services.graphql.context import Context
from services.graphql.engine.asked import Asked
from services.graphql.engine.document import Documents
from services.graphql.engine.execute import Operation, prepare, run, run_by_stock
from services.graphql.engine.refusals import RequestError
from services.graphql.live.rooms import Rooms
from services.graphql.schema import executable
from services.graphql.viewer import Viewer
from shared import accounts
from shared.actor import Permission
from shared.config import Settings
from shared.db import Database
from shared.money import Money
from tests import make
from tests.graphql.engine import toy
from tests.graphql.engine.documents import Writing
from tests.graphql.engine.oracle import told

# The stock executor leaves coroutines behind where a null goes up.
pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

MANY = int(os.environ.get("VORONKA_DOCUMENTS", "200"))
ASKED = settings(
    max_examples=MANY // 2,
    deadline=None,
    database=None,
    derandomize=MANY == 200,  # the same in every run, unless more are asked for
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TOY = Documents(toy.schema, introspection=False, suggestions=True)
REAL = Documents(executable, introspection=False, suggestions=True)
SEEDS = st.integers(0, 2**62)


def drawn(documents: Documents, schema: GraphQLSchema, seed: int, *ids: str, without: Any = ()) -> Operation:
    """A random operation; one that is refused is not counted."""
    writing = Writing(schema, Random(seed), ids, without)
    try:
        return prepare(documents, Asked(writing.document(), variables=writing.variables))
    except RequestError:
        assume(False)  # Hypothesis's own word
        raise


@ASKED
@given(SEEDS, st.sampled_from([8, 30, 10**9]))
async def test_fails_as_the_stock_executor_fails(seed: int, every: int) -> None:
    operation = drawn(TOY, toy.schema, seed)

    by_engine = await run(toy.schema, operation, toy.Context(seed, every))
    by_stock = await run_by_stock(toy.schema, operation, toy.Context(seed, every))

    assert told(by_engine) == told(by_stock), operation.document.text


@dataclass(frozen=True)
class Seeded:
    """An account that has something of everything, and what may be looked for in it."""

    db: Database
    viewer: Viewer
    ids: list[str]

    def ctx(self) -> Context:
        given = Settings(database_url="unused", redis_url="unused", voronka_env="test")
        return Context(self.db, given, Rooms(self.db), self.viewer, "uk")


@pytest.fixture(scope="session")
async def seeded(db: Database) -> Seeded:
    account: accounts.Account = await make.account(db)
    async with db.transaction(account.id) as tx:
        people = [await make.user(tx, f"Людина {number}") for number in range(3)]
        tx.actor = make.actor(people[0], *Permission)
        funnels = [await make.funnel(tx, viewers=people[:2], idle_after_days=3) for _ in range(2)]
        deals = [
            await make.deal(tx, funnel, stage=stage, assignee_id=person.id, amount=Money(100, "UAH"))
            for funnel in funnels
            for stage in funnel.stages
            for person in people[:2]
        ]
    things: list[Any] = [*people, *funnels, *deals[:4], *(stage for funnel in funnels for stage in funnel.stages[:2])]
    until = datetime.now(UTC) + timedelta(hours=1)
    viewer = Viewer(make.actor(people[0], *Permission), account, people[0], account.id, None, until)
    return Seeded(db, viewer, [str(one.id) for one in things] + [str(funnel.id) for funnel in funnels] * 4)


@ASKED
@given(SEEDS)
async def test_answers_as_the_stock_executor_answers(seeded: Seeded, seed: int) -> None:
    operation = drawn(REAL, executable, seed, *seeded.ids, without=["Account.now"])

    outcomes = []
    for execute in (run, run_by_stock):
        ctx = seeded.ctx()
        try:
            outcomes.append(await execute(executable, operation, ctx))
        finally:
            await ctx.close()

    assert told(outcomes[0]) == told(outcomes[1]), operation.document.text
