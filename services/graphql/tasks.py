"""What is done with tasks, and the list of what is to be done: inputs, answers, query, mutations."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Info
from services.graphql.billing import ModuleInactive
from services.graphql.context import Context
from services.graphql.deals import Deal
from services.graphql.engine.answers import BadUserInput
from services.graphql.errors import Forbidden, IdempotencyConflict, InvalidInput, NotAllowedNow, NotFound
from services.graphql.items import Task
from services.graphql.pages import FIRST, Connection, Place, connection, decode, moment
from services.graphql.roots import mutation, query
from services.graphql.scalars import Cursor, DateTime
from services.graphql.writing import Given, act
from shared import deals, errors
from shared.actor import Permission


@strawberry.input(description="Something to be done for a deal; at most 100 of them are open.")
class AddTaskInput:
    deal_id: strawberry.ID
    title: str
    due_at: DateTime | None = strawberry.field(
        default=UNSET, description="When it should be done; null: at no certain time."
    )
    assignee_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Default: the viewer.")
    idempotency_key: str | None = UNSET


@strawberry.input(description="What to change of a task: absent leaves.")
class UpdateTaskInput:
    id: strawberry.ID
    title: str | None = UNSET
    due_at: DateTime | None = strawberry.field(default=UNSET, description="When it should be done; null: InvalidInput.")
    assignee_id: strawberry.ID | None = UNSET
    idempotency_key: str | None = UNSET


@strawberry.input(description="A task that is done; false opens it again.")
class CompleteTaskInput:
    id: strawberry.ID
    done: bool = strawberry.field(default=True, description="false: it is to be done after all.")
    idempotency_key: str | None = UNSET


@strawberry.type(description="The task that was added, its deal, and where the log stands.")
class AddTaskPayload:
    task: Task
    deal: Deal
    cursor: Cursor
    seq: int


@strawberry.type(description="The task as it is now, its deal, and where the log stands.")
class UpdateTaskPayload:
    task: Task
    deal: Deal
    cursor: Cursor
    seq: int


@strawberry.type(description="The task as it is now, its deal, and where the log stands.")
class CompleteTaskPayload:
    task: Task
    deal: Deal
    cursor: Cursor
    seq: int


AddTaskResult = Annotated[
    AddTaskPayload | InvalidInput | NotFound | Forbidden | NotAllowedNow | ModuleInactive | IdempotencyConflict,
    strawberry.union("AddTaskResult"),
]
UpdateTaskResult = Annotated[
    UpdateTaskPayload | InvalidInput | NotFound | Forbidden | ModuleInactive | IdempotencyConflict,
    strawberry.union("UpdateTaskResult"),
]
CompleteTaskResult = Annotated[
    CompleteTaskPayload | InvalidInput | NotFound | Forbidden | NotAllowedNow | ModuleInactive | IdempotencyConflict,
    strawberry.union("CompleteTaskResult"),
]


def _due(place: Place | None) -> tuple[datetime | None, UUID] | None:
    """A place in the list of tasks. Those that are due at no time have no text to stand by, and stand last."""
    return (None, place[1]) if place is not None and place[0] == "" else moment(place)


def _read(ctx: Context, given: Given) -> deals.TaskFilter:
    """Raises BadUserInput: in a query, a malformed value is an error of the request."""
    try:
        return deals.TaskFilter.read(given)
    except errors.InvalidInput as refused:
        problems = [f"{'.'.join(one.path)}: {one.sentence.to(ctx.language)}" for one in refused.problems]
        raise BadUserInput(" ".join(problems)) from None


@strawberry.type
class TasksQuery:
    @query("What is to be done for the deals on the boards that the viewer sees, by when it is due.")
    async def tasks(
        self,
        info: Info,
        assignee_ids: list[strawberry.ID] | None = UNSET,
        done: bool | None = UNSET,
        due_to: DateTime | None = UNSET,
        first: int | None = FIRST,
        after: str | None = UNSET,
    ) -> Connection[Task]:
        ctx, place = info.context, decode(after or None)
        given = {"assignee_ids": assignee_ids, "done": done, "due_to": due_to}
        asked = _read(ctx, {name: value for name, value in given.items() if value is not UNSET})
        page = await ctx.read(lambda tx: deals.task_page(tx, asked, first or FIRST, _due(place)))

        async def count() -> int:
            return await ctx.read(lambda tx: deals.count_tasks(tx, asked))

        return connection(
            [Task.of(task) for task in page.tasks],
            [(task.due_at.isoformat() if task.due_at else "", task.id) for task in page.tasks],
            count,
            has_more=page.has_more,
            after=place,
        )


async def _change(info: Info, input: object, read: Callable[[Given], Any], do: Any) -> deals.TaskChanged:
    return await act(
        info, input, Permission.DEALS_WRITE, read, do, keep=lambda done: done.kept, again=deals.recall_task
    )


@strawberry.type
class TasksMutation:
    @mutation("Add something to be done for a deal. Needs DEALS_WRITE.")
    async def add_task(self, info: Info, input: AddTaskInput) -> AddTaskResult:
        done = await _change(info, input, deals.NewTask.read, deals.add_task)
        return AddTaskPayload(**_shown(done))

    @mutation("Change a task. Needs DEALS_WRITE.")
    async def update_task(self, info: Info, input: UpdateTaskInput) -> UpdateTaskResult:
        done = await _change(info, input, deals.TaskChanges.read, deals.update_task)
        return UpdateTaskPayload(**_shown(done))

    @mutation("Say that a task is done, or that it is not. Needs DEALS_WRITE.")
    async def complete_task(self, info: Info, input: CompleteTaskInput) -> CompleteTaskResult:
        done = await _change(info, input, deals.TaskCompletion.read, deals.complete_task)
        return CompleteTaskPayload(**_shown(done))


def _shown(done: deals.TaskChanged) -> dict[str, Any]:
    place = done.changed.place
    return {
        "task": Task.of(done.task),
        "deal": Deal.of(done.changed.deal),
        "cursor": Cursor(place.cursor),
        "seq": place.seq,
    }
