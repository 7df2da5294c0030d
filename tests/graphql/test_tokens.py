"""Who is let in, and who is not."""

import base64
import time
from typing import Any
from uuid import UUID

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from shared import accounts, ids
from shared.actor import Permission
from tests.client import SECRET, Answer, Api
from tests.graphql.asking import CREATE_ACCOUNT, SAVE_USERS, Person

WHO = "{ viewer { user { id name } permissions } }"
OTHER_SECRET = "another-secret-that-is-just-as-long-as-it"

PRIVATE_KEY = ec.generate_private_key(ec.SECP256R1())


def claims(account_id: UUID, **changed: Any) -> dict[str, Any]:
    """Those of a good token; None takes a claim away."""
    now = int(time.time())
    good: dict[str, Any] = {"sub": str(ids.new()), "account": str(account_id), "name": "Олена", "permissions": []}
    good |= {"iat": now, "exp": now + 600, "iss": "crm", "aud": "voronka"}
    return {name: value for name, value in (good | changed).items() if value is not None}


def signed(said: dict[str, Any], secret: str = SECRET, algorithm: str = "HS256") -> str:
    return jwt.encode(said, secret, algorithm=algorithm)


def unsigned(said: dict[str, Any]) -> str:
    parts = [base64.urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=").decode() for part in ({"alg": "none"}, said)]
    return ".".join([*parts, ""])


def is_refused(answer: Answer) -> bool:
    assert (answer.status, answer.codes, "data" in answer.body) == (401, ["UNAUTHENTICATED"], False), answer.text
    return answer.headers["www-authenticate"] == "Bearer"


async def test_lets_a_good_token_in(api: Api, account: accounts.Account) -> None:
    said = claims(account.id, permissions=["DEALS_WRITE", "MADE_UP", 7])

    answer = await api.graphql(WHO, token=signed(said))

    assert answer.status == 200
    assert answer.data["viewer"] == {"user": {"id": said["sub"], "name": "Олена"}, "permissions": ["DEALS_WRITE"]}


BAD: dict[str, dict[str, Any]] = {
    "it ended long ago": {"exp": 1},
    "it never ends": {"exp": None},
    "it ends at a word": {"exp": "tomorrow"},
    "it ends beyond all numbers": {"exp": 10**400},
    "it ends beyond all years": {"exp": 10**15},
    "it has not begun": {"nbf": 4_000_000_000},
    "of another issuer": {"iss": "someone"},
    "of no issuer": {"iss": None},
    "for another service": {"aud": "another-service"},
    "for nobody": {"aud": None},
    "of no user": {"sub": None},
    "of a user whose id is a word": {"sub": "olena"},
    "of a user whose id is a number": {"sub": 7},
    "of an account whose id is a word": {"account": "оселя"},
    "of an account whose id is a number": {"account": 7},
    "of an account whose id is empty": {"account": ""},
    "of an account that is not there": {"account": "01a21051-7a0c-7462-8a7f-ac4aa047aad7"},
    "of a new user without a name": {"name": None},
    "of a new user whose name shows nothing": {"name": "\t"},
    "its permissions are a number": {"permissions": 7},
    "its permissions are lists": {"permissions": [["DEALS_WRITE"]]},
    "of no account, and not the host CRM's": {"account": None, "permissions": ["FUNNELS_MANAGE", "DEALS_WRITE"]},
}


@pytest.mark.parametrize("why", BAD)
async def test_lets_no_bad_token_in(api: Api, account: accounts.Account, why: str) -> None:
    assert is_refused(await api.graphql(WHO, token=signed(claims(account.id, **BAD[why]))))


async def test_lets_nobody_in_for_a_second_longer(api: Api, account: accounts.Account) -> None:
    assert is_refused(await api.graphql(WHO, token=api.person(account.id, seconds=0)))


async def test_lets_no_token_in_that_another_has_signed(api: Api, account: accounts.Account) -> None:
    said = claims(account.id)
    good = signed(said)
    head, body, signature = good.split(".")

    for token in (
        signed(said, OTHER_SECRET),
        jwt.encode(said, PRIVATE_KEY, algorithm="ES256"),
        unsigned(said),
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{head}.{signed(claims(account.id)).split('.')[1]}.{signature}",
        "garbage",
        "a.b.c",
        "%00",
    ):
        assert is_refused(await api.graphql(WHO, token=token))


@pytest.mark.parametrize("scheme", ["Basic {}", "{}", "Bearer", "Bearer {} {}", "Token {}"])
async def test_takes_tokens_as_bearers_only(api: Api, account: accounts.Account, scheme: str) -> None:
    header = scheme.format(*[signed(claims(account.id))] * scheme.count("{}"))

    assert is_refused(await api.graphql(WHO, headers={"authorization": header}))


async def test_takes_the_scheme_in_any_case(api: Api, account: accounts.Account) -> None:
    answer = await api.graphql(WHO, headers={"authorization": f"bEARER {signed(claims(account.id))}"})

    assert answer.data["viewer"]["user"]["name"] == "Олена"


async def test_says_who_is_not_signed_in_that_this_is_needed(api: Api) -> None:
    answer = await api.graphql(WHO)

    assert (answer.status, answer.body["data"], answer.codes) == (200, {"viewer": None}, ["UNAUTHENTICATED"])
    assert (await api.graphql("{ __typename }")).data == {"__typename": "Query"}


async def test_keeps_a_user_fresh_from_the_token(api: Api, account: accounts.Account) -> None:
    id = ids.new()

    for name in ("Олена", "Олена Бойко", "  Олена\u0000 \ud800Бойко ", "Я" * 300):
        answer = await api.graphql(WHO, token=signed(claims(account.id, sub=str(id), name=name)))
        shown = name.strip().replace("\0", "").replace("\ud800", "")[:200]
        assert answer.data["viewer"]["user"] == {"id": str(id), "name": shown}


async def test_lets_nobody_in_who_is_inactive(api: Api, account: accounts.Account) -> None:
    id = ids.new()
    token = api.person(account.id, *Permission, user_id=id)
    assert (await api.graphql(WHO, token=token)).status == 200

    async def save(active: bool) -> None:
        given = {"accountId": str(account.id), "users": [{"id": str(id), "name": "Олена", "active": active}]}
        answer = await api.graphql(SAVE_USERS, {"input": given}, api.service())
        assert answer.data["saveUsers"]["users"][0]["active"] is active

    await save(active=False)
    assert is_refused(await api.graphql(WHO, token=token))
    await save(active=True)
    assert (await api.graphql(WHO, token=token)).status == 200


async def test_gives_a_person_nothing_of_the_host_crm(owner: Person) -> None:
    """`owner` says ACCOUNTS_MANAGE in the token."""
    who = (await owner.ask(WHO))["viewer"]
    assert who["permissions"] == ["BILLING_MANAGE", "DEALS_WRITE", "FUNNELS_MANAGE", "SOURCES_MANAGE"]

    refused = await owner.act(CREATE_ACCOUNT, name="Чужа")
    assert (refused["__typename"], refused["permission"]) == ("Forbidden", "ACCOUNTS_MANAGE")
    refused = await owner.act(SAVE_USERS, accountId=str(owner.account_id), users=[])
    assert (refused["__typename"], refused["permission"]) == ("Forbidden", "ACCOUNTS_MANAGE")


async def test_lets_the_host_crm_look_into_no_account(api: Api, account: accounts.Account, owner: Person) -> None:
    funnel = await owner.funnel()
    id = {"id": funnel["id"]}

    assert (await api.graphql("{ viewer { user { id } } }", token=api.service())).data == {"viewer": None}
    for query in (
        "query ($id: ID!) { node(id: $id) { id } }",
        "query ($id: ID!) { funnel(id: $id) { id } }",
        "query ($id: ID!) { board(funnelId: $id) { seq } }",
        "query ($id: ID!) { boardEvents(funnelId: $id) { seq } }",
        "query ($id: ID!) { deal(id: $id) { id } }",
    ):
        answer = await api.graphql(query, id, api.service())
        assert (list(answer.body["data"].values()), answer.codes) == ([None], ["FORBIDDEN"]), query
    mine = Person(api, account.id, owner.id, api.service())
    refused = await mine.act(
        "mutation ($input: CreateDealInput!) { createDeal(input: $input) { __typename } }",
        funnelId=funnel["id"],
        title="x",
        contact={"name": "x"},
    )
    assert refused == {"__typename": "Forbidden"}
