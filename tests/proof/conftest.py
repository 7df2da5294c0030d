"""What the proofs begin with: two API processes on one database, and somebody who may do everything."""

from collections.abc import AsyncIterator

import pytest

from shared import accounts, ids
from shared.actor import Permission
from tests import client
from tests.proof.hands import Hands


@pytest.fixture(scope="session")
async def api(dsn: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[client.Api]:
    async with client.api(tmp_path_factory.mktemp("api"), dsn, redis_url) as started:
        yield started


@pytest.fixture(scope="session")
async def other_api(dsn: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[client.Api]:
    async with client.api(tmp_path_factory.mktemp("other"), dsn, redis_url) as started:
        yield started


@pytest.fixture
def owner(api: client.Api, account: accounts.Account) -> Hands:
    return Hands(api, api.person(account.id, *Permission, user_id=ids.new()))
