"""What is to be done for a deal. Each task that is added, changed or done is a change of its deal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from shared import accounts, events, funnels, ids
from shared.db import Transaction
from shared.deals import sql, sql_tasks
from shared.deals.commands import Changed, recall
from shared.deals.events import DealUpdated, Did
from shared.deals.locking import lock_deal
from shared.deals.model import Deal
from shared.deals.model_items import MOST_OPEN_TASKS, NewTask, Task, TaskChanges, TaskCompletion, TaskFilter
from shared.deals.reading import get_many
from shared.errors import NotAllowedNow, NotFound, Sentence

MOST_SHOWN = 200  # of a deal
TOO_MANY = Sentence(
    f"a deal has at most {MOST_OPEN_TASKS} open tasks, finish some of them first.",
    f"угода має щонайбільше {MOST_OPEN_TASKS} відкритих завдань, спершу завершіть деякі з них.",
)


@dataclass(frozen=True, slots=True)
class TaskChanged:
    """The task as it is now, and what became of its deal."""

    task: Task
    changed: Changed

    @property
    def kept(self) -> dict[str, Any]:
        """What an idempotency key keeps of it."""
        return self.changed.kept | {"task": str(self.task.id)}


@dataclass(frozen=True, slots=True)
class TaskPage:
    tasks: list[Task]
    has_more: bool


async def recall_task(tx: Transaction, kept: Mapping[str, Any]) -> TaskChanged:
    """The same answer again: task and deal as they are now, the first cursor."""
    task_id = UUID(kept["task"])
    found = await sql_tasks.select_tasks(tx, [task_id])
    if not found:
        raise NotFound(task_id)
    return TaskChanged(found[0], await recall(tx, kept))


async def add_task(tx: Transaction, new: NewTask) -> TaskChanged:
    """Without an assignee given, the user who adds it has it."""
    locked, deal = await lock_deal(tx, new.deal_id)
    if new.assignee_id is not None:
        await accounts.require_users(tx, {("assigneeId",): new.assignee_id})
    _refuse_too_many(deal)
    task = Task(ids.new(), deal.id, new.title, new.due_at, new.assignee_id or tx.actor.user_id)
    await sql_tasks.insert_task(tx, task)
    return TaskChanged(task, await _tell(locked.log, deal, Did.TASK_ADDED, task, more_open=+1))


async def update_task(tx: Transaction, changes: TaskChanges) -> TaskChanged:
    """What is given as it already is, is no change; nothing changed: no event."""
    log, deal, task = await _lock(tx, changes.task_id)
    changed = {name: value for name, value in changes.fields.items() if getattr(task, name) != value}
    if "assignee_id" in changed:
        await accounts.require_users(tx, {("assigneeId",): changed["assignee_id"]})
    if not changed:
        return TaskChanged(task, Changed(deal, log.place))
    task = replace(task, **changed)
    await sql_tasks.update_task(tx, task)
    return TaskChanged(task, await _tell(log, deal, Did.TASK_CHANGED, task))


async def complete_task(tx: Transaction, completion: TaskCompletion) -> TaskChanged:
    """Finish it, or open it again. One that is so already stays as it is, without an event."""
    log, deal, task = await _lock(tx, completion.task_id)
    done = completion.done
    if task.done is done:
        return TaskChanged(task, Changed(deal, log.place))
    if not done:
        _refuse_too_many(deal)
    task = replace(task, done_at=log.at if done else None)
    await sql_tasks.update_task(tx, task)
    did, more_open = (Did.TASK_DONE, -1) if done else (Did.TASK_REOPENED, +1)
    return TaskChanged(task, await _tell(log, deal, did, task, more_open))


async def get_tasks(tx: Transaction, task_ids: Sequence[UUID]) -> dict[UUID, Task]:
    """Those of the tasks whose deals the actor sees."""
    found = await tasks_by_id(tx, task_ids)
    seen = await get_many(tx, {task.deal_id for task in found.values()})
    return {id: task for id, task in found.items() if task.deal_id in seen}


async def tasks_by_id(tx: Transaction, task_ids: Sequence[UUID]) -> dict[UUID, Task]:
    """Whoever reached a deal's history may also read the tasks that it names."""
    return {task.id: task for task in await sql_tasks.select_tasks(tx, task_ids)}


async def tasks_of(tx: Transaction, deal_ids: Sequence[UUID], done: bool | None) -> dict[UUID, list[Task]]:
    """Of each deal: the open ones first, then by when they are due; at most `MOST_SHOWN`."""
    tasks: dict[UUID, list[Task]] = {id: [] for id in deal_ids}
    for task in await sql_tasks.select_tasks_of(tx, deal_ids, done, MOST_SHOWN):
        tasks[task.deal_id].append(task)
    return tasks


async def task_page(tx: Transaction, asked: TaskFilter, first: int, after: sql_tasks.Place | None) -> TaskPage:
    """Tasks of the deals on boards that the actor sees, by when they are due."""
    found = await sql_tasks.select_page(tx, funnels.viewer_of(tx.actor), asked, after, first + 1)
    return TaskPage(found[:first], has_more=len(found) > first)


async def count_tasks(tx: Transaction, asked: TaskFilter) -> int:
    return await sql_tasks.count_tasks(tx, funnels.viewer_of(tx.actor), asked)


def _refuse_too_many(deal: Deal) -> None:
    if deal.open_task_count >= MOST_OPEN_TASKS:
        raise NotAllowedNow("TOO_MANY_TASKS", TOO_MANY)


async def _lock(tx: Transaction, task_id: UUID) -> tuple[events.Log, Deal, Task]:
    """Hold the deal of a task, then look at the task again: somebody may have been first."""
    before = await sql_tasks.select_tasks(tx, [task_id])
    if not before:
        raise NotFound(task_id)
    locked, deal = await lock_deal(tx, before[0].deal_id, acted_on=task_id)
    (task,) = await sql_tasks.select_tasks(tx, [task_id])  # tasks stay for ever
    return locked.log, deal, task


async def _tell(log: events.Log, deal: Deal, did: Did, task: Task, more_open: int = 0) -> Changed:
    now = replace(deal, open_task_count=deal.open_task_count + more_open, updated_at=log.at, version=deal.version + 1)
    await sql.update_deal(log.tx, now)
    place = await events.record(log, DealUpdated(now, (), ("openTaskCount",), did, task_id=task.id))
    return Changed(now, place)
