"""Notes and tasks of deals: what is written of a deal, and what is to be done for it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Self
from uuid import UUID

import strawberry
from strawberry import UNSET

from services.graphql.accounts import User, users_by_id
from services.graphql.context import Context
from services.graphql.engine.fields import batched
from services.graphql.node import Node
from services.graphql.pages import Connection, Counts, connection, decode, moment
from services.graphql.scalars import DateTime, date_time, node_id, optional_date_time
from shared import deals

if TYPE_CHECKING:
    from services.graphql.deals import Deal

NOTES_FIRST = 20


async def authors_of_notes(ctx: Context, notes: Sequence["Note"]) -> list[User | None]:
    return await users_by_id(ctx, [note.author_id for note in notes])


@strawberry.type(description="What somebody wrote about a deal.")
class Note(Node):
    text: str = strawberry.field(description="What was written: 1 to 10,000 characters.")
    author: User | None = batched(authors_of_notes, description="Who wrote it; null: no person did.")
    created_at: DateTime

    author_id: strawberry.Private[UUID | None]

    @classmethod
    def of(cls, note: deals.Note) -> Self:
        return cls(id=node_id(note.id), text=note.text, created_at=date_time(note.created_at), author_id=note.author_id)


async def assignees_of_tasks(ctx: Context, tasks: Sequence["Task"]) -> list[User | None]:
    return await users_by_id(ctx, [task.task.assignee_id for task in tasks])


async def deals_of_tasks(ctx: Context, tasks: Sequence["Task"]) -> list["Deal"]:
    from services.graphql.deals import Deal  # noqa: PLC0415  # a deal shows its tasks, and a task its deal

    found = await ctx.read(lambda tx: deals.get_many(tx, {task.task.deal_id for task in tasks}))
    return [Deal.of(found[task.task.deal_id]) for task in tasks]


@strawberry.type(description="Something to be done for a deal.")
class Task(Node):
    title: str
    due_at: DateTime | None = strawberry.field(description="When it should be done; null: at no certain time.")
    assignee: User | None = batched(assignees_of_tasks, description="Who is to do it; null: nobody.")
    done: bool = strawberry.field(description="Whether it is done.")
    done_at: DateTime | None = strawberry.field(description="When it was done; null: it is not.")
    deal: Annotated["Deal", strawberry.lazy("services.graphql.deals")] = batched(
        deals_of_tasks, description="What it is for."
    )

    task: strawberry.Private[deals.Task]

    @classmethod
    def of(cls, task: deals.Task) -> Self:
        return cls(
            id=node_id(task.id),
            title=task.title,
            due_at=optional_date_time(task.due_at),
            done=task.done,
            done_at=optional_date_time(task.done_at),
            task=task,
        )


async def notes_by_id(ctx: Context, wanted: Iterable[UUID]) -> Mapping[UUID, Note]:
    """Those of the notes whose deals the viewer sees."""
    found = await ctx.read(lambda tx: deals.get_notes(tx, list(wanted)))
    return {id: Note.of(note) for id, note in found.items()}


async def tasks_by_id(ctx: Context, wanted: Iterable[UUID]) -> Mapping[UUID, Task]:
    """Those of the tasks whose deals the viewer sees."""
    found = await ctx.read(lambda tx: deals.get_tasks(tx, list(wanted)))
    return {id: Task.of(task) for id, task in found.items()}


async def notes_of_deals(
    ctx: Context, asked: Sequence["Deal"], *, first: int | None = NOTES_FIRST, after: str | None = UNSET
) -> list[Connection[Note]]:
    place, limit = decode(after or None), first or NOTES_FIRST
    wanted = [deal.deal.id for deal in asked]
    found = await ctx.read(lambda tx: deals.notes_of(tx, wanted, moment(place), limit + 1))
    counts = Counts(lambda: ctx.read(lambda tx: deals.count_notes(tx, wanted)))
    return [
        connection(
            [Note.of(note) for note in found[id][:limit]],
            [(note.created_at.isoformat(), note.id) for note in found[id][:limit]],
            counts.of(id),
            has_more=len(found[id]) > limit,
            after=place,
        )
        for id in wanted
    ]


async def tasks_of_deals(ctx: Context, asked: Sequence["Deal"], *, done: bool | None = UNSET) -> list[list[Task]]:
    which = done if isinstance(done, bool) else None
    found = await ctx.read(lambda tx: deals.tasks_of(tx, [deal.deal.id for deal in asked], which))
    return [[Task.of(task) for task in found[deal.deal.id]] for deal in asked]
