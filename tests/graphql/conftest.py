"""Who asks the API."""

import pytest

from shared import accounts, ids
from shared.actor import Permission
from tests import client
from tests.graphql.asking import Person


@pytest.fixture
def owner(api: client.Api, account: accounts.Account) -> Person:
    """A person with all rights in an account that no other test knows."""
    id = ids.new()
    return Person(api, account.id, id, api.person(account.id, *Permission, user_id=id))


@pytest.fixture
def onlooker(api: client.Api, account: accounts.Account) -> Person:
    """A person of the same account without any right."""
    id = ids.new()
    return Person(api, account.id, id, api.person(account.id, user_id=id, name="Богдан"))
