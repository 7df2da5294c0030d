"""A stand-in for all providers, whose answers are forgotten after each test."""

from collections.abc import AsyncIterator

import pytest

from shared.db import Database
from tests.shared.payments import signing
from tests.shared.payments.house import House
from tests.shared.payments.outgoing import Outside, urls
from tests.shared.payments.standing_in import StandIn, standing_in


@pytest.fixture(scope="session")
async def bank() -> AsyncIterator[StandIn]:
    async with standing_in() as bank:
        yield bank


@pytest.fixture
def outside(bank: StandIn) -> Outside:
    bank.requests.clear()
    bank.replies.clear()
    bank.otherwise = None
    return Outside(bank)


@pytest.fixture
def house(db: Database, outside: Outside) -> House:
    return House(db, signing.settings(**urls(outside.bank.url)), outside.bank)
