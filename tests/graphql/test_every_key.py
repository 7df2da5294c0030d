"""Every mutation under an idempotency key: done once, whoever else has the same key, and whatever was refused before."""

from collections.abc import AsyncIterator, Mapping
from datetime import date
from typing import Any

import pytest

from shared import ids
from shared.actor import Permission
from shared.db import Database
from tests import make
from tests.client import Api
from tests.graphql.asking import stage
from tests.graphql.filled import Filled, fill
from tests.graphql.good import INPUTS, OF_THE_CRM, VARIABLES
from tests.graphql.state import Books, changed
from tests.graphql.surface import document, fields_of
from tests.graphql.talking import Talker

MUTATIONS = sorted(fields_of("Mutation"))
WITHOUT_MODULE = {  # done, or refused, whether there is one or not
    "startTrial",
    "createQuote",
    "pay",
    "setDefaultPaymentMethod",
    "removePaymentMethod",
    "cancelModule",
    "resumeModule",
    "changeInterval",
    "replayInbox",
    "cancelImport",
}
NOBODY = "00000000-0000-4000-8000-000000000000"
OTHERS: Mapping[str, object] = {
    "name": "Інше",
    "title": "Інше",
    "text": "Інше",
    "stage": stage("Інше"),
    "interval": "QUARTER",
    "immediately": True,
    "moduleCode": "sales_funnel",
    "items": [{"moduleCode": "lead_ads", "interval": "YEAR"}],
    "quoteId": NOBODY,
    "reason": "Інше",
    "now": "2100-01-01T00:00:00Z",
    "users": [],
    "ids": [NOBODY],
    "id": NOBODY,
}
SHOWN_ONCE = ("CreateSourcePayload_secret", "CreateSourcePayload_address")


@pytest.fixture(scope="module")
async def books(dsn: str) -> AsyncIterator[Books]:
    async with Books.open(dsn) as books:
        yield books


@pytest.fixture
async def home(api: Api, db: Database) -> Filled:
    return await fill(db, (await make.account(db, test=True)).id, ids.new())


def person(api: Api, it: Filled, id: str) -> Talker:
    return Talker(api, api.person(ids.read(it.account), *Permission, user_id=ids.read(id)), it)


def somebody_who_may(api: Api, it: Filled, name: str) -> Talker:
    return Talker(api, api.service(), it) if name in OF_THE_CRM else person(api, it, it.person)


async def act(talker: Talker, name: str, input: Any) -> Any:
    (done,) = await talker.do("HTTP", document("Mutation", name), [input])
    return done


def test_every_field_has_something_good_to_be_asked() -> None:
    assert set(INPUTS) == set(fields_of("Mutation"))
    assert set(VARIABLES) == set(fields_of("Query")) | set(fields_of("Subscription"))


@pytest.mark.parametrize("name", MUTATIONS)
async def test_does_once_what_is_asked_for_twice(api: Api, books: Books, home: Filled, name: str) -> None:
    who, input = somebody_who_may(api, home, name), INPUTS[name](home) | {"idempotencyKey": str(ids.new())}

    done = await act(who, name, input)
    after, accounts = await books.of(home.account), await books.count_accounts()
    again = await act(who, name, input)
    other = await act(who, name, another(input))

    assert done["__typename"].endswith("Payload"), done
    assert as_of_now(again) == as_of_now(done)
    assert other["__typename"] == "IdempotencyConflict"
    assert (changed(after, await books.of(home.account)), await books.count_accounts()) == ([], accounts)


@pytest.mark.parametrize("name", [name for name in MUTATIONS if name not in OF_THE_CRM | WITHOUT_MODULE])
async def test_keeps_no_refusal(api: Api, db: Database, books: Books, home: Filled, name: str) -> None:
    """What was refused for want of the module is done under the same key when there is one."""
    who, input = somebody_who_may(api, home, name), INPUTS[name](home) | {"idempotencyKey": str(ids.new())}
    async with db.transaction(ids.read(home.account)) as tx:
        await make.module(tx, usable_until=date(2000, 1, 1))
    before = await books.of(home.account)

    refused = await act(who, name, input)
    assert refused["__typename"] == "ModuleInactive"
    assert changed(before, await books.of(home.account)) == []
    async with db.transaction(ids.read(home.account)) as tx:
        await make.module(tx)

    assert (await act(who, name, input))["__typename"].endswith("Payload")


@pytest.mark.parametrize("name", [name for name in MUTATIONS if name not in OF_THE_CRM])
async def test_two_peoples_keys_do_not_meet(api: Api, home: Filled, name: str) -> None:
    """A colleague's other input under the same key is no conflict, whatever else may be said of it by then."""
    key = {"idempotencyKey": str(ids.new())}
    await act(somebody_who_may(api, home, name), name, INPUTS[name](home) | key)

    other = await act(person(api, home, home.colleague), name, another(INPUTS[name](home) | key))

    assert other["__typename"] != "IdempotencyConflict"


def another(input: Any) -> Any:
    """Some other input with the same key, in which nothing is wrong by itself."""
    field = next(name for name in OTHERS if name in input)
    return input | {field: OTHERS[field]}


def as_of_now(done: Any) -> Any:
    """But for what is shown once, and for clocks."""
    if isinstance(done, list):
        return [as_of_now(one) for one in done]
    if not isinstance(done, dict):
        return done
    return {name: as_of_now(one) for name, one in done.items() if name not in SHOWN_ONCE and name != "now"}
