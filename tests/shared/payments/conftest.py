"""A stand-in for all providers, whose answers are forgotten after each test."""

from collections.abc import AsyncIterator

import pytest

from tests.shared.payments.outgoing import Outside
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
