"""What is to be done for a deal: open tasks are counted in it, and everybody has a list of theirs."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared import deals, events, funnels, ids
from shared.actor import Permission
from shared.db import Transaction
from shared.deals import DealUpdated, NewTask, TaskChanges, TaskCompletion, TaskFilter
from shared.deals.events import Did
from shared.errors import InvalidInput, ModuleInactive, NotAllowedNow, NotFound
from tests import make
from tests.shared.deals.refused import refused

Command = Callable[[], Awaitable[object]]
NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


async def test_a_task_is_open_until_it_is_done(tx: Transaction) -> None:
    deal = await make.deal(tx)

    added = await deals.add_task(tx, NewTask(deal.id, "Подзвонити", NOON))
    done = await deals.complete_task(tx, TaskCompletion(added.task.id))
    opened = await deals.complete_task(tx, TaskCompletion(added.task.id, done=False))

    assert (added.task.title, added.task.due_at, added.task.done_at) == ("Подзвонити", NOON, None)
    assert (done.task.done, done.task.done_at) == (True, done.changed.deal.updated_at)
    assert opened.task == added.task
    assert await deals.get_tasks(tx, [added.task.id]) == {added.task.id: added.task}
    assert [step.changed.deal.open_task_count for step in (added, done, opened)] == [1, 0, 1]
    assert await deals.find(tx, deal.id) == opened.changed.deal
    told = [DealUpdated.from_payload(event.payload) for event in await events.after(tx, deal.funnel_id, 1)]
    assert [(event.did, event.task_id, event.changed, event.deal.version) for event in told] == [
        (Did.TASK_ADDED, added.task.id, ("openTaskCount",), 2),
        (Did.TASK_DONE, added.task.id, ("openTaskCount",), 3),
        (Did.TASK_REOPENED, added.task.id, ("openTaskCount",), 4),
    ]


async def test_whoever_adds_a_task_has_it_unless_another_is_named(tx: Transaction) -> None:
    deal, taras = await make.deal(tx), await make.user(tx)

    assert (await deals.add_task(tx, NewTask(deal.id, "a"))).task.assignee_id == tx.actor.user_id
    assert (await deals.add_task(tx, NewTask(deal.id, "b", None, taras.id))).task.assignee_id == taras.id


async def test_changes_only_what_differs(tx: Transaction) -> None:
    deal, taras = await make.deal(tx), await make.user(tx)
    task = (await deals.add_task(tx, NewTask(deal.id, "Подзвонити", NOON))).task
    fields = {"title": "Зустрітися", "due_at": NOON + timedelta(days=1), "assignee_id": taras.id}

    changed = await deals.update_task(tx, TaskChanges(task.id, fields))
    tx.outgoing.clear()
    again = await deals.update_task(tx, TaskChanges(task.id, fields))

    assert {name: getattr(changed.task, name) for name in fields} == fields
    assert await deals.get_tasks(tx, [task.id]) == {task.id: changed.task}
    assert again == changed
    assert tx.outgoing == []
    (event,) = await events.after(tx, deal.funnel_id, 2)
    assert (event.payload["did"], event.payload["changed"]) == ("TASK_CHANGED", ["openTaskCount"])


@pytest.mark.parametrize("done", [True, False])
async def test_what_is_so_already_is_no_event(tx: Transaction, done: bool) -> None:
    deal = await make.deal(tx)
    task = (await deals.add_task(tx, NewTask(deal.id, "Подзвонити"))).task
    before = (await deals.complete_task(tx, TaskCompletion(task.id))).task if done else task
    tx.outgoing.clear()

    assert (await deals.complete_task(tx, TaskCompletion(task.id, done))).task == before
    assert tx.outgoing == []


async def test_a_deal_has_at_most_a_hundred_open_tasks(tx: Transaction) -> None:
    deal = await make.deal(tx)
    tasks = [(await deals.add_task(tx, NewTask(deal.id, str(number)))).task for number in range(100)]

    async with refused(tx, NotAllowedNow) as refusal:
        await deals.add_task(tx, NewTask(deal.id, "ще одне"))
    assert refusal.reason == "TOO_MANY_TASKS"
    await deals.complete_task(tx, TaskCompletion(tasks[0].id))
    await deals.add_task(tx, NewTask(deal.id, "ще одне"))
    async with refused(tx, NotAllowedNow):
        await deals.complete_task(tx, TaskCompletion(tasks[0].id, done=False))


async def test_who_is_named_must_be_there(tx: Transaction) -> None:
    deal, gone = await make.deal(tx), await make.user(tx, active=False)
    task = (await deals.add_task(tx, NewTask(deal.id, "a"))).task

    commands: list[Command] = [
        lambda: deals.add_task(tx, NewTask(deal.id, "b", None, gone.id)),
        lambda: deals.update_task(tx, TaskChanges(task.id, {"assignee_id": ids.new()})),
    ]
    for command in commands:
        async with refused(tx, InvalidInput) as refusal:
            await command()
        assert [problem.path for problem in refusal.problems] == [("assigneeId",)]


async def test_what_is_acted_on_is_what_is_not_found(tx: Transaction) -> None:
    deal, missing = await make.deal(tx), ids.new()
    task = (await deals.add_task(tx, NewTask(deal.id, "a"))).task
    tx.actor = make.actor(await make.user(tx), Permission.DEALS_WRITE)

    commands: list[tuple[Command, UUID]] = [
        (lambda: deals.add_task(tx, NewTask(deal.id, "b")), deal.id),
        (lambda: deals.update_task(tx, TaskChanges(task.id, {"title": "b"})), task.id),
        (lambda: deals.complete_task(tx, TaskCompletion(task.id)), task.id),
        (lambda: deals.update_task(tx, TaskChanges(missing, {})), missing),
        (lambda: deals.complete_task(tx, TaskCompletion(missing)), missing),
    ]
    for command, named in commands:
        async with refused(tx, NotFound) as refusal:
            await command()
        assert refusal.id == named
    assert await deals.get_tasks(tx, [task.id]) == {}


async def test_needs_the_module(tx: Transaction) -> None:
    deal = await make.deal(tx)
    task = (await deals.add_task(tx, NewTask(deal.id, "a"))).task
    await make.module(tx, usable_until=date(2020, 1, 1))

    commands: list[Command] = [
        lambda: deals.add_task(tx, NewTask(deal.id, "b", None, ids.new())),
        lambda: deals.update_task(tx, TaskChanges(task.id, {"assignee_id": ids.new()})),
        lambda: deals.complete_task(tx, TaskCompletion(task.id)),
    ]
    for command in commands:
        async with refused(tx, ModuleInactive):
            await command()


async def test_a_deal_shows_its_open_tasks_first_by_when_they_are_due(tx: Transaction) -> None:
    deal, other = await make.deal(tx), await make.deal(tx)
    some_time = (await deals.add_task(tx, NewTask(deal.id, "колись"))).task
    late = (await deals.add_task(tx, NewTask(deal.id, "потім", NOON + timedelta(days=1)))).task
    soon = (await deals.add_task(tx, NewTask(deal.id, "зараз", NOON))).task
    done = (await deals.add_task(tx, NewTask(deal.id, "було", NOON - timedelta(days=1)))).task
    finished = (await deals.complete_task(tx, TaskCompletion(done.id))).task

    assert (await deals.tasks_of(tx, [deal.id, other.id], None)) == {
        deal.id: [soon, late, some_time, finished],
        other.id: [],
    }
    assert (await deals.tasks_of(tx, [deal.id], True))[deal.id] == [finished]
    assert (await deals.tasks_of(tx, [deal.id], False))[deal.id] == [soon, late, some_time]


async def test_mine_today_and_all_the_rest(tx: Transaction) -> None:
    taras = await make.user(tx)
    deal = await make.deal(tx, await make.funnel(tx, viewers=[taras]))
    today = (await deals.add_task(tx, NewTask(deal.id, "a", NOON, taras.id))).task
    tomorrow = (await deals.add_task(tx, NewTask(deal.id, "b", NOON + timedelta(days=1), taras.id))).task
    some_time = (await deals.add_task(tx, NewTask(deal.id, "c", None, taras.id))).task
    hers = (await deals.add_task(tx, NewTask(deal.id, "d", NOON))).task
    done = (await deals.add_task(tx, NewTask(deal.id, "e", NOON - timedelta(days=1), taras.id))).task
    finished = (await deals.complete_task(tx, TaskCompletion(done.id))).task
    mine = (taras.id,)

    for asked, found in (
        (TaskFilter(mine, done=False, due_to=NOON), [today]),
        (TaskFilter(mine, done=False), [today, tomorrow, some_time]),
        (TaskFilter(mine, done=True), [finished]),
        (TaskFilter(mine), [finished, today, tomorrow, some_time]),
        (TaskFilter(due_to=NOON), [finished, *sorted((today, hers), key=lambda task: task.id)]),
        (TaskFilter(()), []),
    ):
        assert (await deals.task_page(tx, asked, 10, None)).tasks == found
        assert await deals.count_tasks(tx, asked) == len(found)


async def test_pages_go_on_also_among_those_without_a_time(tx: Transaction) -> None:
    deal = await make.deal(tx)
    timed = [(await deals.add_task(tx, NewTask(deal.id, "a", NOON))).task for _ in range(3)]
    untimed = [(await deals.add_task(tx, NewTask(deal.id, "b"))).task for _ in range(3)]
    shown, after, more = list[deals.Task](), None, True

    while more:
        page = await deals.task_page(tx, TaskFilter(), 2, after)
        shown += page.tasks
        more, after = page.has_more, (page.tasks[-1].due_at, page.tasks[-1].id)

    assert shown == [*sorted(timed, key=lambda task: task.id), *sorted(untimed, key=lambda task: task.id)]


async def test_the_list_holds_only_what_can_be_done(tx: Transaction) -> None:
    """Nothing of a funnel that is not seen, of an archived one, or of an archived deal."""
    taras = await make.user(tx)
    seen, unseen, closed = [await make.funnel(tx, viewers=viewers) for viewers in ([taras], [], [taras])]
    made = [await make.deal(tx, funnel) for funnel in (seen, seen, unseen, closed)]
    tasks = [(await deals.add_task(tx, NewTask(deal.id, "a"))).task for deal in made]
    await deals.archive(tx, deals.Many((made[1].id,)))
    await funnels.archive(tx, closed.id, archived=True)

    assert {task.id for task in (await deals.task_page(tx, TaskFilter(), 10, None)).tasks} == {
        tasks[0].id,
        tasks[2].id,
    }
    tx.actor = make.actor(taras)
    assert (await deals.task_page(tx, TaskFilter(), 10, None)).tasks == [tasks[0]]
    assert await deals.count_tasks(tx, TaskFilter()) == 1


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        ({"title": ""}, [("title",)]),
        ({"title": None, "due_at": None, "assignee_id": None}, [("title",), ("dueAt",), ("assigneeId",)]),
        ({"title": "x" * 201, "due_at": "завтра"}, [("title",), ("dueAt",)]),
    ],
)
def test_tells_all_that_cannot_be_read(given: dict[str, Any], paths: list[tuple[str, ...]]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        TaskChanges.read({"id": str(ids.new())} | given)

    assert [problem.path for problem in refusal.value.problems] == paths


def test_a_new_task_may_lack_a_time_and_an_assignee() -> None:
    deal_id = ids.new()

    assert NewTask.read({"deal_id": str(deal_id), "title": "a", "due_at": None}) == NewTask(deal_id, "a")
