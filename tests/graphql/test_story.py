"""The first day of a customer, over HTTP: from an account that the host CRM sets up to deals on a board."""

from typing import Any

from shared import ids
from tests.client import Api
from tests.graphql.asking import Person, stage_ids
from tests.graphql.story import (
    BOARD,
    EVENTS,
    MAKE_DEAL,
    MAKE_FUNNEL,
    MOVE,
    STAGES,
    UPDATE,
    column,
    customer,
    stage,
)


async def test_a_customer_comes_and_works(api: Api) -> None:
    account_id, user_id, colleague_id = ids.new(), ids.new(), ids.new()

    person = await customer(api, account_id, user_id, colleague_id)

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
            stage("Не опрацьовані звернення", "#64748B", "ENTRY", 25),
            stage("Огляд", "#1A2B3C", "PROGRESS", 50, idleAfterDays=5),
            stage("Договір", "#0F0F0F", "PROGRESS", 90, requiresAmount=True),
            stage("Успішно реалізовано", "#16A34A", "WON", 100),
            stage("Втрачено", "#DC2626", "LOST", 0),
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
            column("Не опрацьовані звернення"),
            column("Огляд"),
            column("Договір"),
            column("Успішно реалізовано", deal["id"]),
            column("Втрачено"),
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
