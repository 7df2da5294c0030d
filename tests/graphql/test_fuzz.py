"""Whatever is asked of the API: it answers, or refuses by a code that the contract has; a refusal changes nothing.

`FUZZ=500` tries that many inputs of each field, other ones each time; without it they are a few, and always the same.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

from shared import ids
from shared.db import Database
from tests.client import Api
from tests.graphql.drawing import Recipe, recipes
from tests.graphql.good import INPUTS, OF_THE_CRM, VARIABLES
from tests.graphql.state import Books, changed
from tests.graphql.surface import document, fields_of
from tests.graphql.talking import Talker, somebody

Attempt = Callable[[Recipe], Coroutine[Any, Any, None]]
LARGEST = 262_144  # bytes of a request
TURNS = 12  # things that are done in an account before there is a new one
LAST = {"archiveFunnel", "archiveDeals", "deleteStage", "cancelModule"}  # after these not much can be done in it
# Of errors; what is wrong on our side, or only for a while, is not among them.
CODES = {"BAD_USER_INPUT", "NOT_FOUND", "FORBIDDEN", "TOO_COSTLY"}


async def fuzz(asked: SearchStrategy[Recipe], each: int, attempt: Attempt) -> None:
    """Try so many. Hypothesis draws in a thread of its own, since it breaks off by exceptions that a loop must not see."""
    loop = asyncio.get_running_loop()

    @settings(
        max_examples=int(os.environ.get("FUZZ", each)),
        deadline=None,
        derandomize="FUZZ" not in os.environ,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(asked=asked)
    def one(asked: Recipe) -> None:
        asyncio.run_coroutine_threadsafe(attempt(asked), loop).result()

    await asyncio.to_thread(one)


@pytest.fixture(scope="module")
async def books(dsn: str) -> AsyncIterator[Books]:
    async with Books.open(dsn) as books:
        yield books


@dataclass
class Home:
    """Who tries it all, in an account that is made anew when much has been done in it."""

    api: Api
    db: Database
    stranger: Talker
    talker: Talker
    cursors: list[str]
    done: int = 0

    @classmethod
    async def new(cls, api: Api, db: Database) -> "Home":
        talker = await somebody(api, db)
        return cls(api, db, await somebody(api, db), talker, await cursors_of(talker))

    async def made(self, root: str, recipe: Recipe) -> Any:
        if self.done >= TURNS:
            await everything_is_read(self.talker)
            self.talker, self.done = await somebody(self.api, self.db), 0
            self.cursors = await cursors_of(self.talker)
        it = self.talker.it
        good = INPUTS[recipe.name](it) if root == "Mutation" else VARIABLES[recipe.name](it)
        return recipe.made(good, [*it.kinds, *self.stranger.it.one_of_each], self.cursors)


async def everything_is_read(talker: Talker) -> None:
    """Whatever was written, no list of it is broken by that."""
    for name in fields_of("Query"):
        asked = document("Query", name, depth=1)
        (answer,) = await talker.ask("HTTP", asked.text, [VARIABLES[name](talker.it)])
        assert "errors" not in answer, answer


async def cursors_of(talker: Talker) -> list[str]:
    board, deals = document("Query", "board", depth=1), document("Query", "deals", depth=1)
    (shown,) = await talker.ask("HTTP", board.text, [VARIABLES["board"](talker.it)])
    (listed,) = await talker.ask("HTTP", deals.text, [VARIABLES["deals"](talker.it)])
    return [shown["data"]["board"]["cursor"], listed["data"]["deals"]["pageInfo"]["endCursor"]]


@pytest.fixture(scope="module")
async def home(api: Api, db: Database) -> Home:
    return await Home.new(api, db)


async def post(api: Api, token: str, text: str, variables: Any) -> Any:
    """The answer's body, which is data, or an error with a code that a client can do something about.

    What is larger than any request may be is not sent: another test shows what becomes of that.
    """
    body = json.dumps({"query": text, "variables": variables}).encode()  # numbers of any length among them
    if len(body) > LARGEST:
        return {}
    answer = await api.post(body, token)
    assert answer.status in (200, 400), answer.text
    assert set(answer.body) <= {"data", "errors", "extensions"}, answer.text
    assert {error["extensions"]["code"] for error in answer.body.get("errors", [])} <= CODES, answer.text
    return answer.body


def told(answer: Any) -> list[tuple[str, object]]:
    """Every id in an answer, and where it says that the log stood."""
    if isinstance(answer, list):
        return [one for inner in answer for one in told(inner)]
    if not isinstance(answer, dict):
        return []
    own = [(name, value) for name, value in answer.items() if name.lower().endswith(("id", "seq", "cursor"))]
    return own + [one for inner in answer.values() for one in told(inner)]


@pytest.mark.parametrize("name", fields_of("Query"))
async def test_every_query_is_answered(home: Home, name: str) -> None:
    async def ask(asked: Recipe) -> None:
        await post(home.api, home.talker.token, document("Query", name).text, await home.made("Query", asked))

    await fuzz(recipes("Query", name), 6, ask)


@pytest.mark.parametrize("name", fields_of("Mutation"))
async def test_every_mutation_is_done_once_or_not_at_all(home: Home, books: Books, name: str) -> None:
    async def act(asked: Recipe) -> None:
        input = await home.made("Mutation", asked)
        keyed = isinstance(input, dict) and "idempotencyKey" not in input
        if keyed:
            input |= {"idempotencyKey": str(ids.new())}
        account, token = home.talker.it.account, home.api.service() if name in OF_THE_CRM else home.talker.token
        before, accounts = await books.of(account), await books.count_accounts()

        answer = await post(home.api, token, document("Mutation", name).text, {"input": input})

        after, done = await books.of(account), (answer.get("data") or {}).get(name)
        if done is None or not done["__typename"].endswith("Payload"):
            assert (changed(before, after), await books.count_accounts()) == ([], accounts)
            return
        home.done = TURNS if name in LAST else home.done + 1
        if keyed:
            again = await post(home.api, token, document("Mutation", name).text, {"input": input})
            assert told(again) == told(answer)
            assert changed(after, await books.of(account)) == []

    await fuzz(recipes("Mutation", name), 8, act)
