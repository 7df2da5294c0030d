"""What the host CRM changes of accounts, and how people are listed, over HTTP."""

import asyncio
import itertools
from typing import Any

import pytest

from shared import accounts, ids
from tests import sockets
from tests.client import PATIENCE, Api
from tests.graphql.asking import (
    CONTACT,
    CREATE_ACCOUNT,
    CREATE_DEAL,
    CREATE_FUNNEL,
    REFUSED,
    SAVE_USERS,
    Person,
    paths,
)

UPDATE_ACCOUNT = f"""mutation ($input: UpdateAccountInput!) {{ updateAccount(input: $input) {{ {REFUSED}
    ... on UpdateAccountPayload {{ account {{ id name timeZone locale country currency test usableModules }} }} }} }}"""
ACCOUNT = "{ viewer { account { name timeZone locale } } }"
USERS = """query ($search: String, $first: Int, $after: String) { users(search: $search, first: $first, after: $after) {
    totalCount nodes { id name email active } edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


@pytest.fixture
def crm(api: Api, account: accounts.Account) -> Person:
    return Person(api, account.id, account.id, api.service())


async def saved(crm: Person, *names: str, **more: Any) -> list[str]:
    """Ids of new people of the account."""
    people = [{"id": str(ids.new()), "name": name, **more} for name in names]
    done = await crm.act(SAVE_USERS, accountId=str(crm.account_id), users=people)
    return [user["id"] for user in done["users"]]


# ─── updateAccount ───────────────────────────────────────────────────────────────────────────────


async def test_changes_an_account_and_everybody_sees_it_at_once(crm: Person, owner: Person) -> None:
    assert (await owner.ask(ACCOUNT))["viewer"]["account"]["name"] == "Оселя"

    done = await crm.act(UPDATE_ACCOUNT, id=str(crm.account_id), name="Дім", timeZone="Asia/Tokyo", locale="en")

    assert done["account"] == {
        "id": str(crm.account_id),
        "name": "Дім",
        "timeZone": "Asia/Tokyo",
        "locale": "en",
        "country": "UA",
        "currency": "UAH",
        "test": False,
        "usableModules": ["sales_funnel"],
    }
    seen = await owner.ask(ACCOUNT)
    assert seen["viewer"]["account"] == {"name": "Дім", "timeZone": "Asia/Tokyo", "locale": "en"}


async def test_open_sockets_go_on_in_the_changed_account(api: Api, crm: Person, owner: Person) -> None:
    async with sockets.signed_in(f"127.0.0.1:{api.port}", owner.token) as socket:
        assert (await socket.answer("1", ACCOUNT))["viewer"]["account"]["name"] == "Оселя"
        await crm.act(UPDATE_ACCOUNT, id=str(crm.account_id), name="Дім")

        async with asyncio.timeout(PATIENCE):
            for number in itertools.count(2):  # the socket is told after the mutation is answered
                if (await socket.answer(str(number), ACCOUNT))["viewer"]["account"]["name"] == "Дім":
                    break


async def test_messages_come_in_the_account_s_new_language(api: Api, crm: Person) -> None:
    token = api.person(crm.account_id, "DEALS_WRITE")
    refusal = 'mutation { createFunnel(input: {name: "x"}) { ... on Error { message } } }'
    uk = (await api.graphql(refusal, token=token)).data["createFunnel"]["message"]

    await crm.act(UPDATE_ACCOUNT, id=str(crm.account_id), locale="en-US")

    en = (await api.graphql(refusal, token=token)).data["createFunnel"]["message"]
    assert (uk, en) == (
        "Для цього потрібен дозвіл FUNNELS_MANAGE.",
        "You need the permission FUNNELS_MANAGE for this.",
    )


async def test_refuses_what_is_no_account_s(crm: Person) -> None:
    refused = await crm.act(UPDATE_ACCOUNT, id="nowhere", name="", timeZone=None, locale="xx", country="Ukraine")
    assert paths(refused) == [["name"], ["timeZone"], ["locale"], ["country"]]

    refused = await crm.act(UPDATE_ACCOUNT, id="nowhere", name="Дім")
    assert (refused["__typename"], refused["id"]) == ("NotFound", "nowhere")
    refused = await crm.act(UPDATE_ACCOUNT, id=str(ids.new()), name="Дім")
    assert refused["__typename"] == "NotFound"


async def test_the_same_key_changes_nothing_again(crm: Person) -> None:
    given = {"id": str(crm.account_id), "idempotencyKey": str(ids.new())}
    await crm.act(UPDATE_ACCOUNT, **given, name="Перша")
    await crm.act(UPDATE_ACCOUNT, id=str(crm.account_id), name="Друга")

    again = await crm.act(UPDATE_ACCOUNT, **given, name="Перша")
    other = await crm.act(UPDATE_ACCOUNT, **given, name="Третя")

    assert (again["account"]["name"], other["code"]) == ("Друга", "IDEMPOTENCY_CONFLICT")


# ─── users ───────────────────────────────────────────────────────────────────────────────────────


async def test_lists_people_a_page_at_a_time(crm: Person, owner: Person) -> None:
    await owner.ask(ACCOUNT)  # who signs in is made known: Олена
    await saved(crm, "Яна", "Ґеник", "Богдан")

    first = (await owner.ask(USERS, {"first": 2}))["users"]
    rest = (await owner.ask(USERS, {"first": 2, "after": first["pageInfo"]["endCursor"]}))["users"]

    assert [user["name"] for user in first["nodes"] + rest["nodes"]] == ["Богдан", "Ґеник", "Олена", "Яна"]
    assert (first["totalCount"], rest["totalCount"]) == (4, 4)
    assert (first["pageInfo"]["hasNextPage"], first["pageInfo"]["hasPreviousPage"]) == (True, False)
    assert (rest["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasPreviousPage"]) == (False, True)
    assert first["edges"][1] == {"cursor": first["pageInfo"]["endCursor"], "node": {"id": first["nodes"][1]["id"]}}


async def test_finds_people_by_name_and_address(crm: Person, owner: Person) -> None:
    await saved(crm, "Тарас Шевчук", email="Taras@example.com")

    for search in ("ШЕВ", "taras@", "тарас example"):
        found = (await owner.ask(USERS, {"search": search}))["users"]
        assert ([user["name"] for user in found["nodes"]], found["totalCount"]) == (["Тарас Шевчук"], 1)


@pytest.mark.parametrize("variables", [{"search": "a\0"}, {"search": "x" * 201}, {"first": 0}, {"after": "nowhere"}])
async def test_refuses_what_no_list_can_be_asked(owner: Person, variables: dict[str, Any]) -> None:
    answer = await owner.answer(USERS, variables)

    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.body.get("data") is None


async def test_shows_no_people_of_another_account(api: Api, crm: Person, owner: Person) -> None:
    await saved(crm, "Чужий")
    another = (await crm.act(CREATE_ACCOUNT, name="Інша"))["account"]

    token = api.person(ids.read(another["id"]), name="Сам")

    assert (await api.graphql(USERS, {}, token)).data["users"]["totalCount"] == 1


# ─── people who are gone ─────────────────────────────────────────────────────────────────────────


async def test_who_is_not_active_keeps_their_deals_and_their_place_among_viewers(
    api: Api, crm: Person, owner: Person
) -> None:
    (gone,) = await saved(crm, "Ігор")
    funnel = await owner.funnel(viewerIds=[gone])
    deal = await owner.deal(funnel, assigneeId=gone)
    person = {"id": gone, "name": "Ігор", "active": False}
    await crm.act(SAVE_USERS, accountId=str(crm.account_id), users=[person])

    seen = await owner.ask(
        """query ($deal: ID!, $funnel: ID!) { deal(id: $deal) { assignee { name active } }
           funnel(id: $funnel) { viewers { name active } } users(search: "ігор") { nodes { active } } }""",
        {"deal": deal["id"], "funnel": funnel["id"]},
    )

    assert seen == {
        "deal": {"assignee": {"name": "Ігор", "active": False}},
        "funnel": {"viewers": [{"name": "Ігор", "active": False}]},
        "users": {"nodes": [{"active": False}]},
    }
    token = api.person(crm.account_id, user_id=ids.read(gone))
    assert (await api.graphql(ACCOUNT, token=token)).status == 401
    refused = await owner.act(CREATE_DEAL, funnelId=funnel["id"], title="Офіс", contact=CONTACT, assigneeId=gone)
    assert paths(refused) == [["assigneeId"]]
    refused = await owner.act(CREATE_FUNNEL, name="Оренда", viewerIds=[gone])
    assert paths(refused) == [["viewerIds", "0"]]
