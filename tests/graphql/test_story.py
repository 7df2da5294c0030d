"""The first day of a customer, over HTTP: from an account that the host CRM sets up to deals on a board."""

from datetime import date, timedelta
from typing import Any

from shared import ids
from shared.actor import Permission
from tests.client import Api
from tests.graphql.asking import Person, stage_ids

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


async def test_a_customer_comes_and_works(api: Api) -> None:
    account_id, user_id, colleague_id = ids.new(), ids.new(), ids.new()

    # The host CRM sets the account up.
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

    # A person comes in, and tries the product.
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

    # A funnel: entry, won and lost are there by themselves, in their places.
    made = await person.ask(
        MAKE_FUNNEL,
        {
            "input": {
                "name": "Оренда",
                "viewerIds": [str(colleague_id)],
                "stages": [
                    {"name": "Огляд", "color": "#1A2B3C", "idleAfterDays": 5},
                    {"name": "Договір", "color": "#0F0F0F", "probability": 90, "requiresAmount": True},
                ],
                "lossReasons": ["Дорого"],
            }
        },
    )
    funnel = made["createFunnel"]["funnel"]
    assert funnel == {
        "id": funnel["id"],
        "name": "Оренда",
        "archived": False,
        "version": 1,
        "dealCount": 0,
        "openValue": [],
        "viewers": [{"id": str(colleague_id)}],
        "stages": [
            _stage("Не опрацьовані звернення", "#64748B", "ENTRY", 25),
            _stage("Огляд", "#1A2B3C", "PROGRESS", 50, idleAfterDays=5),
            _stage("Договір", "#0F0F0F", "PROGRESS", 90, requiresAmount=True),
            _stage("Успішно реалізовано", "#16A34A", "WON", 100),
            _stage("Втрачено", "#DC2626", "LOST", 0),
        ],
        "lossReasons": [{"name": "Дорого", "requiresNote": False, "archived": False}],
    }
    stages = stage_ids((await person.ask(STAGES, {"id": funnel["id"]}))["funnel"])

    # A deal is made, moved, changed, and won.
    made = (
        await person.ask(
            MAKE_DEAL,
            {
                "input": {
                    "funnelId": funnel["id"],
                    "title": "Офіс на Подолі",
                    "contact": {"name": "Анна Коваль", "phone": "050 123-45-67"},
                    "customFields": {"площа": 120, "теги": ["центр", None]},
                }
            },
        )
    )["createDeal"]
    deal: dict[str, Any] = {
        "id": made["deal"]["id"],
        "number": 1,
        "title": "Офіс на Подолі",
        "contact": {"name": "Анна Коваль", "phone": "+380501234567", "email": None},
        "assignee": {"id": str(user_id)},
        "amount": None,
        "expectedCloseOn": None,
        "source": "MANUAL",
        "sourceName": None,
        "funnel": {"id": funnel["id"]},
        "stage": {"name": "Не опрацьовані звернення"},
        "status": "OPEN",
        "lossReason": None,
        "lossNote": None,
        "closedFromStage": None,
        "openTaskCount": 0,
        "archived": False,
        "idleFrom": None,
        "version": 1,
        "customFields": {"площа": 120, "теги": ["центр", None]},
    }
    assert made == {"seq": 1, "cursor": made["cursor"], "deal": deal}

    moved = (await person.ask(MOVE, {"input": {"id": deal["id"], "toStageId": stages["Огляд"]}}))["moveDeal"]
    deal |= {"stage": {"name": "Огляд"}, "version": 2, "idleFrom": moved["deal"]["idleFrom"]}
    assert moved == {"seq": 2, "cursor": moved["cursor"], "missing": ["amount"], "deal": deal}
    assert moved["deal"]["idleFrom"].endswith("Z")

    change = {
        "id": deal["id"],
        "title": "Офіс, 2 поверх",
        "amount": {"amount": "128.5", "currency": "UAH"},
        "expectedCloseOn": "2030-02-28",
        "expectedVersion": 2,
    }
    updated = (await person.ask(UPDATE, {"input": change}))["updateDeal"]
    deal |= {
        "title": "Офіс, 2 поверх",
        "amount": {"amount": "128.50", "currency": "UAH"},
        "expectedCloseOn": "2030-02-28",
        "version": 3,
    }
    assert updated == {"seq": 3, "cursor": updated["cursor"], "deal": deal}

    won = (await person.ask(MOVE, {"input": {"id": deal["id"], "toStageId": stages["Успішно реалізовано"]}}))[
        "moveDeal"
    ]
    deal |= {
        "stage": {"name": "Успішно реалізовано"},
        "status": "WON",
        "closedFromStage": {"name": "Огляд"},
        "idleFrom": None,
        "version": 4,
    }
    assert won == {"seq": 4, "cursor": won["cursor"], "missing": [], "deal": deal}

    # The board shows it, and the log tells how it came there.
    board = (await person.ask(BOARD, {"id": funnel["id"]}))["board"]
    assert board == {
        "seq": 4,
        "cursor": won["cursor"],
        "funnel": {"dealCount": 0, "openValue": []},
        "columns": [
            _column("Не опрацьовані звернення"),
            _column("Огляд"),
            _column("Договір"),
            _column("Успішно реалізовано", deal["id"]),
            _column("Втрачено"),
        ],
    }
    log = (await person.ask(EVENTS, {"id": funnel["id"]}))["boardEvents"]
    actor = {"kind": "USER", "user": {"name": "Олена"}, "sourceName": None}
    empty: Any = {"dealCount": 0, "value": []}
    worthless: Any = {"dealCount": 1, "value": []}
    worth: Any = {"dealCount": 1, "value": [{"amount": "128.50"}]}
    assert log == {
        "seq": 4,
        "cursor": won["cursor"],
        "hasMore": False,
        "events": [
            {
                "__typename": "DealCreated",
                "seq": 1,
                "cursor": made["cursor"],
                "actor": actor,
                "placedAfter": None,
                "deal": {"id": deal["id"], "version": 1, "title": "Офіс на Подолі"},
                "columns": [worthless],
            },
            {
                "__typename": "DealMoved",
                "seq": 2,
                "cursor": moved["cursor"],
                "actor": actor,
                "placedAfter": None,
                "deal": {"id": deal["id"], "version": 2},
                "fromStage": {"name": "Не опрацьовані звернення"},
                "toStage": {"name": "Огляд"},
                "columns": [empty, worthless],
            },
            {
                "__typename": "DealUpdated",
                "seq": 3,
                "cursor": updated["cursor"],
                "actor": actor,
                "changed": ["title", "amount", "expectedCloseOn"],
                "deal": {"id": deal["id"], "version": 3, "title": "Офіс, 2 поверх"},
                "columns": [worth],
            },
            {
                "__typename": "DealMoved",
                "seq": 4,
                "cursor": won["cursor"],
                "actor": actor,
                "placedAfter": None,
                "deal": {"id": deal["id"], "version": 4},
                "fromStage": {"name": "Огляд"},
                "toStage": {"name": "Успішно реалізовано"},
                "columns": [empty, worth],
            },
        ],
    }
    page = (await person.ask(EVENTS, {"id": funnel["id"], "after": made["cursor"], "first": 2}))["boardEvents"]
    assert ([event["seq"] for event in page["events"]], page["hasMore"], page["seq"]) == ([2, 3], True, 3)
    page = (await person.ask(EVENTS, {"id": funnel["id"], "after": won["cursor"]}))["boardEvents"]
    assert page == {"seq": 4, "cursor": won["cursor"], "hasMore": False, "events": []}

    # A colleague who is a viewer of the funnel sees all of it, and changes nothing.
    colleague = Person(api, account_id, colleague_id, api.person(account_id, user_id=colleague_id, name="Тарас"))
    assert (await colleague.ask(BOARD, {"id": funnel["id"]}))["board"] == board
    refused = await colleague.ask(
        """mutation ($input: CreateDealInput!) { createDeal(input: $input) {
            ... on Forbidden { code permission message } } }""",
        {"input": {"funnelId": funnel["id"], "title": "x", "contact": {"name": "x"}}},
    )
    assert refused["createDeal"] == {
        "code": "FORBIDDEN",
        "permission": "DEALS_WRITE",
        "message": "Для цього потрібен дозвіл DEALS_WRITE.",
    }


def _stage(name: str, color: str, kind: str, probability: int, **more: Any) -> dict[str, Any]:
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


def _column(name: str, *deal_ids: str) -> dict[str, Any]:
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
