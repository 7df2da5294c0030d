"""Notes and tasks as their clients see them."""

from typing import Any

import pytest

from shared import ids
from tests.graphql.asking import Person, paths
from tests.graphql.changing_deals import (
    ADD_NOTE,
    ADD_TASK,
    ARCHIVE_DEALS,
    COMPLETE_TASK,
    DELETE_NOTE,
    EVENTS,
    HISTORY,
    TASKS,
    UPDATE_NOTE,
    UPDATE_TASK,
)

NOTES = """query ($id: ID!, $first: Int, $after: String) { deal(id: $id) { notes(first: $first, after: $after) {
    totalCount nodes { text } pageInfo { hasNextPage endCursor } } } }"""
DEAL_TASKS = "query ($id: ID!, $done: Boolean) { deal(id: $id) { openTaskCount tasks(done: $done) { title done } } }"
TWICE = """query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Deal {
    notes(first: 2) { totalCount nodes { text } pageInfo { hasNextPage } } tasks { title }
    history(first: 2) { nodes { seq } pageInfo { hasNextPage } } } } }"""
NODE = "query ($id: ID!) { node(id: $id) { __typename ... on Note { text } ... on Task { title deal { id } } } }"


async def test_a_note_is_added_changed_and_deleted(owner: Person) -> None:
    funnel = await owner.funnel()
    deal = (await owner.deal(funnel))["id"]

    added = await owner.act(ADD_NOTE, dealId=deal, text="Дзвонив", idempotencyKey="1")
    note = added["note"]
    assert (note["text"], note["author"], added["deal"]["version"]) == ("Дзвонив", {"id": str(owner.id)}, 2)
    assert (await owner.ask(NODE, {"id": note["id"]}))["node"] == {"__typename": "Note", "text": "Дзвонив"}
    changed = await owner.act(UPDATE_NOTE, id=note["id"], text="Дзвонила")
    assert changed["note"] == note | {"text": "Дзвонила"}
    again = await owner.act(ADD_NOTE, dealId=deal, text="Дзвонив", idempotencyKey="1")
    assert (again["note"], again["cursor"]) == (changed["note"], added["cursor"])
    deleted = await owner.act(DELETE_NOTE, id=note["id"], idempotencyKey="1")
    assert (deleted["noteId"], deleted["deal"]["version"], deleted["seq"]) == (note["id"], 4, 4)
    assert await owner.act(DELETE_NOTE, id=note["id"], idempotencyKey="1") == deleted
    assert (await owner.ask(NODE, {"id": note["id"]}))["node"] is None
    events = (await owner.ask(EVENTS, {"id": funnel["id"]}))["boardEvents"]["events"]
    assert [event["changed"] for event in events[1:]] == [["notes"]] * 3


async def test_notes_are_shown_newest_first_by_pages(owner: Person) -> None:
    deal = (await owner.deal(await owner.funnel()))["id"]
    for text in "abc":
        await owner.act(ADD_NOTE, dealId=deal, text=text)

    first = (await owner.ask(NOTES, {"id": deal, "first": 2}))["deal"]["notes"]
    after = first["pageInfo"]["endCursor"]
    rest = (await owner.ask(NOTES, {"id": deal, "first": 2, "after": after}))["deal"]["notes"]

    assert [note["text"] for note in first["nodes"] + rest["nodes"]] == ["c", "b", "a"]
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (3, True, False)
    assert (await owner.answer(NOTES, {"id": deal, "after": "WyJhIl0="})).codes == ["BAD_USER_INPUT"]


async def test_a_deal_that_is_shown_twice_has_its_notes_tasks_and_history_once_each_time(owner: Person) -> None:
    deal = (await owner.deal(await owner.funnel()))["id"]
    await owner.act(ADD_NOTE, dealId=deal, text="Дзвонив")

    shown = (await owner.ask(TWICE, {"ids": [deal, deal]}))["nodes"]

    assert (
        shown
        == [
            {
                "notes": {"totalCount": 1, "nodes": [{"text": "Дзвонив"}], "pageInfo": {"hasNextPage": False}},
                "tasks": [],
                "history": {"nodes": [{"seq": 2}, {"seq": 1}], "pageInfo": {"hasNextPage": False}},
            }
        ]
        * 2
    )
    await owner.act(ADD_TASK, dealId=deal, title="Подзвонити")
    assert [one["tasks"] for one in (await owner.ask(TWICE, {"ids": [deal, deal]}))["nodes"]] == [
        [{"title": "Подзвонити"}]
    ] * 2


async def test_a_task_is_added_changed_and_done(owner: Person) -> None:
    deal = (await owner.deal(await owner.funnel()))["id"]

    added = await owner.act(ADD_TASK, dealId=deal, title="Подзвонити", dueAt="2026-03-31T12:00:00+03:00")
    task = added["task"]
    assert task == {
        "id": task["id"],
        "title": "Подзвонити",
        "dueAt": "2026-03-31T09:00:00Z",
        "done": False,
        "doneAt": None,
        "assignee": {"id": str(owner.id)},
        "deal": {"id": deal},
    }
    assert added["deal"]["openTaskCount"] == 1
    changed = await owner.act(UPDATE_TASK, id=task["id"], title="Зустрітися")
    assert changed["task"] == task | {"title": "Зустрітися"}
    done = await owner.act(COMPLETE_TASK, id=task["id"], idempotencyKey="1")
    assert (done["task"]["done"], done["deal"]["openTaskCount"], done["seq"]) == (True, 0, 4)
    assert await owner.act(COMPLETE_TASK, id=task["id"], idempotencyKey="1") == done
    assert (await owner.act(COMPLETE_TASK, id=task["id"]))["seq"] == 4
    assert (await owner.act(COMPLETE_TASK, id=task["id"], done=False))["task"] == changed["task"]
    assert (await owner.ask(NODE, {"id": task["id"]}))["node"] == {
        "__typename": "Task",
        "title": "Зустрітися",
        "deal": {"id": deal},
    }
    items = (await owner.ask(HISTORY, {"id": deal}))["deal"]["history"]["nodes"]
    assert [(item["kind"], item["task"]) for item in items[:-1]] == [
        (kind, {"title": "Зустрітися"}) for kind in ("UPDATED", "TASK_DONE", "UPDATED", "TASK_ADDED")
    ]


async def test_a_deal_shows_its_tasks(owner: Person) -> None:
    deal = (await owner.deal(await owner.funnel()))["id"]
    first = (await owner.act(ADD_TASK, dealId=deal, title="a"))["task"]["id"]
    await owner.act(ADD_TASK, dealId=deal, title="b")
    await owner.act(COMPLETE_TASK, id=first)
    b, a = {"title": "b", "done": False}, {"title": "a", "done": True}

    for done, tasks in ((None, [b, a]), (False, [b]), (True, [a])):
        shown = (await owner.ask(DEAL_TASKS, {"id": deal, "done": done}))["deal"]
        assert shown == {"openTaskCount": 1, "tasks": tasks}


async def test_lists_what_is_to_be_done_by_when_it_is_due(owner: Person) -> None:
    deal = (await owner.deal(await owner.funnel()))["id"]
    for title, due in (("колись", None), ("завтра", "2026-04-01T09:00:00Z"), ("сьогодні", "2026-03-31T09:00:00Z")):
        await owner.act(ADD_TASK, dealId=deal, title=title, dueAt=due)

    async def tasks(**asked: Any) -> Any:
        return (await owner.ask(TASKS, asked))["tasks"]

    whole = await tasks(assignees=[str(owner.id)], done=False)
    assert [task["title"] for task in whole["nodes"]] == ["сьогодні", "завтра", "колись"]
    assert whole["nodes"][0]["deal"] == {"title": "Офіс на Подолі"}
    today = await tasks(to="2026-03-31T21:00:00Z")
    assert ([task["title"] for task in today["nodes"]], today["totalCount"]) == (["сьогодні"], 1)
    titles, after = [], None
    for _ in range(3):
        page = await tasks(first=1, after=after)
        titles += [task["title"] for task in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (3, len(titles) < 3)
    assert titles == ["сьогодні", "завтра", "колись"]
    assert (await tasks(first=1, after=after))["nodes"] == []
    assert (await tasks(assignees=[str(ids.new()), "x"]))["totalCount"] == 0
    await owner.act(ARCHIVE_DEALS, ids=[deal])
    assert (await tasks())["totalCount"] == 0


@pytest.mark.parametrize("asked", [{"to": "завтра"}, {"after": "завтра"}, {"after": "WyJhIl0="}])
async def test_what_cannot_be_read_is_an_error_of_the_request(owner: Person, asked: dict[str, Any]) -> None:
    assert (await owner.answer(TASKS, asked)).codes == ["BAD_USER_INPUT"]


async def test_each_refusal_has_its_face(owner: Person, onlooker: Person) -> None:
    funnel = await owner.funnel(viewerIds=[])
    deal = (await owner.deal(funnel))["id"]
    task = (await owner.act(ADD_TASK, dealId=deal, title="a"))["task"]["id"]
    note = (await owner.act(ADD_NOTE, dealId=deal, text="a"))["note"]["id"]

    assert paths(await owner.act(ADD_NOTE, dealId="x", text=" ")) == [["text"]]
    assert paths(await owner.act(ADD_TASK, dealId="x", title="", dueAt="x")) == [["title"], ["dueAt"]]
    assert paths(await owner.act(ADD_TASK, dealId=deal, title="a", assigneeId="x")) == [["assigneeId"]]
    assert paths(await owner.act(UPDATE_TASK, id=task, dueAt=None, assigneeId=None)) == [["dueAt"], ["assigneeId"]]
    for mutation, input in (
        (ADD_NOTE, {"dealId": "x", "text": "a"}),
        (ADD_TASK, {"dealId": "x", "title": "a"}),
        (UPDATE_NOTE, {"id": "x", "text": "a"}),
        (DELETE_NOTE, {"id": "x"}),
        (UPDATE_TASK, {"id": "x", "title": "a"}),
        (COMPLETE_TASK, {"id": "x"}),
    ):
        refused = await owner.act(mutation, **input)
        assert (refused["code"], refused["id"]) == ("NOT_FOUND", "x")
        assert (await onlooker.act(mutation, **input))["permission"] == "DEALS_WRITE"
    for id in (task, note):
        assert (await onlooker.ask(NODE, {"id": id}))["node"] is None
