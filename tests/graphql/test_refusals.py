"""What is refused, in which order, and that nothing happens then."""

from datetime import date
from typing import Any

import pytest

from shared import accounts, ids
from shared.db import Database
from tests import make
from tests.client import Api
from tests.graphql.asking import (
    CONTACT,
    CREATE_DEAL,
    CREATE_FUNNEL,
    CREATE_SOURCE,
    MOVE_DEAL,
    START_TRIAL,
    UPDATE_DEAL,
    Person,
    paths,
    stage,
    stage_ids,
)

NOWHERE = str(ids.new())
LONG_AGO = date(2020, 1, 1)


LEAST = {
    "createDeal": '{funnelId: "x", title: "", contact: {name: ""}}',
    "updateDeal": '{id: "x", title: ""}',
    "moveDeal": '{id: "x", toStageId: "x", place: {top: false}}',
    "createFunnel": '{name: ""}',
    "startTrial": '{moduleCode: "", idempotencyKey: ""}',
    "createSource": '{name: "", kind: FORM, funnelId: "x"}',
}
NEEDS = {
    "createDeal": "DEALS_WRITE",
    "updateDeal": "DEALS_WRITE",
    "moveDeal": "DEALS_WRITE",
    "createFunnel": "FUNNELS_MANAGE",
    "startTrial": "BILLING_MANAGE",
    "createSource": "SOURCES_MANAGE",
}


async def end_module(db: Database, account: accounts.Account) -> None:
    async with db.transaction(account.id) as tx:
        await make.module(tx, usable_until=LONG_AGO)


@pytest.mark.parametrize("name", LEAST)
async def test_asks_for_a_token_before_anything_else(api: Api, name: str) -> None:
    answer = await api.graphql(f"mutation {{ {name}(input: {LEAST[name]}) {{ __typename }} }}")

    assert (answer.body["data"], answer.codes) == (None, ["UNAUTHENTICATED"])


@pytest.mark.parametrize("name", LEAST)
async def test_asks_for_the_right_before_the_form(onlooker: Person, name: str) -> None:
    refused = await onlooker.ask(
        f"mutation {{ {name}(input: {LEAST[name]}) {{ ... on Error {{ code message }} ... on Forbidden {{ permission }} }} }}"
    )

    assert refused[name] == {
        "code": "FORBIDDEN",
        "permission": NEEDS[name],
        "message": f"Для цього потрібен дозвіл {NEEDS[name]}.",
    }


async def test_tells_all_problems_of_form_at_once(owner: Person) -> None:
    funnel = await owner.funnel()
    refused = await owner.act(
        CREATE_DEAL,
        id="no uuid",
        funnelId=NOWHERE,
        title=" ",
        contact={"name": "", "phone": "12", "email": "nobody"},
        amount={"amount": "-1", "currency": "UAH"},
        expectedCloseOn="31.12.2030",
        customFields=["a list"],
        assigneeId="nobody",
        idempotencyKey="",
    )
    assert refused["code"] == "INVALID_INPUT"
    assert sorted(paths(refused)) == sorted(
        [
            ["id"],
            ["title"],
            ["contact", "name"],
            ["contact", "phone"],
            ["contact", "email"],
            ["amount", "amount"],
            ["expectedCloseOn"],
            ["customFields"],
            ["idempotencyKey"],
        ]
    )
    assert (await owner.board(funnel))["seq"] == 0

    refused = await owner.act(
        CREATE_FUNNEL,
        name="",
        entry=stage("", requiresAmount=True),
        stages=[stage("а"), stage("б") | {"color": "red", "probability": 101, "idleAfterDays": 0}],
        lossReasons=["x", ""],
        idempotencyKey="k" * 201,
    )
    assert sorted(paths(refused)) == sorted(
        [
            ["name"],
            ["entry", "name"],
            ["entry", "requiresAmount"],
            ["stages", "1", "color"],
            ["stages", "1", "probability"],
            ["stages", "1", "idleAfterDays"],
            ["lossReasons", "1"],
            ["idempotencyKey"],
        ]
    )

    refused = await owner.act(
        MOVE_DEAL,
        id=NOWHERE,
        toStageId=NOWHERE,
        place={"top": False},
        lossNote="",
        amount={"amount": "1.234", "currency": "UAH"},
        idempotencyKey="\n",
    )
    assert sorted(paths(refused)) == [["amount", "amount"], ["idempotencyKey"], ["lossNote"], ["place"]]

    refused = await owner.act(UPDATE_DEAL, id=NOWHERE, title=None, contact=None, assigneeId=None, customFields=None)
    assert sorted(paths(refused)) == [["assigneeId"], ["contact"], ["customFields"], ["title"]]


async def test_refuses_one_thing_after_the_other(owner: Person, db: Database, account: accounts.Account) -> None:
    """Each call mends what the one before it was refused for."""
    funnel = await owner.funnel(stages=[stage("Огляд"), stage("Договір", requiresAmount=True)])
    other = await owner.funnel()
    deal = await owner.deal(funnel, idempotencyKey="made")
    before = await owner.board(funnel)
    lost = stage_ids(funnel)["Втрачено"]
    used: dict[str, Any] = {"id": deal["id"], "toStageId": stage_ids(funnel)["Огляд"], "idempotencyKey": "used"}
    await owner.act(MOVE_DEAL, **used)
    await end_module(db, account)
    wrong: dict[str, Any] = {
        "id": NOWHERE,
        "toStageId": stage_ids(other)["Огляд"],
        "place": {"after": NOWHERE},
        "lossReasonId": NOWHERE,
        "lossNote": "\x07",
        "expectedVersion": 1,
        "idempotencyKey": "used",
    }

    async def refused(**mended: Any) -> Any:
        wrong.update(mended)
        return await owner.act(MOVE_DEAL, **wrong)

    assert paths(await refused()) == [["lossNote"]]
    assert (await refused(lossNote="дорого"))["code"] == "IDEMPOTENCY_CONFLICT"
    assert (await refused(idempotencyKey="new"))["id"] == NOWHERE
    inactive = await refused(id=deal["id"])
    assert (inactive["__typename"], inactive["module"], inactive["state"]) == (
        "ModuleInactive",
        {"code": "sales_funnel"},
        None,
    )
    async with db.transaction(account.id) as tx:
        await make.module(tx)
    stale = await refused()
    assert (stale["__typename"], stale["deal"]) == (
        "StaleDeal",
        {"id": deal["id"], "title": "Офіс на Подолі", "version": 2},
    )
    assert sorted(paths(await refused(expectedVersion=2))) == [["lossReasonId"], ["place", "after"]]
    astray = await refused(place=None, lossReasonId=None)
    assert (astray["code"], astray["stageId"]) == ("STAGE_NOT_IN_FUNNEL", stage_ids(other)["Огляд"])
    needed = await refused(toStageId=lost)
    assert (needed["code"], needed["lossReasons"]) == ("LOSS_REASON_REQUIRED", [{"name": "Інше"}])
    needed = await refused(toStageId=stage_ids(funnel)["Договір"])
    assert (needed["code"], needed["stage"]) == ("AMOUNT_REQUIRED", {"name": "Договір"})

    after = await owner.board(funnel)
    assert (before["seq"], after["seq"]) == (1, 2)  # of all this, only the first move
    done = await refused(amount={"amount": 5, "currency": "UAH"})  # none of the refusals has used the key up
    assert (done["seq"], done["deal"]["version"]) == (3, 3)


async def test_refuses_to_make_things_one_after_the_other(
    owner: Person, db: Database, account: accounts.Account
) -> None:
    funnel = await owner.funnel()
    await end_module(db, account)
    deal: dict[str, Any] = {"funnelId": NOWHERE, "title": "x", "contact": CONTACT, "assigneeId": NOWHERE}
    source: dict[str, Any] = {"funnelId": NOWHERE, "name": "Сайт", "kind": "FORM", "assigneeId": NOWHERE}
    for mutation, input in ((CREATE_DEAL, deal), (CREATE_SOURCE, source)):
        refused = await owner.act(mutation, **input)
        assert (refused["code"], refused["id"]) == ("NOT_FOUND", NOWHERE)
        input["funnelId"] = funnel["id"]
        assert (await owner.act(mutation, **input))["code"] == "MODULE_INACTIVE"
    new_funnel: dict[str, Any] = {"name": "x", "viewerIds": [NOWHERE], "id": funnel["id"]}
    assert (await owner.act(CREATE_FUNNEL, **new_funnel))["code"] == "MODULE_INACTIVE"

    async with db.transaction(account.id) as tx:
        await make.module(tx)
    for mutation, input in ((CREATE_DEAL, deal), (CREATE_SOURCE, source)):
        assert paths(await owner.act(mutation, **input)) == [["assigneeId"]]
    assert paths(await owner.act(CREATE_FUNNEL, **new_funnel)) == [["viewerIds", "0"]]
    assert paths(await owner.act(CREATE_FUNNEL, **new_funnel | {"viewerIds": []})) == [["id"]]
    deal |= {"assigneeId": None, "id": funnel["id"]}
    assert paths(await owner.act(CREATE_DEAL, **deal)) == [["id"]]

    everything = await owner.ask("{ funnels { totalCount } sources { id } inbox { totalCount } }")
    assert everything == {"funnels": {"totalCount": 1}, "sources": [], "inbox": {"totalCount": 0}}
    assert (await owner.board(funnel))["seq"] == 0
    # Numbers are not used up either.
    assert (await owner.deal(funnel))["number"] == 1


async def test_refuses_what_cannot_be_cleared(owner: Person) -> None:
    funnel = await owner.funnel(stages=[stage("Договір", requiresAmount=True)])
    deal = await owner.deal(funnel, amount={"amount": "5", "currency": "UAH"})
    await owner.act(MOVE_DEAL, id=deal["id"], toStageId=stage_ids(funnel)["Договір"])

    refused = await owner.act(UPDATE_DEAL, id=deal["id"], amount=None, title="Інша назва")

    assert (refused["code"], refused["stage"]) == ("AMOUNT_REQUIRED", {"name": "Договір"})
    board = await owner.board(funnel)
    assert (board["seq"], board["columns"][1]["deals"]["nodes"][0]["title"]) == (2, "Офіс на Подолі")


async def test_tries_a_module_once(owner: Person) -> None:
    refused = await owner.act(START_TRIAL, moduleCode="no_module")
    assert (refused["code"], refused["id"]) == ("NOT_FOUND", "no_module")
    trial = (await owner.act(START_TRIAL, moduleCode="telephony"))["module"]
    assert (trial["state"], trial["usable"], trial["module"]["name"]) == ("TRIALING", True, "Телефонія")

    refused = await owner.act(START_TRIAL, moduleCode="telephony")

    assert (refused["code"], refused["reason"]) == ("NOT_ALLOWED_NOW", "CONNECTED")
    assert refused["message"] == "Зараз це неможливо: цей модуль уже підключено."


async def test_says_without_the_right_that_it_is_missing(owner: Person, onlooker: Person) -> None:
    for query in ("{ sources { id } }", "{ inbox { totalCount } }"):
        answer = await onlooker.answer(query)
        assert (answer.status, list(answer.body["data"].values()), answer.codes) == (200, [None], ["FORBIDDEN"])


async def test_refuses_one_node_and_shows_the_others(owner: Person, onlooker: Person) -> None:
    funnel = await owner.funnel(viewerIds=[])
    source = (await owner.act(CREATE_SOURCE, name="Сайт", kind="FORM", funnelId=funnel["id"]))["source"]
    trial = (await owner.act(START_TRIAL, moduleCode="telephony"))["module"]
    mine = str(onlooker.account_id)
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"

    answer = await onlooker.answer(query, {"ids": [source["id"], mine, trial["id"], funnel["id"], mine]})

    shown = {"__typename": "Account", "id": mine}
    assert answer.body["data"] == {"nodes": [None, shown, None, None, shown]}
    assert [(error["path"], error["extensions"]["code"]) for error in answer.errors] == [
        (["nodes", 0], "FORBIDDEN"),
        (["nodes", 2], "FORBIDDEN"),
    ]
    found = (await owner.ask(query, {"ids": [source["id"], trial["id"], funnel["id"]]}))["nodes"]
    assert [one["__typename"] for one in found] == ["Source", "ModuleSubscription", "Funnel"]


async def test_changes_nothing_in_a_document_but_what_is_not_refused(owner: Person) -> None:
    """Mutations of one document are done one after the other, each in a transaction of its own."""
    funnel = await owner.funnel()
    one = '(input: {funnelId: "%s", title: "%s", contact: {name: "x"}}) { ...R }'
    titles = ("перша", "", "третя")
    fields = " ".join(f"m{n}: createDeal{one % (funnel['id'], title)}" for n, title in enumerate(titles))

    done = await owner.ask(
        f"mutation {{ {fields} }} fragment R on CreateDealResult {{ __typename ... on CreateDealPayload {{ seq }} }}"
    )

    assert done == {
        "m0": {"__typename": "CreateDealPayload", "seq": 1},
        "m1": {"__typename": "InvalidInput"},
        "m2": {"__typename": "CreateDealPayload", "seq": 2},
    }
