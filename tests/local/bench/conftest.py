"""The smallest bench, for all tests of this folder."""

from collections.abc import AsyncIterator, Iterator

import pytest

from services.local.bench import ground
from services.local.bench.ground import Ground
from services.local.bench.house import House, open_house
from services.local.bench.machine import Cores
from services.local.testing import Servers


@pytest.fixture(scope="module")
def house(started_servers: Servers) -> Iterator[House]:
    with open_house(started_servers, Cores.all()) as opened:  # these servers are other tests' as well
        yield opened


@pytest.fixture(scope="module")
async def smallest(house: House) -> AsyncIterator[Ground]:
    async with ground.prepared(house, ground.SMALLEST, print) as made:
        yield made
