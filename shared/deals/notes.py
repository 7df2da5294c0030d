"""What people write about a deal. Each note that is written, changed or deleted is a change of its deal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from shared import events, ids
from shared.db import Transaction
from shared.deals import sql, sql_notes
from shared.deals.commands import Changed, recall
from shared.deals.events import DealUpdated, Did
from shared.deals.locking import lock_deal
from shared.deals.model import Deal
from shared.deals.model_items import Note, NoteDraft
from shared.deals.reading import get_many
from shared.errors import NotFound


@dataclass(frozen=True, slots=True)
class NoteChanged:
    """The note as it is now, and what became of its deal."""

    note: Note
    changed: Changed

    @property
    def kept(self) -> dict[str, Any]:
        """What an idempotency key keeps of it."""
        return self.changed.kept | {"note": str(self.note.id)}


@dataclass(frozen=True, slots=True)
class NoteDeleted:
    """Which note is gone, and what became of its deal."""

    note_id: UUID
    changed: Changed

    @property
    def kept(self) -> dict[str, Any]:
        """What an idempotency key keeps of it."""
        return self.changed.kept | {"note": str(self.note_id)}


async def recall_deleted(tx: Transaction, kept: Mapping[str, Any]) -> NoteDeleted:
    """The same answer again: the deal as it is now, the first cursor."""
    return NoteDeleted(UUID(kept["note"]), await recall(tx, kept))


async def recall_note(tx: Transaction, kept: Mapping[str, Any]) -> NoteChanged:
    """The same answer again: note and deal as they are now, the first cursor."""
    note_id = UUID(kept["note"])
    found = await sql_notes.select_notes(tx, [note_id])
    if not found:
        raise NotFound(note_id)
    return NoteChanged(found[0], await recall(tx, kept))


async def add_note(tx: Transaction, draft: NoteDraft) -> NoteChanged:
    locked, deal = await lock_deal(tx, draft.id)
    log = locked.log
    note = Note(ids.new(), deal.id, draft.text, tx.actor.user_id, log.at)
    await sql_notes.insert_note(tx, note)
    return NoteChanged(note, await _tell(log, deal, Did.NOTE_ADDED, note))


async def update_note(tx: Transaction, draft: NoteDraft) -> NoteChanged:
    """The same text again is no change, and no event."""
    log, deal, note = await _lock(tx, draft.id)
    if note.text == draft.text:
        return NoteChanged(note, Changed(deal, log.place))
    note = replace(note, text=draft.text)
    await sql_notes.update_note(tx, note)
    return NoteChanged(note, await _tell(log, deal, Did.NOTE_CHANGED, note))


async def delete_note(tx: Transaction, note_id: UUID) -> NoteDeleted:
    log, deal, note = await _lock(tx, note_id)
    await sql_notes.delete_note(tx, note.id)
    return NoteDeleted(note.id, await _tell(log, deal, Did.NOTE_DELETED, note))


async def get_notes(tx: Transaction, note_ids: Sequence[UUID]) -> dict[UUID, Note]:
    """Those of the notes whose deals the actor sees."""
    found = await notes_by_id(tx, note_ids)
    seen = await get_many(tx, {note.deal_id for note in found.values()})
    return {id: note for id, note in found.items() if note.deal_id in seen}


async def notes_by_id(tx: Transaction, note_ids: Sequence[UUID]) -> dict[UUID, Note]:
    """Whoever reached a deal's history may also read the notes that it names."""
    return {note.id: note for note in await sql_notes.select_notes(tx, note_ids)}


async def notes_of(
    tx: Transaction, deal_ids: Sequence[UUID], after: sql_notes.Place | None, limit: int
) -> dict[UUID, list[Note]]:
    """Of each deal, newest first, from after a place."""
    return await sql_notes.select_newest(tx, deal_ids, after, limit)


async def count_notes(tx: Transaction, deal_ids: Sequence[UUID]) -> dict[UUID, int]:
    """By deal; deals without any are left out."""
    return await sql_notes.count_notes(tx, deal_ids)


async def _lock(tx: Transaction, note_id: UUID) -> tuple[events.Log, Deal, Note]:
    """Hold the deal of a note, then look at the note again: somebody may have been first."""
    before = await sql_notes.select_notes(tx, [note_id])
    if not before:
        raise NotFound(note_id)
    locked, deal = await lock_deal(tx, before[0].deal_id, acted_on=note_id)
    now = await sql_notes.select_notes(tx, [note_id])
    if not now:
        raise NotFound(note_id)
    return locked.log, deal, now[0]


async def _tell(log: events.Log, deal: Deal, did: Did, note: Note) -> Changed:
    now = replace(deal, updated_at=log.at, version=deal.version + 1)
    await sql.update_deal(log.tx, now)
    said = note.text if did is Did.NOTE_DELETED else None
    place = await events.record(log, DealUpdated(now, (), ("notes",), did, note_id=note.id, note_text=said))
    return Changed(now, place)
