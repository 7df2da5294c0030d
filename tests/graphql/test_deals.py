"""Deals as their clients see them: many at once, archived and restored, and what happened to each."""

from shared import ids
from tests.graphql.asking import MOVE_DEAL, UPDATE_DEAL, Person, paths, stage_ids
from tests.graphql.changing_deals import ARCHIVE_DEALS, EVENTS, HISTORY, MOVE_DEALS, RESTORE_DEALS


async def test_many_move_at_once_or_none(owner: Person) -> None:
    funnel = await owner.funnel()
    stages = stage_ids(funnel)
    one, two = [(await owner.deal(funnel))["id"] for _ in range(2)]

    refused = await owner.act(MOVE_DEALS, ids=[one, str(ids.new())], toStageId=stages["Огляд"])
    moved = await owner.act(MOVE_DEALS, ids=[one, two], toStageId=stages["Огляд"])

    assert refused["code"] == "NOT_FOUND"
    assert [(deal["id"], deal["version"], deal["stage"]["name"]) for deal in moved["deals"]] == [
        (one, 2, "Огляд"),
        (two, 2, "Огляд"),
    ]
    board = await owner.board(funnel)
    assert (board["seq"], board["cursor"]) == (moved["seq"], moved["cursor"])
    assert [deal["id"] for deal in board["columns"][1]["deals"]["nodes"]] == [one, two]
    events = (await owner.ask(EVENTS, {"id": funnel["id"]}))["boardEvents"]["events"]
    assert [(event["deal"]["id"], event["placedAfter"]) for event in events[2:]] == [(one, None), (two, one)]
    assert events[-1]["cursor"] == moved["cursor"]


async def test_each_refusal_of_a_bulk_move_has_its_face(owner: Person) -> None:
    funnel, other = await owner.funnel(), await owner.funnel()
    stages = stage_ids(funnel)
    deal = (await owner.deal(funnel))["id"]

    assert paths(await owner.act(MOVE_DEALS, ids=[], toStageId="x")) == [["ids"]]
    assert paths(await owner.act(MOVE_DEALS, ids=[deal, deal], toStageId="x", lossNote="")) == [
        ["ids", "1"],
        ["lossNote"],
    ]
    for stage_id in ("x", stage_ids(other)["Огляд"]):
        refused = await owner.act(MOVE_DEALS, ids=[deal], toStageId=stage_id)
        assert (refused["code"], refused["stageId"]) == ("STAGE_NOT_IN_FUNNEL", stage_id)
    lost = next(stage["id"] for stage in funnel["stages"] if stage["kind"] == "LOST")
    refused = await owner.act(MOVE_DEALS, ids=[deal], toStageId=lost)
    assert (refused["code"], [reason["name"] for reason in refused["lossReasons"]]) == (
        "LOSS_REASON_REQUIRED",
        [reason["name"] for reason in funnel["lossReasons"]],
    )
    assert (await owner.act(MOVE_DEALS, ids=[deal, "7"], toStageId=stages["Огляд"]))["id"] == "7"


async def test_archived_deals_leave_the_board_and_come_back_on_top(owner: Person) -> None:
    funnel = await owner.funnel()
    one, two = [(await owner.deal(funnel))["id"] for _ in range(2)]
    many = {"ids": [one], "idempotencyKey": "1"}

    archived = await owner.act(ARCHIVE_DEALS, **many)
    assert archived["deals"] == [{"id": one, "archived": True, "version": 2}]
    assert [deal["id"] for deal in (await owner.board(funnel))["columns"][0]["deals"]["nodes"]] == [two]
    moved = await owner.act(MOVE_DEAL, id=one, toStageId=stage_ids(funnel)["Огляд"])
    assert (moved["code"], moved["id"]) == ("NOT_FOUND", one)

    restored = await owner.act(RESTORE_DEALS, **many)
    entry = {"name": funnel["stages"][0]["name"]}
    assert restored["deals"] == [{"id": one, "archived": False, "version": 3, "stage": entry}]
    assert [deal["id"] for deal in (await owner.board(funnel))["columns"][0]["deals"]["nodes"]] == [one, two]
    assert (await owner.act(ARCHIVE_DEALS, **many))["deals"] == [{"id": one, "archived": False, "version": 3}]
    events = (await owner.ask(EVENTS, {"id": funnel["id"]}))["boardEvents"]["events"]
    assert [(event["__typename"], event["deal"], event["columns"]) for event in events[2:]] == [
        ("DealArchived", {"id": one, "archived": True}, [{"dealCount": 1}]),
        ("DealRestored", {"id": one, "archived": False}, [{"dealCount": 2}]),
    ]


async def test_a_bulk_move_under_one_key_is_done_once(owner: Person) -> None:
    funnel = await owner.funnel()
    deal = (await owner.deal(funnel))["id"]
    move = {"ids": [deal], "toStageId": stage_ids(funnel)["Огляд"], "idempotencyKey": "1"}

    moved = await owner.act(MOVE_DEALS, **move)

    assert await owner.act(MOVE_DEALS, **move) == moved
    assert (await owner.board(funnel))["seq"] == 2


async def test_a_history_tells_who_changed_what_newest_first(owner: Person) -> None:
    funnel = await owner.funnel()
    deal = (await owner.deal(funnel))["id"]
    await owner.act(UPDATE_DEAL, id=deal, title="Склад", amount={"amount": "1250.5", "currency": "UAH"})
    await owner.act(MOVE_DEAL, id=deal, toStageId=stage_ids(funnel)["Огляд"])

    first = (await owner.ask(HISTORY, {"id": deal, "first": 2}))["deal"]["history"]
    after = first["pageInfo"]["endCursor"]
    rest = (await owner.ask(HISTORY, {"id": deal, "first": 2, "after": after}))["deal"]["history"]

    assert [(item["seq"], item["kind"], item["fromStageName"], item["toStageName"]) for item in first["nodes"]] == [
        (3, "MOVED", "Не опрацьовані звернення", "Огляд"),
        (2, "UPDATED", None, None),
    ]
    assert first["nodes"][1]["changes"] == [
        {"field": "title", "before": "Офіс на Подолі", "after": "Склад"},
        {"field": "amount", "before": None, "after": {"amount": "1250.50", "currency": "UAH"}},
    ]
    assert first["nodes"][0]["actor"] == {"kind": "USER", "user": {"id": str(owner.id)}}
    assert [(item["seq"], item["kind"], item["changes"]) for item in rest["nodes"]] == [(1, "CREATED", [])]
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
    assert (first["pageInfo"]["hasPreviousPage"], rest["pageInfo"]["hasPreviousPage"]) == (False, True)
    events = (await owner.ask(EVENTS, {"id": funnel["id"]}))["boardEvents"]["events"]
    assert [edge["cursor"] for edge in first["edges"] + rest["edges"]] == [event["cursor"] for event in events[::-1]]
    assert all(edge["cursor"] == edge["node"]["cursor"] for edge in first["edges"])


async def test_a_history_goes_on_only_from_a_cursor(owner: Person) -> None:
    deal = (await owner.deal(await owner.funnel()))["id"]

    assert (await owner.answer(HISTORY, {"id": deal, "after": "завтра"})).codes == ["BAD_USER_INPUT"]
