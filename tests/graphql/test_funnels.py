"""Funnels over the API: listed, made from templates, renamed, shared, put away."""

from typing import Any

import pytest

from shared import accounts, ids
from shared.actor import Permission
from shared.db import Database
from tests import make
from tests.client import Api
from tests.graphql.asking import CREATE_FUNNEL, Person, paths
from tests.graphql.changing_funnels import (
    ARCHIVE_FUNNEL,
    EVENTS,
    FUNNELS,
    SAVE_LOSS_REASON,
    TEMPLATES,
    UPDATE_FUNNEL,
)


@pytest.fixture
async def people(db: Database, account: accounts.Account) -> list[str]:
    async with db.transaction(account.id) as tx:
        return [str((await make.user(tx, name)).id) for name in ("Ярина", "Ганна", "Ґеля")]


async def test_a_funnel_gets_another_name_and_other_viewers(owner: Person, people: list[str]) -> None:
    funnel = await owner.funnel(viewerIds=people[:1])

    changed = await owner.act(
        UPDATE_FUNNEL, id=funnel["id"], name="Продаж", viewerIds=people, expectedVersion=1, idempotencyKey="1"
    )

    assert (changed["funnel"]["name"], changed["funnel"]["version"], changed["seq"]) == ("Продаж", 2, 1)
    assert changed["funnel"]["viewers"] == [{"name": "Ганна"}, {"name": "Ґеля"}, {"name": "Ярина"}]
    log = (await owner.ask(EVENTS, {"id": funnel["id"]}))["boardEvents"]
    assert log["cursor"] == changed["cursor"]
    assert log["events"] == [
        {
            "__typename": "FunnelChanged",
            "seq": 1,
            "changed": ["name", "viewers"],
            "funnel": {"id": funnel["id"]},
        }
    ]


async def test_a_stale_hand_is_shown_the_funnel_as_it_is(owner: Person) -> None:
    funnel = await owner.funnel()
    await owner.act(UPDATE_FUNNEL, id=funnel["id"], name="Продаж")

    refused = await owner.act(UPDATE_FUNNEL, id=funnel["id"], name="Обмін", expectedVersion=1)

    assert (refused["__typename"], refused["code"]) == ("StaleFunnel", "STALE_FUNNEL")
    assert (refused["funnel"]["name"], refused["funnel"]["version"]) == ("Продаж", 2)


async def test_a_key_is_answered_once_and_again(owner: Person) -> None:
    funnel = await owner.funnel()
    change: dict[str, Any] = {"id": funnel["id"], "name": "Продаж", "expectedVersion": 1, "idempotencyKey": "1"}
    reason: dict[str, Any] = {"funnelId": funnel["id"], "name": "Не на часі", "idempotencyKey": "1"}

    changed = await owner.act(UPDATE_FUNNEL, **change)
    saved = await owner.act(SAVE_LOSS_REASON, **reason)

    assert await owner.act(UPDATE_FUNNEL, **change) == changed | {"funnel": saved["funnel"]}
    assert await owner.act(SAVE_LOSS_REASON, **reason) == saved
    assert (await owner.act(UPDATE_FUNNEL, **change | {"name": "Обмін"}))["__typename"] == "IdempotencyConflict"


async def test_an_archived_funnel_is_listed_apart_and_comes_back(owner: Person) -> None:
    funnel = await owner.funnel()
    archived = await owner.act(ARCHIVE_FUNNEL, id=funnel["id"])
    assert (archived["funnel"]["archived"], archived["funnel"]["version"]) == (True, 2)

    async def listed(archived: bool | None) -> int:
        count: int = (await owner.ask(FUNNELS, {"filter": {"archived": archived}}))["funnels"]["totalCount"]
        return count

    assert [await listed(which) for which in (False, True, None)] == [0, 1, 1]
    refused = await owner.act(UPDATE_FUNNEL, id=funnel["id"], name="Продаж")
    assert (refused["__typename"], refused["id"]) == ("NotFound", funnel["id"])
    assert (await owner.act(ARCHIVE_FUNNEL, id=funnel["id"], archived=False))["funnel"]["archived"] is False
    assert (await owner.act(UPDATE_FUNNEL, id=funnel["id"], name="Продаж"))["seq"] == 3


async def test_loss_reasons_are_made_and_changed(owner: Person) -> None:
    funnel = await owner.funnel(lossReasons=["Дорого"])
    (first,) = funnel["lossReasons"]

    made = await owner.act(SAVE_LOSS_REASON, funnelId=funnel["id"], name="Не на часі", requiresNote=True)
    changed = await owner.act(SAVE_LOSS_REASON, funnelId=funnel["id"], id=first["id"], name="Задорого", archived=True)

    assert (made["lossReason"]["requiresNote"], made["seq"]) == (True, 1)
    assert changed["lossReason"] == {"id": first["id"], "name": "Задорого", "requiresNote": False, "archived": True}
    assert [reason["name"] for reason in changed["funnel"]["lossReasons"]] == ["Задорого", "Не на часі"]


async def test_needs_the_right_to_manage_funnels(api: Api, owner: Person) -> None:
    funnel, id = await owner.funnel(), ids.new()
    rights = [right for right in Permission if right is not Permission.FUNNELS_MANAGE]
    seller = Person(api, owner.account_id, id, api.person(owner.account_id, *rights, user_id=id))

    for mutation, given in ((UPDATE_FUNNEL, {"id": funnel["id"], "name": ""}), (ARCHIVE_FUNNEL, {"id": funnel["id"]})):
        refused = await seller.act(mutation, **given)
        assert (refused["__typename"], refused["permission"]) == ("Forbidden", "FUNNELS_MANAGE")


async def test_the_table_of_funnels_counts_what_is_open(owner: Person) -> None:
    for name in ("Юрта", "Їжак", "інше", "Ґанок", "Гараж"):
        await owner.funnel(name=name)
    funnel = await owner.funnel(name="Єнот")
    for amount in ("5.50", "7"):
        await owner.deal(funnel, amount={"amount": amount, "currency": "UAH"})

    first = (await owner.ask(FUNNELS, {"first": 4}))["funnels"]
    rest = (await owner.ask(FUNNELS, {"first": 4, "after": first["pageInfo"]["endCursor"]}))["funnels"]

    assert [one["name"] for one in first["nodes"] + rest["nodes"]] == [
        "Гараж",
        "Ґанок",
        "Єнот",
        "інше",
        "Їжак",
        "Юрта",
    ]
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (6, True, False)
    assert first["nodes"][2] == {
        "name": "Єнот",
        "dealCount": 2,
        "openValue": [{"amount": "12.50", "currency": "UAH"}],
    }
    found = (await owner.ask(FUNNELS, {"filter": {"search": "ҐАНОК"}}))["funnels"]
    assert [one["name"] for one in found["nodes"]] == ["Ґанок"]


@pytest.mark.parametrize("search", ["\0", "я" * 201])
async def test_what_no_name_can_hold_is_no_search(owner: Person, search: str) -> None:
    answer = await owner.answer(FUNNELS, {"filter": {"search": search}})

    assert answer.codes == ["BAD_USER_INPUT"]


async def test_templates_speak_the_viewers_language(api: Api, owner: Person) -> None:
    english = Person(api, owner.account_id, owner.id, api.person(owner.account_id, user_id=owner.id, locale="en"))

    services, goods = (await owner.ask(TEMPLATES))["funnelTemplates"]
    translated = (await english.ask(TEMPLATES))["funnelTemplates"]

    assert [services["name"], goods["name"]] == ["Послуги", "Товари"]
    assert services["entry"] == goods["entry"] == {"name": "Не опрацьовані звернення", "color": "#64748B"}
    assert [stage["name"] for stage in goods["stages"]] == [
        "Зідзвін",
        "Підтвердження платежу",
        "Оформлення відправлення",
        "В дорозі",
        "Відправлення отримано",
    ]
    assert [(one["id"], one["name"]) for one in translated] == [(services["id"], "Services"), (goods["id"], "Goods")]
    assert translated[0]["lossReasons"][-1] == "Other"


async def test_a_template_fills_what_is_not_given(owner: Person) -> None:
    services, _ = (await owner.ask(TEMPLATES))["funnelTemplates"]

    made = (await owner.act(CREATE_FUNNEL, name="Послуги", templateId=services["id"], lossReasons=["Дорого"]))["funnel"]

    open_stages = [stage["name"] for stage in made["stages"] if stage["kind"] in ("ENTRY", "PROGRESS")]
    assert open_stages == [services["entry"]["name"], *(stage["name"] for stage in services["stages"])]
    assert [reason["name"] for reason in made["lossReasons"]] == ["Дорого"]
    refused = await owner.act(CREATE_FUNNEL, name="Послуги", templateId=str(ids.new()))
    assert paths(refused) == [["templateId"]]


async def test_the_host_crm_looks_at_no_templates(api: Api) -> None:
    answer = await api.graphql(TEMPLATES, token=api.service())

    assert answer.codes == ["FORBIDDEN"]
