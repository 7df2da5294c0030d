"""A running API, a way to it that can be cut, and Node with all clients."""

from collections.abc import AsyncIterator

import pytest

from shared import accounts
from shared.db import Database
from tests import client
from tests.graphql.clients.hands import Hand, hand
from tests.graphql.live.boards import Board, make_board
from tests.graphql.live.cutting import Way, way_to


@pytest.fixture(scope="session")
async def node() -> AsyncIterator[Hand]:
    async with hand() as held:
        yield held


@pytest.fixture
async def way(api: client.Api) -> AsyncIterator[Way]:
    async with way_to(f"127.0.0.1:{api.port}") as way:
        yield way


@pytest.fixture
async def board(db: Database, account: accounts.Account) -> Board:
    """Its log holds one event, the making of its deal."""
    return await make_board(db, account)
