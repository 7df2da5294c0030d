"""Reading a file: a look at all of it, then batch after batch, each with its progress in one transaction.

Whoever goes on after a crash begins at the first row that is not done; a batch is done only where the import stands as
its reader believes, so that two who read the same file make nothing twice.
"""

from collections.abc import Sequence
from time import monotonic

from shared import accounts, deals, funnels, jobs
from shared.actor import Actor, ActorKind
from shared.db import JOB, Database, Transaction
from shared.errors import ModuleInactive, NotFound
from shared.imports import sql
from shared.imports.commands import IMPORT, end
from shared.imports.file import File, Numbered
from shared.imports.layouts import layout_of
from shared.imports.model import Import, ImportState, Reject, UnreadableFile
from shared.imports.rows import UNREADABLE, Reader, Row, cells_of, fields_of, people_by_name
from shared.imports.unpacking import unpack
from shared.imports.xlsx import MAGIC, MOST_ROWS

BATCH = 500  # rows
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
    layout = layout_of(beginning)
    count, begins = 0, 0
    async for one in file.records(layout.encoding, layout.delimiter, layout.start, 1):
        if one.number == 1:
            begins = one.record.end
        elif not one.record.is_blank:
            count += 1
    if count > MOST_ROWS:
        raise UnreadableFile(f"At most {MOST_ROWS} rows, please.")
    async with file.db.transaction(file.account_id, limits=JOB) as tx:
        held = await sql.lock_import(tx, file.import_id)
        if held is not None and held.state is ImportState.QUEUED:
            await sql.update_layout(tx, file.import_id, layout, begins, count)


async def _read(file: File, seen: Import) -> None:
    """Batches, until the file ends or the turn does."""
    assert seen.layout is not None
    until = monotonic() + TURN
    at, row = seen.next_byte, seen.next_row
    batch: list[Numbered] = []
    async for one in file.records(seen.layout.encoding, seen.layout.delimiter, at, row):
        batch.append(one)
        if len(batch) == BATCH:
            if not await _take(file, at, batch) or monotonic() > until:
                return
            at, batch = batch[-1].record.end, []
    if batch and not await _take(file, at, batch):
        return
    async with file.db.transaction(file.account_id, limits=JOB) as tx:
        held = await sql.lock_import(tx, file.import_id)
        if held is not None and held.state is ImportState.RUNNING:
            await end(tx, file.import_id, ImportState.DONE)


async def _take(file: File, at: int, batch: Sequence[Numbered]) -> bool:
    """Do these rows; False when the import is over, or somebody else has done them."""
    seen = await file.seen()
    read = await _rows(file, seen, batch)  # before the funnel is held: others wait for it
    async with file.db.transaction(file.account_id, limits=JOB) as tx:
        tx.actor = Actor(ActorKind.IMPORT, seen.id, seen.file_name)
        locked = await funnels.lock(tx, seen.funnel_id)
        held = await sql.lock_import(tx, file.import_id)
        if held is None or held.state is not ImportState.RUNNING or held.next_byte != at:
            return False
        rejected = [one for one in read if isinstance(one, Reject)]
        rows = [one for one in read if isinstance(one, Row)]
        new = await _new(tx, held, rows)
        taken = [(row.external_id, row.made.new.id) for row in new if row.external_id is not None]
        await sql.insert_rejects(tx, held.id, rejected)
        last = batch[-1]
        counts = len(new), len(rows) - len(new), len(rejected)
        await sql.update_progress(tx, held.id, last.record.end, last.number + 1, *counts)
        await deals.import_batch(tx, locked, [row.made for row in new], held.file_name, held.user_id)
        await sql.insert_external_ids(tx, held.funnel_id, taken)
    return True


async def _rows(file: File, seen: Import, batch: Sequence[Numbered]) -> list[Row | Reject]:
    """What each row is; blank ones are nothing."""
    assert seen.layout is not None
    header = seen.layout.header
    named = {index for index, name in fields_of(header, seen.mapping).items() if name == "assignee"}
    said = {
        one.record.cells[index].strip()
        for one in batch
        if one.record.cells
        for index in named
        if index < len(one.record.cells)
    }
    async with file.db.reading(file.account_id, limits=JOB) as tx:
        account = await accounts.get(tx)
        people = people_by_name(await accounts.named(tx, {tidy_text(one) for one in said if one}))
    reader = Reader(seen.funnel_id, header, seen.mapping, account.country, account.currency, people)
    read: list[Row | Reject] = []
    for one in batch:
        if one.record.cells is None:
            read.append(Reject(one.number, UNREADABLE, cells_of(header, [one.record.text])))
        elif not one.record.is_blank:
            read.append(reader.read(one.number, one.record.cells))
    return read


async def _new(tx: Transaction, held: Import, rows: Sequence[Row]) -> list[Row]:
    """Rows that are no duplicates: their external id, if they have one, is on no row before."""
    named = [row.external_id for row in rows if row.external_id is not None]
    taken = await sql.select_taken(tx, held.funnel_id, named) if named else set()
    new = []
    for row in rows:
        if row.external_id is None or row.external_id not in taken:
            new.append(row)
            taken |= {row.external_id} if row.external_id is not None else set()
    return new


def tidy_text(said: str) -> str:
    """What PostgreSQL can compare with."""
    return said.replace("\0", "").encode(errors="replace").decode()
