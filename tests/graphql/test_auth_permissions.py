"""Who may do what: every field of the roots, asked by people without a token, without the right, and by the CRM."""

from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_required_argument,
    is_required_input_field,
)

from services.graphql.schema import executable
from shared import accounts, ids
from shared.actor import Permission
from tests import sockets
from tests.client import Api

OF_A_KIND: dict[str, Any] = {
    "ID": "01a21051-7a0c-7462-8a7f-ac4aa047aad7",
    "String": "x",
    "Int": 1,
    "Boolean": True,
    "DateTime": "2030-01-01T00:00:00Z",
    "Date": "2030-01-01",
    "Decimal": "1",
    "Color": "#1A2B3C",
    "CurrencyCode": "UAH",
    "Cursor": "x",
    "JSON": {},
}

ALSO_NEEDED = {"pastBoard": {"at"}}  # of arguments of which one must be given

FUNNELS = {
    "createFunnel",
    "updateFunnel",
    "archiveFunnel",
    "createStage",
    "updateStage",
    "moveStage",
    "deleteStage",
    "saveLossReason",
}
DEALS = {
    "createDeal",
    "updateDeal",
    "moveDeal",
    "moveDeals",
    "archiveDeals",
    "restoreDeals",
    "addNote",
    "updateNote",
    "deleteNote",
    "addTask",
    "updateTask",
    "completeTask",
    "cancelImport",
}
BILLING = {
    "startTrial",
    "createQuote",
    "pay",
    "cancelModule",
    "resumeModule",
    "setDefaultPaymentMethod",
    "removePaymentMethod",
    "changeInterval",
}
SOURCES = {"createSource", "updateSource", "replayInbox"}
ACCOUNTS = {"createAccount", "updateAccount", "saveUsers", "setClock", "refundPayment"}
NEEDS = {
    **dict.fromkeys(FUNNELS, Permission.FUNNELS_MANAGE),
    **dict.fromkeys(DEALS, Permission.DEALS_WRITE),
    **dict.fromkeys(BILLING, Permission.BILLING_MANAGE),
    **dict.fromkeys(SOURCES, Permission.SOURCES_MANAGE),
    **dict.fromkeys(ACCOUNTS, Permission.ACCOUNTS_MANAGE),
}
ASKING_NEEDS = {
    **dict.fromkeys(("billing", "quote", "payment"), Permission.BILLING_MANAGE),
    **dict.fromkeys(("sources", "inbox", "previewSource"), Permission.SOURCES_MANAGE),
}


def fields(root: GraphQLObjectType | None) -> dict[str, GraphQLField]:
    assert root is not None
    found: dict[str, GraphQLField] = root.fields
    return found


MUTATIONS = fields(executable.mutation_type)
QUERIES = fields(executable.query_type)
SUBSCRIPTIONS = fields(executable.subscription_type)


def operation(kind: str, name: str, field: GraphQLField) -> tuple[str, dict[str, Any]]:
    """A document that asks for the field with whatever it must be given, and its variables."""
    given = {
        one: argument
        for one, argument in field.args.items()
        if is_required_argument(argument) or one in ALSO_NEEDED.get(name, ())
    }
    head = ", ".join(f"${one}: {argument.type}" for one, argument in given.items())
    call = ", ".join(f"{one}: ${one}" for one in given)
    chosen = " { __typename ... on Forbidden { permission } }" if kind == "mutation" else selection(field)
    document = f"{kind} {f'({head})' if head else ''} {{ {name}{f'({call})' if call else ''}{chosen} }}"
    return document, {one: example(argument.type) for one, argument in given.items()}


def selection(field: GraphQLField) -> str:
    return (
        " { __typename }"
        if isinstance(get_named_type(field.type), GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType)
        else ""
    )


def example(type: GraphQLInputType) -> Any:
    """Something of that type."""
    if isinstance(type, GraphQLNonNull):
        return example(type.of_type)
    if isinstance(type, GraphQLList):
        return [example(type.of_type)]
    if isinstance(type, GraphQLEnumType):
        return next(iter(type.values))
    if isinstance(type, GraphQLInputObjectType):
        needed = {name: one for name, one in type.fields.items() if is_required_input_field(one)}
        one_of = [(name, one) for name, one in type.fields.items() if str(one.type) == "Boolean"][:1]
        return {name: example(one.type) for name, one in needed.items() or one_of}
    return OF_A_KIND[type.name]


def asked(kind: str, of: dict[str, GraphQLField]) -> list[Any]:
    return [pytest.param(name, *operation(kind, name, field), id=name) for name, field in of.items()]


@pytest.fixture
def powerless(api: Api, account: accounts.Account) -> str:
    return api.person(account.id)


@pytest.fixture
def powerful(api: Api, account: accounts.Account) -> str:
    """All that a person can have."""
    return api.person(account.id, *Permission)


def all_but(api: Api, account: accounts.Account, right: Permission) -> str:
    return api.person(account.id, *(set(Permission) - {right}), user_id=ids.new())


# ─── mutations ───────────────────────────────────────────────────────────────────────────────────


def test_it_is_said_of_every_mutation_what_it_needs() -> None:
    assert set(MUTATIONS) - set(NEEDS) == set()


@pytest.mark.parametrize(("name", "document", "variables"), asked("mutation", MUTATIONS))
async def test_nobody_does_what_they_have_no_right_to(
    api: Api, account: accounts.Account, name: str, document: str, variables: dict[str, Any]
) -> None:
    right = NEEDS[name]
    forbidden = {name: {"__typename": "Forbidden", "permission": right}}
    forbidden_to_crm = {name: {"__typename": "Forbidden", "permission": None}}

    nobody = await api.graphql(document, variables)
    assert (nobody.body["data"], nobody.codes) == (None, ["UNAUTHENTICATED"])
    assert (await api.graphql(document, variables, all_but(api, account, right))).data == forbidden
    assert (await api.graphql(document, variables, api.person(account.id))).data == forbidden
    with_the_right = [api.service()] if right is Permission.ACCOUNTS_MANAGE else [api.person(account.id, right)]
    for token in with_the_right:
        done = (await api.graphql(document, variables, token)).data[name]
        assert done["__typename"] != "Forbidden"
    if right is not Permission.ACCOUNTS_MANAGE:
        assert (await api.graphql(document, variables, api.service())).data == forbidden_to_crm


# ─── queries ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("name", "document", "variables"), asked("query", QUERIES))
async def test_nobody_reads_what_they_have_no_right_to(
    api: Api, powerless: str, powerful: str, name: str, document: str, variables: dict[str, Any]
) -> None:
    nobody = await api.graphql(document, variables)
    assert (is_nothing(nobody.body["data"]), nobody.codes) == (True, ["UNAUTHENTICATED"])

    crm = await api.graphql(document, variables, api.service())
    if name == "viewer":
        assert crm.data == {"viewer": None}
    else:
        assert (is_nothing(crm.body["data"]), crm.codes) == (True, ["FORBIDDEN"])

    without = await api.graphql(document, variables, powerless)
    if name in ASKING_NEEDS:
        assert (without.body["data"], without.codes) == ({name: None}, ["FORBIDDEN"])
    else:
        assert "FORBIDDEN" not in codes(without.body)
    assert "FORBIDDEN" not in codes((await api.graphql(document, variables, powerful)).body)


def is_nothing(data: Any) -> bool:
    """Where a field cannot be null, there is no data at all."""
    return data is None or list(data.values()) == [None]


def codes(body: Any) -> list[str]:
    return [error["extensions"]["code"] for error in body.get("errors", ())]


# ─── subscriptions ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("name", "document", "variables"), asked("subscription", SUBSCRIPTIONS))
async def test_nobody_follows_what_they_have_no_right_to(
    api: Api, powerless: str, name: str, document: str, variables: dict[str, Any]
) -> None:
    for token, code in ((None, "UNAUTHENTICATED"), (api.service(), "FORBIDDEN"), (powerless, None)):
        async with sockets.signed_in(f"127.0.0.1:{api.port}", token) as socket:
            await socket.subscribe("1", document, variables)
            message = await socket.of("1")
            told = codes({"errors": message["payload"]} if message["type"] == "error" else message["payload"])
            if code is None:
                assert ("FORBIDDEN" in told) is (name in ASKING_NEEDS)
            else:
                assert told == [code]
