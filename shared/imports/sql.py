"""Every SQL statement about imports. One statement per function, no decisions."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shared.db import Record, Transaction
from shared.errors import Sentence
from shared.imports.model import Import, ImportState, Layout, Reject

IMPORT = """id, funnel_id, user_id, file_name, state, mapping, layout, next_byte, next_row, total_rows,
            processed_rows, created_rows, duplicate_rows, rejected_rows, created_at"""
# What a viewer sees: $2 is the user whose view limits, null sees all.
SEEN = """account_id = $1
              AND ($2::uuid IS NULL OR funnel_id IN (SELECT funnel_id FROM funnel_viewers
                                                      WHERE account_id = $1 AND user_id = $2))"""


async def insert_import(
    tx: Transaction, import_id: UUID, funnel_id: UUID, user_id: UUID, file_name: str, mapping: dict[str, str]
) -> None:
    await tx.execute(
        """INSERT INTO imports (account_id, id, funnel_id, user_id, file_name, state, mapping, created_at)
                VALUES ($1, $2, $3, $4, $5, 'QUEUED', $6, account_now())""",
        tx.account_id,
        import_id,
        funnel_id,
        user_id,
        file_name,
        mapping,
    )


async def select_imports(tx: Transaction, import_ids: Sequence[UUID], viewer_id: UUID | None) -> list[Import]:
    rows = await tx.fetch(
        f"SELECT {IMPORT} FROM imports WHERE {SEEN} AND id = ANY($3::uuid[])",
        tx.account_id,
        viewer_id,
        list(import_ids),
    )
    return [import_of(row) for row in rows]


async def select_page(
    tx: Transaction, funnel_id: UUID | None, viewer_id: UUID | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[Import]:
    """Newest first."""
    at, id = after or (None, None)
    rows = await tx.fetch(
        f"""SELECT {IMPORT}
              FROM imports
             WHERE {SEEN} AND ($3::uuid IS NULL OR funnel_id = $3)
               AND ($4::timestamptz IS NULL OR (created_at, id) < ($4, $5::uuid))
             ORDER BY created_at DESC, id DESC
             LIMIT $6""",
        tx.account_id,
        viewer_id,
        funnel_id,
        at,
        id,
        limit,
    )
    return [import_of(row) for row in rows]


async def count_imports(tx: Transaction, funnel_id: UUID | None, viewer_id: UUID | None) -> int:
    count: int = await tx.fetchval(
        f"SELECT count(*) FROM imports WHERE {SEEN} AND ($3::uuid IS NULL OR funnel_id = $3)",
        tx.account_id,
        viewer_id,
        funnel_id,
    )
    return count


async def lock_import(tx: Transaction, import_id: UUID) -> Import | None:
    row = await tx.fetchrow(
        f"SELECT {IMPORT} FROM imports WHERE account_id = $1 AND id = $2 FOR UPDATE", tx.account_id, import_id
    )
    return import_of(row) if row else None


async def update_layout(tx: Transaction, import_id: UUID, layout: Layout, next_byte: int, total_rows: int) -> None:
    """How the file is written: from now on its rows are read."""
    await tx.execute(
        """UPDATE imports
              SET layout = $3, next_byte = $4, next_row = 2, total_rows = $5, state = 'RUNNING'
            WHERE account_id = $1 AND id = $2""",
        tx.account_id,
        import_id,
        layout.to_json(),
        next_byte,
        total_rows,
    )


async def update_progress(
    tx: Transaction, import_id: UUID, next_byte: int, next_row: int, created: int, duplicate: int, rejected: int
) -> None:
    await tx.execute(
        """UPDATE imports
              SET next_byte = $3, next_row = $4,
                  processed_rows = processed_rows + $5::int + $6::int + $7::int, created_rows = created_rows + $5,
                  duplicate_rows = duplicate_rows + $6, rejected_rows = rejected_rows + $7
            WHERE account_id = $1 AND id = $2""",
        tx.account_id,
        import_id,
        next_byte,
        next_row,
        created,
        duplicate,
        rejected,
    )


async def update_state(tx: Transaction, import_id: UUID, state: ImportState) -> None:
    await tx.execute("UPDATE imports SET state = $3 WHERE account_id = $1 AND id = $2", tx.account_id, import_id, state)


async def insert_chunk(tx: Transaction, import_id: UUID, number: int, body: bytes) -> None:
    await tx.execute(
        "INSERT INTO import_chunks (account_id, import_id, number, body) VALUES ($1, $2, $3, $4)",
        tx.account_id,
        import_id,
        number,
        body,
    )


async def select_chunk(tx: Transaction, import_id: UUID, number: int) -> bytes | None:
    body: bytes | None = await tx.fetchval(
        "SELECT body FROM import_chunks WHERE account_id = $1 AND import_id = $2 AND number = $3",
        tx.account_id,
        import_id,
        number,
    )
    return body


async def delete_chunks(tx: Transaction, import_id: UUID) -> None:
    await tx.execute("DELETE FROM import_chunks WHERE account_id = $1 AND import_id = $2", tx.account_id, import_id)


async def delete_orphans(tx: Transaction) -> None:
    """Pieces of files whose rest never came."""
    await tx.execute(
        """DELETE FROM import_chunks c
            WHERE account_id = $1 AND kept_at < clock_timestamp() - interval '1 hour'
              AND NOT EXISTS (SELECT FROM imports i WHERE i.account_id = $1 AND i.id = c.import_id)""",
        tx.account_id,
    )


async def insert_rejects(tx: Transaction, import_id: UUID, rejects: Sequence[Reject]) -> None:
    await tx.execute(
        """INSERT INTO import_rejects (account_id, import_id, row_number, reason, cells)
                SELECT $1, $2, new.* FROM unnest($3::int[], $4::jsonb[], $5::jsonb[]) AS new""",
        tx.account_id,
        import_id,
        [reject.row for reject in rejects],
        [{"en": reject.reason.en, "uk": reject.reason.uk} for reject in rejects],
        [reject.cells for reject in rejects],
    )


async def select_rejects(tx: Transaction, import_id: UUID, after: int, limit: int) -> list[Reject]:
    rows = await tx.fetch(
        """SELECT row_number, reason, cells
             FROM import_rejects
            WHERE account_id = $1 AND import_id = $2 AND row_number > $3
            ORDER BY row_number
            LIMIT $4""",
        tx.account_id,
        import_id,
        after,
        limit,
    )
    return [Reject(row["row_number"], Sentence(**row["reason"]), row["cells"]) for row in rows]


def import_of(row: Record) -> Import:
    given = {name: row[name] for name in Import.__slots__}
    layout = Layout.from_json(row["layout"]) if row["layout"] else None
    return Import(**given | {"state": ImportState(row["state"]), "layout": layout})
