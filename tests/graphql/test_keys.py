"""A mutation that is asked for twice under one key is done once."""

import asyncio
from typing import Any

from shared import accounts, ids
from shared.actor import Permission
from tests.client import Api
from tests.graphql.asking import (
    CONTACT,
    CREATE_ACCOUNT,
    CREATE_DEAL,
    CREATE_FUNNEL,
    CREATE_SOURCE,
    MOVE_DEAL,
    SAVE_USERS,
    START_TRIAL,
    UPDATE_DEAL,
    Person,
    stage_ids,
)


async def test_answers_with_the_same_things_as_they_are_now(owner: Person) -> None:
    funnel = await owner.funnel()
    new: dict[str, Any] = {"funnelId": funnel["id"], "title": "Офіс", "contact": CONTACT, "idempotencyKey": "1"}
    made = await owner.act(CREATE_DEAL, **new)
    change = {"id": made["deal"]["id"], "title": "Склад", "idempotencyKey": "1"}
    changed = await owner.act(UPDATE_DEAL, **change)
    place = {"id": made["deal"]["id"], "toStageId": stage_ids(funnel)["Огляд"], "idempotencyKey": "1"}
    moved = await owner.act(MOVE_DEAL, **place)
    assert (made["seq"], changed["seq"], moved["seq"], moved["missing"]) == (1, 2, 3, ["amount"])

    now = {"title": "Склад", "version": 3}
    assert await owner.act(CREATE_DEAL, **new) == made | {"deal": made["deal"] | now}
    assert await owner.act(UPDATE_DEAL, **change) == changed | {"deal": changed["deal"] | now}
    assert await owner.act(MOVE_DEAL, **place) == moved
    assert (await owner.board(funnel))["seq"] == 3


async def test_makes_no_second_thing(owner: Person) -> None:
    funnel = await owner.funnel(idempotencyKey="1")
    assert await owner.funnel(idempotencyKey="1") == funnel
    trial = await owner.act(START_TRIAL, moduleCode="telephony", idempotencyKey="1")
    assert await owner.act(START_TRIAL, moduleCode="telephony", idempotencyKey="1") == trial

    everything = await owner.ask("{ funnels { nodes { id } } }")
    assert everything == {"funnels": {"nodes": [{"id": funnel["id"]}]}}


async def test_shows_a_secret_once(owner: Person) -> None:
    funnel = await owner.funnel()
    new = {"name": "Сайт", "kind": "FORM", "funnelId": funnel["id"], "idempotencyKey": "1"}

    made = await owner.act(CREATE_SOURCE, **new)
    again = await owner.act(CREATE_SOURCE, **new)

    assert made["secret"]
    assert made["address"] == f"{made['source']['url']}/{made['secret']}"
    assert again == made | {"secret": None, "address": None}
    assert await owner.ask("{ sources { id } }") == {"sources": [{"id": made["source"]["id"]}]}


async def test_refuses_another_input_under_the_same_key(owner: Person) -> None:
    funnel = await owner.funnel()
    new: dict[str, Any] = {"funnelId": funnel["id"], "title": "Офіс", "contact": CONTACT, "idempotencyKey": "1"}
    await owner.act(CREATE_DEAL, **new)

    others: list[dict[str, Any]] = [{"title": "Склад"}, {"customFields": {}}, {"assigneeId": None}]
    for other in others:
        refused = await owner.act(CREATE_DEAL, **new | other)
        assert (refused["__typename"], refused["code"]) == ("IdempotencyConflict", "IDEMPOTENCY_CONFLICT")
    assert (await owner.board(funnel))["seq"] == 1


async def test_takes_the_order_of_fields_for_no_difference(owner: Person) -> None:
    funnel = await owner.funnel()
    new: dict[str, Any] = {"funnelId": funnel["id"], "title": "Офіс", "contact": CONTACT, "idempotencyKey": "1"}
    made = await owner.act(CREATE_DEAL, **new, customFields={"a": 1, "b": [{"c": 2, "d": 3}]})

    turned = dict(reversed(new.items())) | {"contact": dict(reversed(CONTACT.items()))}
    assert await owner.act(CREATE_DEAL, **turned, customFields={"b": [{"d": 3, "c": 2}], "a": 1}) == made


async def test_keeps_no_refusal(owner: Person) -> None:
    funnel = await owner.funnel()
    new: dict[str, Any] = {"title": "Офіс", "contact": CONTACT, "idempotencyKey": "1"}
    assert (await owner.act(CREATE_DEAL, **new, funnelId="x"))["code"] == "NOT_FOUND"

    assert (await owner.act(CREATE_DEAL, **new, funnelId=funnel["id"]))["seq"] == 1


async def test_belongs_to_one_user_and_one_mutation(api: Api, account: accounts.Account, owner: Person) -> None:
    id = ids.new()
    other = Person(api, account.id, id, api.person(account.id, *Permission, user_id=id, name="Тарас"))
    funnel = await owner.funnel(idempotencyKey="1")
    new: dict[str, Any] = {"funnelId": funnel["id"], "title": "Офіс", "contact": CONTACT, "idempotencyKey": "1"}

    mine, theirs = await owner.act(CREATE_DEAL, **new), await other.act(CREATE_DEAL, **new)

    assert mine["deal"]["id"] != theirs["deal"]["id"]
    assert (await owner.board(funnel))["seq"] == 2


async def test_does_once_what_twins_ask_at_the_same_time(owner: Person) -> None:
    funnel = await owner.funnel()
    new = {"funnelId": funnel["id"], "title": "Офіс", "contact": CONTACT, "idempotencyKey": "1"}

    answers = await asyncio.gather(*(owner.act(CREATE_DEAL, **new) for _ in range(5)))

    assert answers == answers[:1] * 5
    assert (await owner.board(funnel))["columns"][0]["deals"]["totalCount"] == 1


async def test_makes_one_of_a_chosen_id_that_twins_ask_for(owner: Person) -> None:
    """Without a key, the second one is told that the id is taken."""
    funnel, id = await owner.funnel(), str(ids.new())
    new = {"id": id, "funnelId": funnel["id"], "title": "Офіс", "contact": CONTACT}

    answers = await asyncio.gather(*(owner.act(CREATE_DEAL, **new) for _ in range(3)))

    assert sorted(answer["__typename"] for answer in answers) == ["CreateDealPayload", "InvalidInput", "InvalidInput"]
    assert [answer["fields"][0]["path"] for answer in answers if "fields" in answer] == [["id"], ["id"]]


async def test_holds_for_the_host_crm_too(api: Api) -> None:
    async def act(mutation: str, **input: Any) -> Any:
        (done,) = (await api.graphql(mutation, {"input": input}, api.service())).data.values()
        return done

    key, user = str(ids.new()), str(ids.new())
    made = await act(CREATE_ACCOUNT, name="Оселя", idempotencyKey=key)
    id = made["account"]["id"]
    assert await act(CREATE_ACCOUNT, name="Оселя", idempotencyKey=key) == made
    assert (await act(CREATE_ACCOUNT, name="Інша", idempotencyKey=key))["code"] == "IDEMPOTENCY_CONFLICT"

    given = {"accountId": id, "users": [{"id": user, "name": "Олена", "active": False}], "idempotencyKey": key}
    saved = await act(SAVE_USERS, **given)
    assert saved["users"] == [{"id": user, "name": "Олена", "email": None, "active": False}]
    later = given | {"users": [{"id": user, "name": "Олена Бойко"}], "idempotencyKey": key + "x"}
    assert (await act(SAVE_USERS, **later))["users"][0]["active"] is True
    assert (await act(SAVE_USERS, **given))["users"] == [
        {"id": user, "name": "Олена Бойко", "email": None, "active": True}
    ]
    refused = await act(SAVE_USERS, **given | {"accountId": str(ids.new())})
    assert refused["code"] == "IDEMPOTENCY_CONFLICT"


async def test_tells_nobody_again_who_may_not_see_the_thing_any_more(api: Api, owner: Person) -> None:
    """What a key answers with is seen with the rights of today."""
    id = ids.new()
    api_of = Person(api, owner.account_id, id, api.person(owner.account_id, *Permission, user_id=id, name="Тарас"))
    funnel = await api_of.funnel(idempotencyKey="1")
    weaker = Person(api, owner.account_id, id, api.person(owner.account_id, "DEALS_WRITE", user_id=id, name="Тарас"))
    new = {"funnelId": funnel["id"], "title": "Офіс", "contact": CONTACT, "idempotencyKey": "2"}
    made = await api_of.act(CREATE_DEAL, **new)
    assert made["seq"] == 1

    assert (await weaker.act(CREATE_FUNNEL, name="x", idempotencyKey="1"))["code"] == "FORBIDDEN"
    refused = await weaker.act(CREATE_DEAL, **new)
    assert (refused["code"], refused["id"]) == ("NOT_FOUND", made["deal"]["id"])
