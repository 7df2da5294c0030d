"""What a user may ask for in a minute, and how many sockets they may have, over all processes."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import anyio
import orjson
import pytest

from services.graphql.limits import Budget, Counter, Standing
from services.graphql.viewer import Viewer
from shared import accounts, ids
from shared.actor import Actor, ActorKind, Permission
from tests.client import Answer, Api
from tests.forks import another
from tests.graphql.asking import Person, stage
from tests.graphql.live.boards import GLANCE, PATIENCE
from tests.graphql.live.cutting import way_to
from tests.graphql.live.streams import reading
from tests.sockets import connected, signed_in

ME = "{ viewer { user { id } } }"
FUNNELS = "{ funnels { totalCount } }"
CREATE = "mutation ($input: CreateFunnelInput!) { createFunnel(input: $input) { __typename } }"
NOWHERE = "redis://127.0.0.1:1/0"
FOLLOW = "subscription { billingChanged { __typename } }"
TOO_MANY = {"errors": [{"message": "Too many connections: a user may have 2.", "extensions": {"code": "THROTTLED"}}]}
OK = 200
A_THIRD = 20  # seconds until a third of a budget is back


@pytest.fixture(scope="module")
async def apis(api: Api, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[list[Api]]:
    """Two processes that count together, and one whose Redis is not there."""
    folder = tmp_path_factory.mktemp("budget")
    limits = {"VORONKA_COST_PER_MINUTE": "3", "VORONKA_SOCKETS_PER_USER": "2"}
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(another(api, folder, REDIS_URL=url, **limits))
            for url in (redis_url, redis_url, NOWHERE)
        ]


def somebody(api: Api, account: accounts.Account, *permissions: Permission) -> Person:
    id = ids.new()
    return Person(api, account.id, id, api.person(account.id, *permissions, user_id=id))


def elsewhere(person: Person, api: Api) -> Person:
    """The same person at another process."""
    return Person(api, person.account_id, person.id, person.token)


def spent(answer: Answer) -> tuple[int, Any, Any]:
    """What it cost, and what is left, as the body and the headers say."""
    cost = answer.body["extensions"]["cost"]
    status = cost["throttleStatus"]
    assert (status["maximumAvailable"], status["restoreRate"]) == (3, 0.05)
    assert answer.headers["ratelimit-limit"] == "3"
    assert answer.headers["ratelimit-reset"] == str(status["fullInSeconds"])
    return cost["requestedQueryCost"], status["currentlyAvailable"], answer.headers["ratelimit-remaining"]


async def test_processes_count_together(apis: list[Api], account: accounts.Account) -> None:
    here = somebody(apis[0], account, *Permission)
    there = elsewhere(here, apis[1])

    assert spent(await here.answer(ME)) == (1, 2, "2")
    assert spent(await there.answer(ME)) == (1, 1, "1")
    assert spent(await here.answer("{ funnels(first: 1) { nodes { id } } }")) == (1, 0, "0")
    input = {"name": "Оренда", "stages": [stage("Показ")], "lossReasons": ["Дорого"]}
    refused = await there.answer(CREATE, {"input": input})

    (error,) = refused.errors
    seconds = error["extensions"]["retryAfter"]
    assert 1 <= seconds <= A_THIRD
    assert (refused.status, refused.headers["retry-after"]) == (429, str(seconds))
    assert error == {
        "message": f"You have used up your 3 a minute: try again in {seconds} s.",
        "extensions": {"code": "THROTTLED", "retryAfter": seconds},
    }
    assert spent(refused) == (1, 0, "0")
    assert "data" not in refused.body
    colleague = somebody(apis[0], account, *Permission)
    assert (await colleague.ask(FUNNELS)) == {"funnels": {"totalCount": 0}}  # and nothing was done


async def test_what_is_more_than_a_minute_has_is_too_costly(apis: list[Api], account: accounts.Account) -> None:
    person = somebody(apis[0], account)

    refused = await person.answer("{ funnels(first: 4) { nodes { id } } }")

    assert (refused.status, refused.codes) == (200, ["TOO_COSTLY"])
    assert refused.errors[0]["message"] == "This costs 4, and a user has 3 a minute: ask for less at once."
    assert spent(await person.answer(ME)) == (1, 2, "2")  # nothing was taken for it


async def test_who_is_not_signed_in_has_nothing_to_use_up(apis: list[Api]) -> None:
    for _ in range(5):
        answer = await apis[0].graphql("{ __typename }")
        assert answer.body == {"data": {"__typename": "Query"}, "extensions": {"cost": {"requestedQueryCost": 1}}}


@pytest.mark.parametrize("query", [ME, 'subscription { boardChanged(funnelId: "x") { __typename } }'])
async def test_sockets_use_up_the_same(apis: list[Api], account: accounts.Account, query: str) -> None:
    person = somebody(apis[0], account)
    for left in (2, 1, 0):
        assert spent(await person.answer(ME)) == (1, left, str(left))

    async with signed_in(f"127.0.0.1:{apis[1].port}", person.token) as socket:
        await socket.subscribe("1", query)
        refused = await socket.of("1")

    assert refused["type"] == "error"
    (error,) = refused["payload"]
    assert error["extensions"]["code"] == "THROTTLED"
    assert 1 <= error["extensions"]["retryAfter"] <= A_THIRD


async def test_a_process_without_redis_counts_for_itself(apis: list[Api], account: accounts.Account) -> None:
    person = somebody(apis[2], account)

    for left in (2, 1, 0):
        assert spent(await person.answer(ME)) == (1, left, str(left))

    refused = await person.answer(ME)
    assert (refused.status, refused.codes) == (429, ["THROTTLED"])
    address = f"127.0.0.1:{apis[2].port}"
    async with signed_in(address, person.token), signed_in(address, person.token), connected(address) as third:
        await third.send({"type": "connection_init", "payload": {"authorization": f"Bearer {person.token}"}})
        assert await third.closed() == (4429, "Too many connections: a user may have 2.")


async def test_sockets_are_counted_over_processes(apis: list[Api], account: accounts.Account) -> None:
    token = somebody(apis[0], account).token
    addresses = [f"127.0.0.1:{api.port}" for api in apis]
    async with signed_in(addresses[0], token):
        async with signed_in(addresses[1], token):
            for address in addresses[:2]:
                async with connected(address) as third:
                    await third.send({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}})
                    assert await third.closed() == (4429, "Too many connections: a user may have 2.")
            async with signed_in(addresses[0], somebody(apis[0], account).token):
                pass  # another one's are their own
        async with signed_in(addresses[0], token):
            pass  # one was closed


async def test_streamed_answers_count_as_sockets_do(apis: list[Api], account: accounts.Account) -> None:
    person = somebody(apis[0], account, Permission.BILLING_MANAGE)
    here, there = (f"127.0.0.1:{api.port}" for api in apis[:2])
    async with signed_in(here, person.token), reading(there, FOLLOW, token=person.token) as stream:
        assert (await stream.event())[1]["data"]["billingChanged"]["__typename"] == "BillingReady"

        async with reading(here, FOLLOW, token=person.token) as third:
            assert (third.response.status_code, orjson.loads(await third.response.aread())) == (429, TOO_MANY)
        async with connected(here) as third:
            await third.send({"type": "connection_init", "payload": {"authorization": f"Bearer {person.token}"}})
            assert await third.closed() == (4429, "Too many connections: a user may have 2.")
        await stream.response.aclose()
        with anyio.fail_after(PATIENCE):
            while await _status(here, person) != OK:  # noqa: ASYNC110  # that a place is free again, nobody is told
                await anyio.sleep(GLANCE)


async def _status(address: str, person: Person) -> int:
    """What another stream is answered with."""
    async with reading(address, FOLLOW, token=person.token) as stream:
        return stream.response.status_code


async def test_nothing_is_counted_unless_it_is_set(owner: Person) -> None:
    answer = await owner.answer("{ funnels(first: 7) { nodes { id } } }")

    assert answer.body["extensions"] == {"cost": {"requestedQueryCost": 7}}
    assert [name for name in answer.headers if name.startswith("ratelimit")] == []


async def test_says_what_was_too_costly(owner: Person) -> None:
    answer = await owner.answer("{ deals(first: 200) { nodes { notes(first: 100) { nodes { id } } } } }")

    assert (answer.status, answer.codes) == (200, ["TOO_COSTLY"])
    assert answer.body["extensions"] == {"cost": {"requestedQueryCost": 20_200}}


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def viewer() -> Viewer:
    """Somebody whom nobody knows."""
    actor = Actor(ActorKind.USER, ids.new(), "Олена", frozenset())
    return Viewer(actor, None, None, ids.new(), None, datetime.now(UTC))


async def test_a_budget_comes_back_evenly() -> None:
    clock, somebody = Clock(), viewer()
    budget = Budget(60, Counter(NOWHERE), clock)

    assert await budget.spend(somebody, 50) == Standing(60, 50.0)
    assert await budget.spend(somebody, 20) == Standing(60, 50.0, retry_after=10)
    clock.now += 10
    assert await budget.spend(somebody, 20) == Standing(60, 60.0)
    clock.now += 30
    assert (await budget.spend(somebody, 1)).left == 29
    clock.now += 3_600
    assert (await budget.spend(somebody, 1)).left == 59


async def test_a_silent_redis_is_asked_again_only_later(redis_url: str) -> None:
    credentials, _, address = redis_url.removeprefix("redis://").partition("@")
    async with way_to(address.partition("/")[0]) as way:
        counter = Counter(f"redis://{credentials}@{way.address}/0")
        budget, somebody = Budget(3, counter), viewer()
        assert (await budget.spend(somebody, 1)).left == 2
        way.silence()

        assert [(await budget.spend(somebody, 1)).left for _ in range(3)] == [2, 1, 0]  # counted here, from the full

        assert way.taken == 1  # it was asked once, and then left alone
        await counter.close()
