"""What the proofs begin with: two API processes on one database, and somebody who may do everything."""

from collections.abc import AsyncIterator

import pytest

from shared import accounts, ids
from shared.actor import Permission
from tests.client import Api
from tests.forks import another
from tests.proof.hands import Hands


@pytest.fixture(scope="session")
async def other_api(api: Api, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    async with another(api, tmp_path_factory.mktemp("other")) as started:
        yield started


@pytest.fixture
def owner(api: Api, account: accounts.Account) -> Hands:
    return Hands(api, api.person(account.id, *Permission, user_id=ids.new()))
