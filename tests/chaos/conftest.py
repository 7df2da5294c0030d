"""What stories and faults begin with: something to call with."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.scenarios.people import telephone


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with telephone() as line:
        yield line
