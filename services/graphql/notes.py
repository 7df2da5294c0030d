"""What is done with notes: inputs, answers, mutations."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Info
from services.graphql.billing import ModuleInactive
from services.graphql.deals import Deal
from services.graphql.errors import Forbidden, IdempotencyConflict, InvalidInput, NotFound
from services.graphql.items import Note
from services.graphql.roots import mutation
from services.graphql.scalars import Cursor, node_id
from services.graphql.writing import Given, act
from shared import deals, ids
from shared.actor import Permission
from shared.db import Transaction
from shared.deals import NoteDraft

Command = TypeVar("Command")


@strawberry.input(description="What to write about a deal: 1 to 10,000 characters.")
class AddNoteInput:
    deal_id: strawberry.ID
    text: str
    idempotency_key: str | None = UNSET


@strawberry.input(description="What a note is to say: 1 to 10,000 characters.")
class UpdateNoteInput:
    id: strawberry.ID
    text: str
    idempotency_key: str | None = UNSET


@strawberry.input(description="A note to be deleted. The deal's history goes on telling what it said.")
class DeleteNoteInput:
    id: strawberry.ID
    idempotency_key: str | None = UNSET


@strawberry.type(description="The note that was added, its deal, and where the log stands.")
class AddNotePayload:
    note: Note = strawberry.field(description="As it was written.")
    deal: Deal
    cursor: Cursor
    seq: int


@strawberry.type(description="The note as it is now, its deal, and where the log stands.")
class UpdateNotePayload:
    note: Note = strawberry.field(description="As it is now.")
    deal: Deal
    cursor: Cursor
    seq: int


@strawberry.type(description="Which note is gone, its deal, and where the log stands.")
class DeleteNotePayload:
    note_id: strawberry.ID = strawberry.field(description="Of what is gone.")
    deal: Deal
    cursor: Cursor
    seq: int


AddNoteResult = Annotated[
    AddNotePayload | InvalidInput | NotFound | Forbidden | ModuleInactive | IdempotencyConflict,
    strawberry.union("AddNoteResult"),
]
UpdateNoteResult = Annotated[
    UpdateNotePayload | InvalidInput | NotFound | Forbidden | ModuleInactive | IdempotencyConflict,
    strawberry.union("UpdateNoteResult"),
]
DeleteNoteResult = Annotated[
    DeleteNotePayload | InvalidInput | NotFound | Forbidden | ModuleInactive | IdempotencyConflict,
    strawberry.union("DeleteNoteResult"),
]


async def _write(
    info: Info,
    input: object,
    read: Callable[[Given], NoteDraft],
    do: Callable[[Transaction, NoteDraft], Awaitable[deals.NoteChanged]],
) -> deals.NoteChanged:
    return await act(
        info, input, Permission.DEALS_WRITE, read, do, keep=lambda done: done.kept, again=deals.recall_note
    )


@strawberry.type
class NotesMutation:
    @mutation("Write something about a deal. Needs DEALS_WRITE.")
    async def add_note(self, info: Info, input: AddNoteInput) -> AddNoteResult:
        done = await _write(info, input, lambda given: NoteDraft.read(given["deal_id"], given["text"]), deals.add_note)
        changed = done.changed
        return AddNotePayload(
            note=Note.of(done.note),
            deal=Deal.of(changed.deal),
            cursor=Cursor(changed.place.cursor),
            seq=changed.place.seq,
        )

    @mutation("Write a note anew. Needs DEALS_WRITE.")
    async def update_note(self, info: Info, input: UpdateNoteInput) -> UpdateNoteResult:
        done = await _write(info, input, lambda given: NoteDraft.read(given["id"], given["text"]), deals.update_note)
        changed = done.changed
        return UpdateNotePayload(
            note=Note.of(done.note),
            deal=Deal.of(changed.deal),
            cursor=Cursor(changed.place.cursor),
            seq=changed.place.seq,
        )

    @mutation("Delete a note. Needs DEALS_WRITE.")
    async def delete_note(self, info: Info, input: DeleteNoteInput) -> DeleteNoteResult:
        done = await act(
            info,
            input,
            Permission.DEALS_WRITE,
            lambda given: ids.read(given["id"]),
            deals.delete_note,
            keep=lambda done: done.kept,
            again=deals.recall_deleted,
        )
        place = done.changed.place
        return DeleteNotePayload(
            note_id=node_id(done.note_id), deal=Deal.of(done.changed.deal), cursor=Cursor(place.cursor), seq=place.seq
        )
