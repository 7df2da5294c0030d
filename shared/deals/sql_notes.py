"""Every SQL statement about notes. One statement per function, no decisions."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shared.db import Record, Transaction
from shared.deals.model_items import Note

NOTE = "id, deal_id, text, author_id, created_at"
Place = tuple[datetime, UUID]  # when a note was written, and its id


async def insert_note(tx: Transaction, note: Note) -> None:
    await tx.later(
        f"INSERT INTO notes (account_id, {NOTE}) VALUES ($1, $2, $3, $4, $5, $6)",
        tx.account_id,
        note.id,
        note.deal_id,
        note.text,
        note.author_id,
        note.created_at,
    )


async def update_note(tx: Transaction, note: Note) -> None:
    await tx.later("UPDATE notes SET text = $3 WHERE account_id = $1 AND id = $2", tx.account_id, note.id, note.text)


async def delete_note(tx: Transaction, note_id: UUID) -> None:
    await tx.later("DELETE FROM notes WHERE account_id = $1 AND id = $2", tx.account_id, note_id)


async def select_notes(tx: Transaction, note_ids: Sequence[UUID]) -> list[Note]:
    rows = await tx.fetch(
        f"SELECT {NOTE} FROM notes WHERE account_id = $1 AND id = ANY($2::uuid[])", tx.account_id, list(note_ids)
    )
    return [_note(row) for row in rows]


async def select_newest(
    tx: Transaction, deal_ids: Sequence[UUID], after: Place | None, limit: int
) -> dict[UUID, list[Note]]:
    """Notes of each deal from after a place, newest first."""
    rows = await tx.fetch(
        f"""SELECT n.*
              FROM unnest($2::uuid[]) AS asked (of_deal)
                   CROSS JOIN LATERAL (
                       SELECT {NOTE}
                         FROM notes
                        WHERE account_id = $1 AND deal_id = of_deal
                          AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4::uuid))
                        ORDER BY created_at DESC, id DESC
                        LIMIT $5) AS n
             ORDER BY n.created_at DESC, n.id DESC""",
        tx.account_id,
        list(set(deal_ids)),  # a deal that is asked for twice has its notes once
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )
    notes: dict[UUID, list[Note]] = {id: [] for id in deal_ids}
    for row in rows:
        notes[row["deal_id"]].append(_note(row))
    return notes


async def count_notes(tx: Transaction, deal_ids: Sequence[UUID]) -> dict[UUID, int]:
    """By deal; deals without any are left out."""
    rows = await tx.fetch(
        """SELECT deal_id, count(*) AS notes
             FROM notes
            WHERE account_id = $1 AND deal_id = ANY($2::uuid[])
            GROUP BY deal_id""",
        tx.account_id,
        list(deal_ids),
    )
    return {row["deal_id"]: row["notes"] for row in rows}


def _note(row: Record) -> Note:
    return Note(**row)
