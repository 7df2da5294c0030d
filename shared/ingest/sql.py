"""Every SQL statement about requests and the inbox. One statement per function, no decisions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.db import Record, Transaction
from shared.ingest.model import InboxItem, InboxState, Known, Request, SourceKind

ITEM = """id, source_id, intake_id, part, state, received_at, external_id, payload, deal_id, reason, reason_code,
          attempts, answers"""


@dataclass(frozen=True, slots=True)
class Intake:
    """A request that was kept. `received_at` in the account's time."""

    id: UUID
    source_id: UUID
    request: Request
    received_at: datetime


async def insert_intake(tx: Transaction, id: UUID, source_id: UUID, request: Request) -> None:
    await tx.later(
        """INSERT INTO intake (id, account_id, source_id, headers, body, received_at)
                VALUES ($1, $2, $3, $4, $5, account_now())""",
        id,
        tx.account_id,
        source_id,
        dict(request.headers),
        request.body,
    )


async def select_intake(tx: Transaction, id: UUID) -> Intake | None:
    row = await tx.fetchrow(
        """SELECT id, source_id, headers, body, received_at
             FROM intake
            WHERE account_id = $1 AND id = $2""",
        tx.account_id,
        id,
    )
    if row is None:
        return None
    return Intake(row["id"], row["source_id"], Request(row["headers"], row["body"]), row["received_at"])


async def insert_item(tx: Transaction, item: InboxItem) -> bool:
    """False when that part of the request was taken in before."""
    inserted = await tx.fetchval(
        f"""INSERT INTO inbox_items (account_id, {ITEM})
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            ON CONFLICT ON CONSTRAINT inbox_items_once DO NOTHING
              RETURNING true""",
        tx.account_id,
        item.id,
        item.source_id,
        item.intake_id,
        item.part,
        item.state,
        item.received_at,
        item.external_id,
        item.payload,
        item.deal_id,
        item.reason,
        item.reason_code,
        item.attempts,
        item.answers,
    )
    return bool(inserted)


async def update_item(tx: Transaction, item: InboxItem) -> None:
    await tx.execute(
        """UPDATE inbox_items
              SET state = $3, external_id = $4, payload = $5, deal_id = $6, reason = $7, reason_code = $8,
                  attempts = $9
            WHERE account_id = $1 AND id = $2""",
        tx.account_id,
        item.id,
        item.state,
        item.external_id,
        item.payload,
        item.deal_id,
        item.reason,
        item.reason_code,
        item.attempts,
    )


async def lock_item(tx: Transaction, id: UUID) -> InboxItem | None:
    row = await tx.fetchrow(
        f"SELECT {ITEM} FROM inbox_items WHERE account_id = $1 AND id = $2 FOR UPDATE", tx.account_id, id
    )
    return _item(row) if row else None


async def update_answers(tx: Transaction, id: UUID, answers: object) -> None:
    await tx.execute(
        "UPDATE inbox_items SET answers = $3 WHERE account_id = $1 AND id = $2", tx.account_id, id, answers
    )


async def lock_items(tx: Transaction, ids: Iterable[UUID]) -> list[InboxItem]:
    rows = await tx.fetch(
        f"SELECT {ITEM} FROM inbox_items WHERE account_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR UPDATE",
        tx.account_id,
        list(ids),
    )
    return [_item(row) for row in rows]


async def update_received(tx: Transaction, ids: Iterable[UUID]) -> None:
    """They are to be taken in again."""
    await tx.execute(
        "UPDATE inbox_items SET state = 'RECEIVED' WHERE account_id = $1 AND id = ANY($2::uuid[])",
        tx.account_id,
        list(ids),
    )


async def update_waiting(tx: Transaction, kinds: Iterable[SourceKind], limit: int) -> list[UUID]:
    """The first of those that wait, from sources of these kinds, are waiting no more.

    Who is busy with another's hands is left to them.
    """
    rows = await tx.fetch(
        """UPDATE inbox_items
              SET state = 'RECEIVED'
            WHERE account_id = $1
              -- an array, for it is made once: a subquery of IN may be run for each row, each time with another limit
              AND id = ANY (ARRAY(SELECT id
                                    FROM inbox_items
                                   WHERE account_id = $1 AND state = 'WAITING'
                                     AND source_id IN (SELECT id
                                                         FROM sources
                                                        WHERE account_id = $1 AND kind = ANY($3::text[]))
                                   ORDER BY received_at, id
                                   LIMIT $2
                                     FOR UPDATE SKIP LOCKED))
        RETURNING id, received_at""",
        tx.account_id,
        limit,
        list(kinds),
    )
    return [row["id"] for row in sorted(rows, key=lambda row: (row["received_at"], row["id"]))]


async def select_items_by_id(tx: Transaction, ids: Iterable[UUID]) -> list[InboxItem]:
    rows = await tx.fetch(
        f"SELECT {ITEM} FROM inbox_items WHERE account_id = $1 AND id = ANY($2::uuid[])", tx.account_id, list(ids)
    )
    return [_item(row) for row in rows]


async def select_page(
    tx: Transaction,
    source_id: UUID | None,
    states: Sequence[InboxState] | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[InboxItem]:
    """Newest first, from after a place."""
    rows = await tx.fetch(
        f"""SELECT {ITEM}
              FROM inbox_items
             WHERE account_id = $1
               AND ($2::uuid IS NULL OR source_id = $2)
               AND ($3::text[] IS NULL OR state = ANY($3))
               AND ($4::timestamptz IS NULL OR (received_at, id) < ($4, $5::uuid))
             ORDER BY received_at DESC, id DESC
             LIMIT $6""",
        tx.account_id,
        source_id,
        None if states is None else list(states),
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )
    return [_item(row) for row in rows]


async def count_items(tx: Transaction, source_id: UUID | None, states: Sequence[InboxState] | None) -> int:
    count: int = await tx.fetchval(
        """SELECT count(*)
             FROM inbox_items
            WHERE account_id = $1
              AND ($2::uuid IS NULL OR source_id = $2)
              AND ($3::text[] IS NULL OR state = ANY($3))""",
        tx.account_id,
        source_id,
        None if states is None else list(states),
    )
    return count


async def take_key(tx: Transaction, item: InboxItem, known: Known) -> bool:
    """Whether the item is the one that has the key; False: another one came before and has it still."""
    taken = await tx.fetchval(
        """INSERT INTO inbox_keys AS kept (account_id, source_id, key, item_id, until)
                VALUES ($1, $2, $3, $4, coalesce($5::timestamptz + $6::interval, 'infinity'))
           ON CONFLICT ON CONSTRAINT inbox_keys_once DO UPDATE
                   SET item_id = excluded.item_id, until = excluded.until
                 WHERE kept.until <= $5 OR kept.item_id = excluded.item_id
             RETURNING true""",
        tx.account_id,
        item.source_id,
        known.key,
        item.id,
        item.received_at,
        known.lasts,
    )
    return bool(taken)


async def delete_key(tx: Transaction, item: InboxItem, known: Known) -> None:
    await tx.execute(
        "DELETE FROM inbox_keys WHERE account_id = $1 AND source_id = $2 AND key = $3 AND item_id = $4",
        tx.account_id,
        item.source_id,
        known.key,
        item.id,
    )


def _item(row: Record) -> InboxItem:
    return InboxItem(**{**row, "state": InboxState(row["state"])})
