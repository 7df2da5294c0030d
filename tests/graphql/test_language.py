"""The language of sentences: the token's, else what the client accepts, else the account's."""

import pytest

from shared import ids
from shared.db import Database
from tests import make
from tests.client import Api

REFUSED = 'mutation { createFunnel(input: {name: "x"}) { ... on Error { message } } }'
UK = "Для цього потрібен дозвіл FUNNELS_MANAGE."
EN = "You need the permission FUNNELS_MANAGE for this."


@pytest.mark.parametrize(
    ("token", "accepted", "account", "sentence"),
    [
        (None, None, "uk", UK),
        (None, None, "en-GB", EN),
        (None, None, "uk_UA", UK),
        (None, None, "pl", EN),
        (None, "uk", "en", UK),
        (None, "en", "uk", EN),
        (None, "pl, en-US;q=0.5, uk;q=0.4", "uk", EN),
        (None, "en;q=0.4, uk-UA;q=0.5", "en", UK),
        (None, "en;q=0, *;q=0.1", "uk", UK),
        (None, "pl, de", "uk", UK),
        (None, ";;q=x, ,,", "uk", UK),
        (None, "en;q=nan", "uk", UK),
        ("en", "uk", "uk", EN),
        ("UK-ua", "en", "en", UK),
        ("pl", "en", "uk", EN),
        ("", None, "en", EN),
    ],
)
async def test_speaks_the_language_of_who_asks(
    api: Api, db: Database, token: str | None, accepted: str | None, account: str, sentence: str
) -> None:
    home = await make.account(db, locale=account)
    headers = {"accept-language": accepted} if accepted else {}

    answer = await api.graphql(REFUSED, None, api.person(home.id, locale=token), headers)

    assert answer.data == {"createFunnel": {"message": sentence}}


async def test_speaks_it_in_every_kind_of_refusal(api: Api, db: Database) -> None:
    home = await make.account(db, locale="uk")
    token = api.person(home.id, "FUNNELS_MANAGE", user_id=ids.new())
    broken = 'mutation { createFunnel(input: {name: ""}) { ... on InvalidInput { message fields { message } } } }'

    for headers, sentences in (
        ({}, ("Дещо з введеного не можна прийняти: name.", "Напишіть тут щось.", "SOURCES_MANAGE.")),
        (
            {"accept-language": "en"},
            ("Some of what was given cannot be taken: name.", "Write something here.", " for this."),
        ),
    ):
        refused = (await api.graphql(broken, None, token, headers)).data["createFunnel"]
        assert (refused["message"], refused["fields"][0]["message"]) == sentences[:2]
        answer = await api.graphql("{ sources { id } }", None, token, headers)
        assert answer.errors[0]["message"].endswith(sentences[2])
    for language, sentence in (("uk", "Спершу увійдіть"), ("en", "Sign in first"), ("pl", "Sign in first")):
        answer = await api.graphql("{ viewer { user { id } } }", None, "garbage", {"accept-language": language})
        assert (answer.status, answer.errors[0]["message"].startswith(sentence)) == (401, True)


async def test_names_what_is_built_in_by_it(api: Api, db: Database) -> None:
    home = await make.account(db, locale="uk")
    made = """mutation { createFunnel(input: {name: "x"}) { ... on CreateFunnelPayload {
        funnel { stages { name } lossReasons { name } } } } }"""

    token = api.person(home.id, "FUNNELS_MANAGE", locale="en")
    funnel = (await api.graphql(made, None, token)).data["createFunnel"]["funnel"]

    assert [stage["name"] for stage in funnel["stages"]] == ["New requests", "Won", "Lost"]
    assert funnel["lossReasons"] == [{"name": "Other"}]
