"""What the tests of the edge share: one running API, with this process's own database."""

from collections.abc import AsyncIterator

import pytest

from tests import client


@pytest.fixture(scope="session")
async def api(dsn: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[client.Api]:
    async with client.api(tmp_path_factory.mktemp("api"), dsn, redis_url) as started:
        yield started
