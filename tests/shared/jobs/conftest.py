"""A superuser, and no jobs but the test's own."""

from collections.abc import AsyncIterator

import asyncpg
import pytest


@pytest.fixture(autouse=True)
async def real(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A superuser who looks at the rows and turns their clocks. There are no jobs but the test's own."""
    conn = await asyncpg.connect(dsn)
    await conn.execute("DELETE FROM jobs")
    yield conn
    await conn.close()
