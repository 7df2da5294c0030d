"""A test account in which nothing was done, and the rows as a superuser sees them."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared import accounts
from shared.db import Database
from tests import make
from tests.shared.accounts.clock.clocks import Diary


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture(autouse=True)
async def real(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A superuser who looks at the rows. There are no jobs but the test's own."""
    conn = await asyncpg.connect(dsn)
    await conn.execute("DELETE FROM jobs")
    yield conn
    await conn.close()


@pytest.fixture
async def account(db: Database) -> accounts.Account:
    """A test account in which nothing was done."""
    return await make.account(db, usable=(), test=True)
