"""Reading a file: a look at all of it, then batch after batch, each with its progress in one transaction.

Whoever goes on after a crash begins at the first row that is not done; a batch is done only where the import stands as
its reader believes, so that two who read the same file make nothing twice.
"""

from contextlib import aclosing
from time import monotonic

from shared import deals, funnels, jobs
from shared.actor import Actor, ActorKind
from shared.db import JOB, Database, Transaction
from shared.errors import ModuleInactive, NotFound
from shared.imports import sql
from shared.imports.batches import Batch, ahead, batches
from shared.imports.commands import IMPORT, end
from shared.imports.file import File
from shared.imports.layouts import layout_of
from shared.imports.model import Import, ImportState, UnreadableFile
from shared.imports.unpacking import unpack
from shared.imports.xlsx import MAGIC, MOST_ROWS, OLD_MAGIC

TURN = 8.0  # seconds: then others have theirs


async def run(db: Database, _kinds: jobs.Kinds, job: jobs.Job) -> None:
    """One turn. What cannot be read fails for good; what the database cannot do now is tried again."""
    assert job.ref is not None
    assert job.account_id is not None
    file = File(db, job.account_id, job.ref)
    try:
        seen = await file.seen()
        if seen.state is ImportState.QUEUED:
            await _look(file)
        elif seen.state is ImportState.RUNNING:
            await _read(file, seen)
    except (UnreadableFile, NotFound, ModuleInactive):
        await file.fail()


async def go_on(tx: Transaction, job: jobs.Job) -> None:
    """Ask for another turn, unless it is over."""
    assert job.ref is not None
    held = await sql.lock_import(tx, job.ref)
    if held is not None and not held.state.is_over:
        await jobs.add(tx, IMPORT, ref=job.ref)


async def give_up(tx: Transaction, job: jobs.Job, _why: str) -> None:
    """Nothing came of the last attempt."""
    assert job.ref is not None
    held = await sql.lock_import(tx, job.ref)
    if held is not None and not held.state.is_over:
        await end(tx, job.ref, ImportState.FAILED)


async def _look(file: File) -> None:
    """Find out how the file is written, and count its rows; a workbook becomes a CSV first, which is a turn's work."""
    beginning = await file.chunk(0)
    if beginning is None:
        raise UnreadableFile("The file is empty.")
    if beginning.startswith(MAGIC):
        await unpack(file)
        return
    if beginning.startswith(OLD_MAGIC):
        raise UnreadableFile("This is an old workbook, or one with a password.")
    layout = layout_of(beginning)
    seen, count, begins = 0, 0, 0
    async for records in file.records(layout, layout.start):
        if seen < layout.header_row <= seen + len(records):
            begins = records[layout.header_row - seen - 1].end
        seen += len(records)
        count += sum(not record.is_blank for record in records)
    count -= layout.rows_above
    if count > MOST_ROWS:
        raise UnreadableFile(f"At most {MOST_ROWS} rows, please.")
    async with file.db.transaction(file.account_id, limits=JOB) as tx:
        held = await sql.lock_import(tx, file.import_id)
        if held is not None and held.state is ImportState.QUEUED:
            await sql.update_layout(tx, file.import_id, layout, begins, count)


async def _read(file: File, seen: Import) -> None:
    """Batches, until the file ends or the turn does."""
    until = monotonic() + TURN
    async with aclosing(ahead(batches(file, seen))) as each:
        async for batch in each:
            if not await _take(file, batch) or monotonic() > until:
                return
    async with file.db.transaction(file.account_id, limits=JOB) as tx:
        held = await sql.lock_import(tx, file.import_id)
        if held is not None and held.state is ImportState.RUNNING:
            await end(tx, file.import_id, ImportState.DONE)


async def _take(file: File, batch: Batch) -> bool:
    """Do these rows; False when the import is over, or somebody else has done them."""
    async with file.db.transaction(file.account_id, limits=JOB) as tx:
        tx.actor = Actor(ActorKind.IMPORT, file.import_id, batch.file_name)
        locked = await funnels.lock(tx, batch.funnel_id)
        held = await sql.lock_import(tx, file.import_id)
        if held is None or held.state is not ImportState.RUNNING or held.next_byte != batch.begins:
            return False
        made = await deals.import_batch(tx, locked, batch.rows, held.file_name, held.user_id)
        if batch.rejects:
            await sql.insert_rejects(tx, held.id, batch.rejects)
        counts = len(made), len(batch.rows) - len(made), len(batch.rejects)
        await sql.update_progress(tx, held.id, batch.ends, batch.next_row, *counts)
    return True
