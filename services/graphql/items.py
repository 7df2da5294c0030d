"""Notes and tasks of deals: what is written of a deal, and what is to be done for it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Self, cast

import strawberry
from strawberry import UNSET

from services.graphql.accounts import User, users_by_id
from services.graphql.context import Context
from services.graphql.engine.fields import batched, shows
from services.graphql.node import Node
from services.graphql.pages import Connection, Counts, connection, decode, moment
from services.graphql.scalars import DateTime
from shared import deals

if TYPE_CHECKING:
    from services.graphql.deals import Deal

NOTES_FIRST = 20


async def authors_of_notes(ctx: Context, notes: Sequence[deals.Note]) -> list[User | None]:
    return await users_by_id(ctx, [note.author_id for note in notes])


@strawberry.type(description="What somebody wrote about a deal.")
@shows(deals.Note)
class Note(Node):
    text: str = strawberry.field(description="What was written: 1 to 10,000 characters.")
    author: User | None = batched(authors_of_notes, description="Who wrote it; null: no person did.")
    created_at: DateTime

    @classmethod
    def of(cls, note: deals.Note) -> Self:
        return cast("Self", note)


async def assignees_of_tasks(ctx: Context, tasks: Sequence[deals.Task]) -> list[User | None]:
    return await users_by_id(ctx, [task.assignee_id for task in tasks])


async def deals_of_tasks(ctx: Context, tasks: Sequence[deals.Task]) -> list["Deal"]:
    from services.graphql.deals import Deal  # noqa: PLC0415  # a deal shows its tasks, and a task its deal

    found = await ctx.known(deals.deals_by_id, [task.deal_id for task in tasks])
    return [Deal.of(found[task.deal_id]) for task in tasks]


@strawberry.type(description="Something to be done for a deal.")
@shows(deals.Task)
class Task(Node):
    title: str
    due_at: DateTime | None = strawberry.field(description="When it should be done; null: at no certain time.")
    assignee: User | None = batched(assignees_of_tasks, description="Who is to do it; null: nobody.")
    done: bool = strawberry.field(description="Whether it is done.")
    done_at: DateTime | None = strawberry.field(description="When it was done; null: it is not.")
    deal: Annotated["Deal", strawberry.lazy("services.graphql.deals")] = batched(
        deals_of_tasks, description="What it is for."
    )

    @classmethod
    def of(cls, task: deals.Task) -> Self:
        return cast("Self", task)


async def notes_of_deals(
    ctx: Context, asked: Sequence[deals.Deal], *, first: int | None = NOTES_FIRST, after: str | None = UNSET
) -> list[Connection[Note]]:
    place, limit = decode(after or None), first or NOTES_FIRST
    wanted = [deal.id for deal in asked]
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


async def tasks_of_deals(
    ctx: Context, asked: Sequence[deals.Deal], *, done: bool | None = UNSET
) -> list[list[deals.Task]]:
    which = done if isinstance(done, bool) else None
    found = await ctx.read(lambda tx: deals.tasks_of(tx, [deal.id for deal in asked], which))
    return [found[deal.id] for deal in asked]
