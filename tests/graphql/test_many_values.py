"""How much may be in the lists that a client gives."""

import pytest

from tests.client import Api
from tests.graphql.asking import Person

MANY = {
    "users": "mutation ($given: SaveUsersInput!) { saveUsers(input: $given) { __typename } }",
    "filter": "query ($given: DealFilter!) { deals(filter: $given) { totalCount } }",
    "sources": "query ($given: [DealSource!]) { deals(filter: {sources: $given}) { totalCount } }",
}


@pytest.mark.parametrize("name", MANY)
async def test_reads_at_most_1000_values_of_lists(api: Api, owner: Person, name: str) -> None:
    """To read them costs more than to send them, and whoever sends them need not even have signed in."""

    def given(count: int) -> object:
        half = count // 2
        return {
            "users": {"accountId": "x", "users": [{"id": "x", "name": "x"}] * count},
            "filter": {"ids": ["x"] * half, "stageIds": ["x"] * (count - half), "search": "x"},
            "sources": ["FORM"] * count,
        }[name]

    most = await owner.answer(MANY[name], {"given": given(1_000)})
    more = await api.graphql(MANY[name], {"given": given(1_001)})

    assert (most.status, "TOO_COSTLY" in most.text) == (200, False)
    assert ("data" in more.body, more.codes) == (False, ["TOO_COSTLY"])
    assert more.errors[0]["message"] == "The variables have 1001 values in lists; at most 1000 are taken."


async def test_takes_json_of_any_length_that_can_be_kept(owner: Person) -> None:
    query = "mutation ($given: CreateDealInput!) { createDeal(input: $given) { __typename } }"
    given = {"funnelId": "x", "title": "x", "contact": {"name": "x"}, "customFields": {"a": [0] * 10_000}}

    assert (await owner.ask(query, {"given": given})) == {"createDeal": {"__typename": "NotFound"}}
