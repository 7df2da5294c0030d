"""What is done with imports: taken in, looked at, cancelled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from shared import events, funnels, ids, jobs
from shared.db import Transaction
from shared.errors import NotAllowedNow, NotFound, Sentence
from shared.imports import sql
from shared.imports.model import Import, ImportPage, ImportState, RejectPage

IMPORT = "imports.run"  # the job that reads a file, turn by turn
OVER = Sentence("this import is over already.", "цей імпорт уже завершено.")
CHUNK = 1_000_000  # bytes of a file in one row
LONGEST_FILE_NAME = 200


@dataclass(frozen=True, slots=True)
class Cancellation:
    import_id: UUID

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        return cls(ids.read(given["id"]))


async def begin_upload(tx: Transaction, funnel_id: UUID) -> UUID:
    """The id of an import whose file may come now. Raises NotFound, then ModuleInactive."""
    await funnels.lock(tx, funnel_id)
    await sql.delete_orphans(tx)
    return ids.new()


async def keep_chunk(tx: Transaction, import_id: UUID, number: int, body: bytes) -> None:
    """A piece of the file; each but the last has `CHUNK` bytes."""
    await sql.insert_chunk(tx, import_id, number, body)


async def give_up_upload(tx: Transaction, import_id: UUID) -> None:
    """The rest of the file will not come."""
    await sql.delete_chunks(tx, import_id)


async def start(tx: Transaction, import_id: UUID, funnel_id: UUID, file_name: str, mapping: dict[str, str]) -> None:
    """The file is here: it is read from now on. Raises NotFound, then ModuleInactive."""
    await funnels.lock(tx, funnel_id)
    assert tx.actor.user_id is not None
    await sql.insert_import(tx, import_id, funnel_id, tx.actor.user_id, file_name, mapping)
    await jobs.add(tx, IMPORT, ref=import_id)


async def cancel(tx: Transaction, cancellation: Cancellation) -> Import:
    """Read no further; the deals that are made stay. Raises NotFound, then NotAllowedNow when it is over."""
    seen = await find(tx, cancellation.import_id)
    if seen is None:
        raise NotFound(cancellation.import_id)
    await events.lock(tx, seen.funnel_id)  # as who reads it does: the head first, then the import
    held = await sql.lock_import(tx, seen.id)
    assert held is not None
    if held.state.is_over:
        raise NotAllowedNow("IMPORT_OVER", OVER)
    await end(tx, held.id, ImportState.CANCELLED)
    return await get(tx, held.id)


async def end(tx: Transaction, import_id: UUID, state: ImportState) -> None:
    """It is over: the file is not needed any more."""
    await sql.update_state(tx, import_id, state)
    await sql.delete_chunks(tx, import_id)


async def get(tx: Transaction, import_id: UUID) -> Import:
    """Raises NotFound when the actor does not see its funnel."""
    found = await find(tx, import_id)
    if found is None:
        raise NotFound(import_id)
    return found


async def find(tx: Transaction, import_id: UUID) -> Import | None:
    """The import, if the actor sees its funnel."""
    return (await get_many(tx, [import_id])).get(import_id)


async def get_many(tx: Transaction, import_ids: Sequence[UUID]) -> dict[UUID, Import]:
    return {one.id: one for one in await sql.select_imports(tx, import_ids, funnels.viewer_of(tx.actor))}


async def page(tx: Transaction, funnel_id: UUID | None, after: tuple[datetime, UUID] | None, first: int) -> ImportPage:
    """Newest first, of one funnel or of all that the actor sees."""
    viewer_id = funnels.viewer_of(tx.actor)
    found = await sql.select_page(tx, funnel_id, viewer_id, after, first + 1)
    count = await sql.count_imports(tx, funnel_id, viewer_id)
    return ImportPage(found[:first], len(found) > first, count)


async def rejects(tx: Transaction, import_id: UUID, after: int, first: int) -> RejectPage:
    """Rows that could not be taken, in the file's order, from after that row."""
    found = await sql.select_rejects(tx, import_id, after, first + 1)
    return RejectPage(found[:first], len(found) > first)
