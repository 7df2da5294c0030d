"""A house with sockets in this process, and a board to watch."""

from collections.abc import AsyncIterator

import pytest

from shared import accounts
from shared.db import Database
from tests.graphql.live.boards import Board, make_board
from tests.graphql.live.house import Served, served


@pytest.fixture(scope="session")
async def live(dsn: str, redis_url: str) -> AsyncIterator[Served]:
    async with served(dsn, redis_url) as house:
        yield house


@pytest.fixture
async def board(db: Database, account: accounts.Account) -> Board:
    """Its log holds one event, the making of its deal."""
    return await make_board(db, account)
