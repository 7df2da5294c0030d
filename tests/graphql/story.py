"""What the customer of the story asks, and how a stage and a column are told."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from shared.actor import Permission
from tests.client import Api
from tests.graphql.asking import Person

SET_UP = """mutation ($account: CreateAccountInput!, $users: SaveUsersInput!) {
    createAccount(input: $account) { ... on CreateAccountPayload {
        account { __typename id name timeZone currency locale country test usableModules } } }
    saveUsers(input: $users) { ... on SaveUsersPayload {
        users { __typename id name email avatarUrl active } } } }"""
WHO = "{ viewer { user { id name } account { id usableModules } permissions } }"
TRY = """mutation { startTrial(input: {moduleCode: "sales_funnel"}) { ... on StartTrialPayload { module {
    __typename module { code name trialDays trialAvailable prices { interval price { currency } } }
    state interval periodStart periodEnd trialEndsOn cancelAtPeriodEnd nextInterval usable } } } }"""
FUNNEL = """id name archived version dealCount openValue { amount currency } viewers { id }
    stages { name color kind probability idleAfterDays requiresAmount dealCount value { amount currency } }
    lossReasons { name requiresNote archived }"""
MAKE_FUNNEL = f"""mutation ($input: CreateFunnelInput!) {{ createFunnel(input: $input) {{
    ... on CreateFunnelPayload {{ funnel {{ {FUNNEL} }} }} }} }}"""
STAGES = "query ($id: ID!) { funnel(id: $id) { stages { id name } } }"
DEAL = """id number title contact { name phone email } assignee { id } amount { amount currency } expectedCloseOn
    source sourceName funnel { id } stage { name } status lossReason { name } lossNote closedFromStage { name }
    openTaskCount archived idleFrom version customFields"""
MAKE_DEAL = f"""mutation ($input: CreateDealInput!) {{ createDeal(input: $input) {{
    ... on CreateDealPayload {{ seq cursor deal {{ {DEAL} }} }} }} }}"""
MOVE = f"""mutation ($input: MoveDealInput!) {{ moveDeal(input: $input) {{
    ... on MoveDealPayload {{ seq cursor missing deal {{ {DEAL} }} }} }} }}"""
UPDATE = f"""mutation ($input: UpdateDealInput!) {{ updateDeal(input: $input) {{
    ... on UpdateDealPayload {{ seq cursor deal {{ {DEAL} }} }} }} }}"""
BOARD = """query ($id: ID!) { board(funnelId: $id) { seq cursor funnel { dealCount openValue { amount currency } }
    columns { stage { name } dealCount value { amount currency }
              deals { nodes { id } totalCount pageInfo { hasNextPage hasPreviousPage } } } } }"""
EVENTS = """query ($id: ID!, $after: Cursor, $first: Int) { boardEvents(funnelId: $id, after: $after, first: $first) {
    seq cursor hasMore events { __typename seq cursor actor { kind user { name } sourceName }
        ... on DealCreated { placedAfter deal { id version title } columns { dealCount value { amount } } }
        ... on DealMoved { placedAfter deal { id version } fromStage { name } toStage { name }
                           columns { dealCount value { amount } } }
        ... on DealUpdated { changed deal { id version title } columns { dealCount value { amount } } } } } }"""


async def customer(api: Api, account_id: UUID, user_id: UUID, colleague_id: UUID) -> Person:
    """The host CRM sets an account with two people up; the first of them comes in, and tries the product."""
    answer = await api.graphql(
        SET_UP,
        {
            "account": {"id": str(account_id), "name": "Оселя"},
            "users": {
                "accountId": str(account_id),
                "users": [
                    {"id": str(user_id), "name": "Олена", "email": "olena@example.com"},
                    {"id": str(colleague_id), "name": "Тарас"},
                ],
            },
        },
        api.service(),
    )
    assert answer.data == {
        "createAccount": {
            "account": {
                "__typename": "Account",
                "id": str(account_id),
                "name": "Оселя",
                "timeZone": "Europe/Kyiv",
                "currency": "UAH",
                "locale": "uk",
                "country": "UA",
                "test": False,
                "usableModules": [],
            }
        },
        "saveUsers": {
            "users": [
                {
                    "__typename": "User",
                    "id": str(user_id),
                    "name": "Олена",
                    "email": "olena@example.com",
                    "avatarUrl": None,
                    "active": True,
                },
                {
                    "__typename": "User",
                    "id": str(colleague_id),
                    "name": "Тарас",
                    "email": None,
                    "avatarUrl": None,
                    "active": True,
                },
            ]
        },
    }

    person = Person(api, account_id, user_id, api.person(account_id, *Permission, user_id=user_id))
    assert await person.ask(WHO) == {
        "viewer": {
            "user": {"id": str(user_id), "name": "Олена"},
            "account": {"id": str(account_id), "usableModules": []},
            "permissions": ["BILLING_MANAGE", "DEALS_WRITE", "FUNNELS_MANAGE", "SOURCES_MANAGE"],
        }
    }
    trial = (await person.ask(TRY))["startTrial"]["module"]
    began = date.fromisoformat(trial["periodStart"])
    ends = (began + timedelta(days=7)).isoformat()
    assert trial == {
        "__typename": "ModuleSubscription",
        "module": {
            "code": "sales_funnel",
            "name": "Воронка продажів",
            "trialDays": 7,
            "trialAvailable": False,
            "prices": [
                {"interval": interval, "price": {"currency": "UAH"}} for interval in ("MONTH", "QUARTER", "YEAR")
            ],
        },
        "state": "TRIALING",
        "interval": None,
        "periodStart": began.isoformat(),
        "periodEnd": ends,
        "trialEndsOn": ends,
        "cancelAtPeriodEnd": False,
        "nextInterval": None,
        "usable": True,
    }
    assert (await person.ask(WHO))["viewer"]["account"]["usableModules"] == ["sales_funnel"]
    return person


def stage(name: str, color: str, kind: str, probability: int, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "color": color,
        "kind": kind,
        "probability": probability,
        "idleAfterDays": None,
        "requiresAmount": False,
        "dealCount": 0,
        "value": [],
    } | more


def column(name: str, *deal_ids: str) -> dict[str, Any]:
    return {
        "stage": {"name": name},
        "dealCount": len(deal_ids),
        "value": [{"amount": "128.50", "currency": "UAH"}] if deal_ids else [],
        "deals": {
            "nodes": [{"id": id} for id in deal_ids],
            "totalCount": len(deal_ids),
            "pageInfo": {"hasNextPage": False, "hasPreviousPage": False},
        },
    }
