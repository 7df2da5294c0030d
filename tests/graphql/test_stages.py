"""Stages over the API: made, changed, moved, deleted with their deals."""

from datetime import date
from typing import Any

from shared import accounts, ids
from shared.db import Database
from tests import make
from tests.graphql.asking import MOVE_DEAL, Person, paths, stage, stage_ids
from tests.graphql.changing_funnels import (
    ARCHIVE_FUNNEL,
    CREATE_STAGE,
    DELETE_STAGE,
    EVENTS,
    MOVE_STAGE,
    UPDATE_STAGE,
)


def names(answer: Any) -> list[str]:
    """Of the own stages, in their order."""
    return [one["name"] for one in answer["funnel"]["stages"] if one["kind"] == "PROGRESS"]


async def test_a_stage_is_made_changed_and_moved(owner: Person) -> None:
    funnel = await owner.funnel()
    view, contract = (stage_ids(funnel)[name] for name in ("Огляд", "Договір"))

    made = await owner.act(CREATE_STAGE, funnelId=funnel["id"], stage=stage("Оплата"), place={"after": view})
    assert (names(made), made["seq"]) == (["Огляд", "Оплата", "Договір"], 1)
    assert made["stage"] == {
        "id": made["stage"]["id"],
        "kind": "PROGRESS",
        "name": "Оплата",
        "color": "#1A2B3C",
        "probability": 63,  # between 50 and 75
        "idleAfterDays": None,
        "requiresAmount": False,
    }
    changed = await owner.act(
        UPDATE_STAGE, id=made["stage"]["id"], name="Аванс", idleAfterDays=3, requiresAmount=True, probability=80
    )
    assert changed["stage"] == made["stage"] | {
        "name": "Аванс",
        "idleAfterDays": 3,
        "requiresAmount": True,
        "probability": 80,
    }
    cleared = await owner.act(UPDATE_STAGE, id=made["stage"]["id"], idleAfterDays=None)
    assert (cleared["stage"]["idleAfterDays"], cleared["seq"]) == (None, 3)
    moved = await owner.act(MOVE_STAGE, id=contract, place={"top": True})
    assert (names(moved), moved["seq"], moved["funnel"]["version"]) == (["Договір", "Огляд", "Аванс"], 4, 5)
    again = await owner.act(MOVE_STAGE, id=contract, place={"before": view})
    assert (again["seq"], again["cursor"], again["funnel"]["version"]) == (4, moved["cursor"], 5)


async def test_a_stage_goes_with_its_deals(owner: Person) -> None:
    funnel = await owner.funnel()
    view, contract = (stage_ids(funnel)[name] for name in ("Огляд", "Договір"))
    for title in ("Друга", "Перша"):
        deal = await owner.deal(funnel, title=title)
        await owner.act(MOVE_DEAL, id=deal["id"], toStageId=view)

    refused = await owner.act(DELETE_STAGE, id=view)
    assert (refused["__typename"], refused["dealCount"]) == ("StageNotEmpty", 2)
    gone = await owner.act(DELETE_STAGE, id=view, moveDealsTo=contract, idempotencyKey="1")

    assert (names(gone), gone["seq"]) == (["Договір"], 7)
    assert await owner.act(DELETE_STAGE, id=view, moveDealsTo=contract, idempotencyKey="1") == gone
    board = await owner.board(funnel)
    assert board["seq"] == 7
    assert [column["stage"]["name"] for column in board["columns"]][1:2] == ["Договір"]
    assert [deal["title"] for deal in board["columns"][1]["deals"]["nodes"]] == ["Перша", "Друга"]
    *_, first, second, last = (await owner.ask(EVENTS, {"id": funnel["id"]}))["boardEvents"]["events"]
    assert (first["fromStage"]["name"], first["deal"]["title"], first["placedAfter"]) == ("Огляд", "Перша", None)
    assert [sorted(column["dealCount"] for column in one["columns"]) for one in (first, second)] == [[1, 1], [0, 2]]
    assert last == {"__typename": "FunnelChanged", "seq": 7, "changed": ["stages"], "funnel": {"id": funnel["id"]}}
    assert (await owner.ask("query ($id: ID!) { node(id: $id) { id } }", {"id": view}))["node"] is None


async def test_what_is_built_in_keeps_its_place_and_its_meaning(owner: Person) -> None:
    funnel = await owner.funnel()
    by_kind = {one["kind"]: one["id"] for one in funnel["stages"]}
    view = stage_ids(funnel)["Огляд"]

    for kind in ("ENTRY", "WON", "LOST"):
        moved = await owner.act(MOVE_STAGE, id=by_kind[kind], place={"after": view})
        deleted = await owner.act(DELETE_STAGE, id=by_kind[kind])
        assert moved["reason"] == deleted["reason"] == "BUILT_IN_STAGE"
        assert paths(await owner.act(MOVE_STAGE, id=view, place={"after": by_kind[kind]})) == [["place", "after"]]
    assert paths(await owner.act(UPDATE_STAGE, id=by_kind["WON"], probability=50)) == [["probability"]]
    assert paths(await owner.act(UPDATE_STAGE, id=by_kind["ENTRY"], requiresAmount=True)) == [["requiresAmount"]]
    renamed = await owner.act(UPDATE_STAGE, id=by_kind["LOST"], name="Відмова", color="#000000")
    assert (renamed["stage"]["name"], renamed["seq"]) == ("Відмова", 1)


async def test_deals_without_an_amount_do_not_go_where_one_is_required(owner: Person) -> None:
    funnel = await owner.funnel(stages=[stage("Огляд"), stage("Оплата", requiresAmount=True)])
    deal = await owner.deal(funnel)
    view, payment = (stage_ids(funnel)[name] for name in ("Огляд", "Оплата"))
    await owner.act(MOVE_DEAL, id=deal["id"], toStageId=view)

    refused = await owner.act(DELETE_STAGE, id=view, moveDealsTo=payment)

    assert (refused["__typename"], refused["stage"]["id"]) == ("AmountRequired", payment)


async def test_refuses_in_the_order_of_the_contract(owner: Person, db: Database, account: accounts.Account) -> None:
    funnel = await owner.funnel()
    view, nowhere = stage_ids(funnel)["Огляд"], str(ids.new())

    formless = await owner.act(CREATE_STAGE, funnelId=nowhere, stage=stage("", color="red"), place={"top": False})
    assert paths(formless) == [["stage", "name"], ["stage", "color"], ["place"]]
    assert paths(await owner.act(UPDATE_STAGE, id=nowhere, name=None)) == [["name"]]
    missing = await owner.act(CREATE_STAGE, funnelId=nowhere, stage=stage("Оплата"))
    assert (missing["__typename"], missing["id"]) == ("NotFound", nowhere)
    assert (await owner.act(DELETE_STAGE, id=nowhere, moveDealsTo=nowhere))["id"] == nowhere
    assert paths(await owner.act(DELETE_STAGE, id=view, moveDealsTo=view)) == [["moveDealsTo"]]
    async with db.transaction(account.id) as tx:
        await make.module(tx, usable_until=date(2020, 1, 1))
    inactive = await owner.act(DELETE_STAGE, id=view, moveDealsTo=nowhere)
    assert (inactive["__typename"], inactive["module"]) == ("ModuleInactive", {"code": "sales_funnel"})
    assert (await owner.board(funnel))["seq"] == 0


async def test_stages_of_an_archived_funnel_are_not_found(owner: Person) -> None:
    funnel = await owner.funnel()
    view = stage_ids(funnel)["Огляд"]
    await owner.act(ARCHIVE_FUNNEL, id=funnel["id"])

    for mutation, given in (
        (UPDATE_STAGE, {"name": "Показ"}),
        (MOVE_STAGE, {"place": {"bottom": True}}),
        (DELETE_STAGE, {}),
    ):
        refused = await owner.act(mutation, id=view, **given)
        assert (refused["__typename"], refused["id"]) == ("NotFound", view)
