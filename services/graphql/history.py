"""What happened to a deal, as the log tells it: who, when, and what changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Actor
from services.graphql.context import Context
from services.graphql.engine.answers import BadUserInput
from services.graphql.engine.fields import batched, shows
from services.graphql.engine.reads import Reads
from services.graphql.items import Note, Task
from services.graphql.pages import NO_CURSOR, PageInfo
from services.graphql.scalars import JSON, DateTime
from services.graphql.words import describe_enum
from shared import accounts, deals
from shared.deals import DealChangeKind
from shared.events import Place

HISTORY_FIRST = 20

describe_enum(
    DealChangeKind,
    "What was done with a deal.",
    CREATED="It was made, by a person or a source.",
    IMPORTED="It was made by a file.",
    MOVED="It went to another stage or place.",
    UPDATED="Fields of its own changed, or notes or tasks.",
    ARCHIVED="It was taken off its board.",
    RESTORED="It was put back on its board.",
    NOTE_ADDED="Somebody wrote about it.",
    TASK_ADDED="Something is to be done for it.",
    TASK_DONE="Something was done for it.",
)


@strawberry.type(description="A field of a deal, before and after a change; what it refers to is told by its id.")
@shows(deals.FieldChange)
class FieldChange:
    field: str = strawberry.field(
        description="Its name in Deal; notes: a note was deleted, whose id and text are in `before`."
    )
    before: JSON | None = strawberry.field(description="As JSON; null: it was empty.")
    after: JSON | None = strawberry.field(description="As JSON; null: it is empty since.")


async def notes_of_items(ctx: Context, items: Sequence[deals.HistoryItem]) -> list[Note | None]:
    found = cast("Mapping[UUID, Note]", await ctx.known(deals.notes_by_id, [item.note_id for item in items]))
    return [found.get(item.note_id) if item.note_id else None for item in items]


async def tasks_of_items(ctx: Context, items: Sequence[deals.HistoryItem]) -> list[Task | None]:
    found = cast("Mapping[UUID, Task]", await ctx.known(deals.tasks_by_id, [item.task_id for item in items]))
    return [found.get(item.task_id) if item.task_id else None for item in items]


@strawberry.type(description="Something that happened to a deal.")
@shows(deals.HistoryItem)
class DealHistoryItem:
    cursor: str = strawberry.field(description="The place in the funnel's log, as its events tell it.")
    seq: int = strawberry.field(description="The event's number in the funnel's log.")
    at: DateTime
    actor: Actor
    kind: DealChangeKind = strawberry.field(description="What was done.")
    from_stage_name: str | None = strawberry.field(description="Of a move, as it was called then; null: no move.")
    to_stage_name: str | None = strawberry.field(
        description="Where it was made or moved to, as it was called then; null: neither, or long ago."
    )
    changes: list[FieldChange] = strawberry.field(description="What it changed of the deal's own fields.")
    note: Note | None = batched(notes_of_items, description="As it is now; null when it was deleted.")
    task: Task | None = batched(tasks_of_items, description="As it is now.")


@strawberry.type(description="Something that happened, and its place in the history.")
class DealHistoryEdge:
    node: DealHistoryItem
    cursor: str = strawberry.field(description="Its place in the list, for `after`.")


@strawberry.type(description="A page of a deal's history, newest first.")
class DealHistoryConnection:
    edges: list[DealHistoryEdge]
    nodes: list[DealHistoryItem]
    page_info: PageInfo


@dataclass(frozen=True, slots=True)
class Page:
    """What the connection shows."""

    nodes: list[deals.HistoryItem]
    has_more: bool
    after: Place | None

    @property
    def edges(self) -> list[DealHistoryEdge]:
        return [DealHistoryEdge(node=cast("DealHistoryItem", item), cursor=item.cursor) for item in self.nodes]

    @property
    def page_info(self) -> PageInfo:
        return PageInfo(
            has_next_page=self.has_more,
            has_previous_page=self.after is not None,
            start_cursor=self.nodes[0].cursor if self.nodes else None,
            end_cursor=self.nodes[-1].cursor if self.nodes else None,
        )


async def history_of_deals(
    ctx: Context,
    asked: Sequence[deals.Deal],
    reads: Reads,
    *,
    first: int | None = HISTORY_FIRST,
    after: str | None = UNSET,
) -> list[Page]:
    place, limit = _place(after or None), first or HISTORY_FIRST
    before = place.seq if place else None
    read = reads.of(DealHistoryItem)
    changes = read is None or "changes" in read
    found = await ctx.read(lambda tx: deals.history(tx, [deal.id for deal in asked], limit, before, changes=changes))
    for page in found.values():
        ctx.knows(accounts.users, page.people)
    return [Page(found[deal.id].items, found[deal.id].has_more, place) for deal in asked]


def _place(cursor: str | None) -> Place | None:
    """Raises BadUserInput when it was never a cursor of a log."""
    if cursor is None:
        return None
    place = Place.read(cursor)
    if place is None:
        raise BadUserInput(NO_CURSOR)
    return place
