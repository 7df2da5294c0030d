"""Ids that name nothing, and ids of another account, which name nothing either."""

from typing import Any

import pytest

from shared import ids
from shared.actor import Permission
from shared.db import Database
from tests import make
from tests.client import Api
from tests.graphql.asking import (
    CONTACT,
    CREATE_DEAL,
    CREATE_FUNNEL,
    CREATE_SOURCE,
    MOVE_DEAL,
    SAVE_USERS,
    UPDATE_DEAL,
    Person,
    paths,
    stage,
    stage_ids,
)

NO_IDS = [
    "",
    "x",
    "7",
    "угода",
    "\0",
    "' OR 1=1 --",
    "00000000000000000000000000000000",
    "{%s}",
    "urn:uuid:%s",
    "я" * 5_000,
]
QUERIES = {
    "node": "query ($id: ID!) { found: node(id: $id) { id } }",
    "funnel": "query ($id: ID!) { found: funnel(id: $id) { id } }",
    "deal": "query ($id: ID!) { found: deal(id: $id) { id } }",
    "board": "query ($id: ID!) { found: board(funnelId: $id) { seq } }",
    "boardEvents": "query ($id: ID!) { found: boardEvents(funnelId: $id) { seq } }",
}


@pytest.fixture
async def stranger(api: Api, db: Database) -> Person:
    """A person with all rights in another account."""
    account, id = await make.account(db), ids.new()
    return Person(api, account.id, id, api.person(account.id, *Permission, user_id=id))


async def foreign(stranger: Person) -> dict[str, Any]:
    """An id of each kind, of the stranger's account."""
    funnel = await stranger.funnel()
    deal = await stranger.deal(funnel)
    source = (await stranger.act(CREATE_SOURCE, name="Сайт", kind="FORM", funnelId=funnel["id"]))["source"]
    return {
        "Account": str(stranger.account_id),
        "User": str(stranger.id),
        "Funnel": funnel["id"],
        "Stage": funnel["stages"][1]["id"],
        "LossReason": funnel["lossReasons"][0]["id"],
        "Deal": deal["id"],
        "Source": source["id"],
    }


async def test_finds_its_own_by_their_ids(owner: Person) -> None:
    for kind, id in (await foreign(owner)).items():
        assert await owner.ask("query ($id: ID!) { node(id: $id) { __typename id } }", {"id": id}) == {
            "node": {"__typename": kind, "id": id}
        }
        upper = await owner.ask("query ($id: ID!) { node(id: $id) { id } }", {"id": id.upper()})
        assert upper == {"node": {"id": id}}


@pytest.mark.parametrize("name", QUERIES)
async def test_finds_nothing_by_what_is_no_id(owner: Person, name: str) -> None:
    funnel = await owner.funnel()
    for text in [*NO_IDS, str(ids.new())]:
        id = text.replace("%s", funnel["id"])
        assert await owner.ask(QUERIES[name], {"id": id}) == {"found": None}, text
    assert await owner.ask(QUERIES[name], {"id": 7}) == {"found": None}


@pytest.mark.parametrize("name", QUERIES)
async def test_finds_nothing_of_another_account(owner: Person, stranger: Person, name: str) -> None:
    theirs = await foreign(stranger)
    for id in theirs.values():
        assert await owner.ask(QUERIES[name], {"id": id}) == {"found": None}
    answer = await owner.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": [*theirs.values(), "x"]})
    assert answer == {"nodes": [None] * (len(theirs) + 1)}


async def test_sees_nothing_of_another_account_in_lists(owner: Person, stranger: Person) -> None:
    theirs = await foreign(stranger)
    of_source = "query ($id: ID!) { inbox(filter: {sourceId: $id}) { totalCount nodes { id } } }"

    assert await owner.ask("{ funnels { nodes { id } } sources { id } }") == {"funnels": {"nodes": []}, "sources": []}
    for id in (theirs["Source"], "x", ""):
        assert await owner.ask(of_source, {"id": id}) == {"inbox": {"totalCount": 0, "nodes": []}}


async def test_acts_on_nothing_that_is_not_there(owner: Person, stranger: Person) -> None:
    theirs, funnel = await foreign(stranger), await owner.funnel()
    deal = await owner.deal(funnel)
    mine = stage_ids(funnel)["Огляд"]

    for id in (theirs["Deal"], theirs["Funnel"], str(ids.new()), "x", "\0", "", "я" * 200):
        for mutation, input in (
            (UPDATE_DEAL, {"id": id, "title": "x"}),
            (MOVE_DEAL, {"id": id, "toStageId": mine}),
            (CREATE_DEAL, {"funnelId": id, "title": "x", "contact": CONTACT}),
            (CREATE_SOURCE, {"funnelId": id, "name": "x", "kind": "FORM"}),
        ):
            refused = await owner.act(mutation, **input)
            assert (refused["__typename"], refused["id"]) == ("NotFound", id[:100])
        astray = await owner.act(MOVE_DEAL, id=deal["id"], toStageId=id)
        assert (astray["__typename"], astray["stageId"]) == ("StageNotInFunnel", id[:100])
    assert (await owner.board(funnel))["seq"] == 1
    assert (await stranger.board({"id": theirs["Funnel"]}))["seq"] == 1


async def test_names_nothing_that_is_not_there(owner: Person, stranger: Person) -> None:
    theirs, funnel = await foreign(stranger), await owner.funnel()
    deal = await owner.deal(funnel)
    lost, mine = stage_ids(funnel)["Втрачено"], stage_ids(funnel)["Огляд"]
    new = {"funnelId": funnel["id"], "title": "x", "contact": CONTACT}

    for id in (*theirs.values(), str(ids.new()), "x", "\0"):
        for mutation, input, path in (
            (CREATE_FUNNEL, {"name": "x", "viewerIds": [str(owner.id), id]}, ["viewerIds", "1"]),
            (CREATE_DEAL, new | {"assigneeId": id}, ["assigneeId"]),
            (UPDATE_DEAL, {"id": deal["id"], "assigneeId": id}, ["assigneeId"]),
            (CREATE_SOURCE, {"funnelId": funnel["id"], "name": "x", "kind": "FORM", "assigneeId": id}, ["assigneeId"]),
            (MOVE_DEAL, {"id": deal["id"], "toStageId": mine, "place": {"after": id}}, ["place", "after"]),
            (MOVE_DEAL, {"id": deal["id"], "toStageId": mine, "place": {"before": id}}, ["place", "before"]),
            (MOVE_DEAL, {"id": deal["id"], "toStageId": lost, "lossReasonId": id}, ["lossReasonId"]),
        ):
            assert (id, mutation, paths(await owner.act(mutation, **input))) == (id, mutation, [path])
    assert (await owner.board(funnel))["seq"] == 1


async def test_takes_any_uuid_for_a_new_id(owner: Person) -> None:
    for id in ("00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", str(ids.new())):
        funnel = await owner.funnel(id=id)
        assert funnel["id"] == id.lower()
    for text in ("", "x", "7", f"{{{ids.new()}}}", ids.new().hex):
        assert paths(await owner.act(CREATE_FUNNEL, name="x", id=text)) == [["id"]]


async def test_takes_an_id_once_in_an_account(owner: Person, stranger: Person) -> None:
    """Another account may have it too, and neither learns of the other."""
    funnel = await owner.funnel()
    deal = await owner.deal(funnel)
    taken = [str(owner.account_id), str(owner.id), funnel["id"], funnel["stages"][0]["id"], deal["id"]]

    for id in taken:
        new = {"id": id, "funnelId": funnel["id"], "title": "x", "contact": CONTACT}
        assert paths(await owner.act(CREATE_DEAL, **new)) == [["id"]]
        assert paths(await owner.act(CREATE_FUNNEL, name="x", id=id)) == [["id"]]
        assert paths(await owner.act(CREATE_FUNNEL, name="x", stages=[stage("а", id=id)])) == [["stages", "0", "id"]]
    twice = str(ids.new())
    assert paths(await owner.act(CREATE_FUNNEL, name="x", id=twice, entry=stage("а", id=twice))) == [["entry", "id"]]
    assert (await stranger.funnel(id=funnel["id"]))["id"] == funnel["id"]
    assert (await owner.ask("{ funnels { totalCount } }")) == {"funnels": {"totalCount": 1}}


async def test_saves_users_of_accounts_that_are_there(api: Api, owner: Person) -> None:
    for id in (str(ids.new()), "x", "", "\0"):
        given = {"accountId": id, "users": [{"id": str(ids.new()), "name": "Олена"}]}
        refused = (await api.graphql(SAVE_USERS, {"input": given}, api.service())).data["saveUsers"]
        assert (refused["__typename"], refused["id"]) == ("NotFound", id)
    given = {"accountId": str(owner.account_id), "users": [{"id": "x", "name": "", "email": "x", "active": None}]}
    refused = (await api.graphql(SAVE_USERS, {"input": given}, api.service())).data["saveUsers"]
    assert sorted(paths(refused)) == [["users", "0", field] for field in ("active", "email", "id", "name")]
