"""A trial's life as the CRM's testers see it: the clock is set, real workers do what falls due, whoever is killed."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from shared import ids
from shared.actor import Permission
from tests.client import Api
from tests.forks import another
from tests.graphql.asking import CREATE_ACCOUNT, CREATE_FUNNEL, REFUSED, START_TRIAL, Person, paths
from tests.worker.processes import eventually, worker

SET_CLOCK = f"""mutation ($input: SetClockInput!) {{ setClock(input: $input) {{ {REFUSED}
    ... on NotAllowedNow {{ reason }}
    ... on SetClockPayload {{ account {{ now usableModules }} }} }} }}"""
MODULE = "query ($id: ID!) { node(id: $id) { ... on ModuleSubscription { state usable trialEndsOn } } }"
DAY = timedelta(days=1)
NOON = datetime(2026, 3, 10, 10, tzinfo=UTC)  # in Kyiv
# Whoever decides about an account's modules holds its billing stream, which has the account's own id.
BILLING_HEAD = "SELECT FROM stream_heads WHERE account_id = $1 AND stream_id = $1 FOR UPDATE"


@pytest.fixture
def broker(redis_url: str) -> str:
    """A database of Valkey in which no other process of pytest looks for messages."""
    number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return f"{redis_url.rstrip('/').removesuffix('/0')}/{1 + int(number) % 15}"


@pytest.fixture
async def superuser(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """There are no jobs but the test's own."""
    conn = await asyncpg.connect(dsn)
    await conn.execute("DELETE FROM jobs")
    yield conn
    await conn.close()


@pytest.fixture
async def working(api: Api, broker: str, tmp_path: Path) -> AsyncIterator[Api]:
    """An API whose messages only the test's own workers hear."""
    async with another(api, tmp_path, REDIS_URL=broker) as started:
        yield started


class House:
    """The host CRM, and a person in a new test account of its."""

    def __init__(self, api: Api, account_id: Any) -> None:
        self.account_id = account_id
        self.crm = Person(api, account_id, account_id, api.service())
        id = ids.new()
        self.owner = Person(api, account_id, id, api.person(account_id, *Permission, user_id=id))

    async def set_clock(self, to: datetime, **more: Any) -> Any:
        return await self.crm.act(SET_CLOCK, accountId=str(self.account_id), now=to.isoformat(), **more)

    async def try_module(self, code: str) -> str:
        started = await self.owner.act(START_TRIAL, moduleCode=code)
        id: str = started["module"]["id"]
        return id

    async def module(self, id: str) -> Any:
        return (await self.owner.ask(MODULE, {"id": id}))["node"]


async def new_house(api: Api, **more: Any) -> House:
    crm = Person(api, ids.new(), ids.new(), api.service())
    made = await crm.act(CREATE_ACCOUNT, **{"name": "Проба", "test": True} | more)
    return House(api, ids.read(made["account"]["id"]))


def shows(answer: Any, moment: datetime) -> bool:
    """Whether the clock stands there, or has ticked on from there."""
    return moment <= datetime.fromisoformat(answer["account"]["now"]) < moment + timedelta(minutes=1)


async def test_trials_end_when_the_clock_walks_past_their_ends_whoever_is_killed(
    working: Api, dsn: str, broker: str, tmp_path: Path, superuser: asyncpg.Connection
) -> None:
    house = await new_house(working)
    assert shows(await house.set_clock(NOON), NOON)
    async with worker(tmp_path, dsn, broker, "first") as first:
        funnels = await house.try_module("sales_funnel")
        assert (await house.owner.act(CREATE_FUNNEL, name="Оренда"))["__typename"] == "CreateFunnelPayload"
        assert shows(await house.set_clock(NOON + 2 * DAY), NOON + 2 * DAY)
        calls = await house.try_module("telephony")

        arrived = await house.set_clock(NOON + 8 * DAY)
        assert shows(arrived, NOON + 8 * DAY)
        assert arrived["account"]["usableModules"] == ["telephony"]
        assert await house.module(funnels) == {"state": "CANCELLED", "usable": False, "trialEndsOn": "2026-03-17"}
        assert await house.module(calls) == {"state": "TRIALING", "usable": True, "trialEndsOn": "2026-03-19"}
        refused = await house.owner.act(CREATE_FUNNEL, name="Оренда")
        assert (refused["__typename"], refused["state"]) == ("ModuleInactive", "CANCELLED")

        async with superuser.transaction():  # the worker has to wait for what we hold
            await superuser.execute(BILLING_HEAD, house.account_id)
            walking = asyncio.create_task(house.set_clock(NOON + 20 * DAY))
            await eventually(lambda: is_begun(superuser, calls), "the end of the trial")
            assert (await house.set_clock(NOON + 30 * DAY))["reason"] == "CLOCK_WALKING"
            os.killpg(first.process.pid, signal.SIGKILL)
    await superuser.execute("UPDATE jobs SET lease_until = clock_timestamp()")
    assert await house.module(calls) == {"state": "TRIALING", "usable": False, "trialEndsOn": "2026-03-19"}

    async with worker(tmp_path, dsn, broker, "second"):
        assert shows(await walking, NOON + 20 * DAY)
    assert await house.module(calls) == {"state": "CANCELLED", "usable": False, "trialEndsOn": "2026-03-19"}


async def is_begun(superuser: asyncpg.Connection, subscription: str) -> bool:
    begun = await superuser.fetchval("SELECT bool_or(lease_token IS NOT NULL) FROM jobs WHERE ref = $1", subscription)
    return bool(begun)


# ─── what is refused ─────────────────────────────────────────────────────────────────────────────


async def test_a_clock_without_anything_to_do_needs_no_worker(api: Api) -> None:
    house = await new_house(api)

    assert shows(await house.set_clock(NOON), NOON)
    assert shows(await house.set_clock(NOON + DAY), NOON + DAY)
    assert (await house.set_clock(NOON))["reason"] == "CLOCK_BACKWARDS"


async def test_only_a_test_account_has_a_clock(api: Api) -> None:
    house = await new_house(api, test=False)

    refused = await house.set_clock(NOON)

    assert (refused["code"], refused["reason"]) == ("NOT_ALLOWED_NOW", "NOT_A_TEST_ACCOUNT")


@pytest.mark.parametrize(
    "now",
    ["tomorrow", "2026-03-10", "2026-03-10T10:00:00", "1969-12-31T23:59:59Z", "9999-01-01T00:00:00Z", "", "\0"],
)
async def test_refuses_what_is_no_time_of_a_clock(api: Api, now: str) -> None:
    house = await new_house(api)

    assert paths(await house.crm.act(SET_CLOCK, accountId=str(house.account_id), now=now)) == [["now"]]


async def test_there_is_no_clock_of_an_account_that_is_not_there(api: Api) -> None:
    house = await new_house(api)

    for nowhere in (str(ids.new()), "nowhere"):
        refused = await house.crm.act(SET_CLOCK, accountId=nowhere, now=NOON.isoformat())
        assert (refused["__typename"], refused["id"]) == ("NotFound", nowhere)


async def test_the_same_key_sets_a_clock_once(api: Api) -> None:
    house = await new_house(api)
    await house.set_clock(NOON, idempotencyKey="to noon")
    await house.set_clock(NOON + DAY)

    assert shows(await house.set_clock(NOON, idempotencyKey="to noon"), NOON + DAY)
    assert (await house.set_clock(NOON + DAY, idempotencyKey="to noon"))["code"] == "IDEMPOTENCY_CONFLICT"
