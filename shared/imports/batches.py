"""A file's rows, as many as a transaction takes, ready to be taken: the next ones are read while these are written."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from shared import accounts
from shared.db import JOB
from shared.deals import NewRow
from shared.imports.file import File
from shared.imports.model import Import, Reject
from shared.imports.records import Record
from shared.imports.rows import UNREADABLE, Reader, cells_of

BATCH = 500  # rows

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one piece of a file, from the byte where it begins to the one where `next_row` does."""

    funnel_id: UUID
    file_name: str
    begins: int
    ends: int
    next_row: int
    rows: list[NewRow]
    rejects: list[Reject]


async def batches(file: File, seen: Import) -> AsyncIterator[Batch]:
    """From the first row on that is not done."""
    assert seen.layout is not None
    async with file.db.reading(file.account_id, limits=JOB) as tx:
        account = await accounts.get(tx)
    reader = Reader(seen.funnel_id, seen.layout.header, seen.mapping, account.country, account.currency)
    begins, row = seen.next_byte, seen.next_row
    waiting: list[Record] = []
    async for records in file.records(seen.layout, begins):
        waiting += records
        whole = len(waiting) - len(waiting) % BATCH
        for at in range(0, whole, BATCH):
            yield (batch := await _batch(file, seen, reader, begins, row, waiting[at : at + BATCH]))
            begins, row = batch.ends, batch.next_row
        del waiting[:whole]
    if waiting:
        yield await _batch(file, seen, reader, begins, row, waiting)


async def ahead(items: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """The same, each made while the one before it is used."""
    coming = asyncio.ensure_future(anext(items, None))
    try:
        while (item := await coming) is not None:
            coming = asyncio.ensure_future(anext(items, None))
            yield item
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


async def _batch(file: File, seen: Import, reader: Reader, begins: int, row: int, records: Sequence[Record]) -> Batch:
    named = reader.named(record.cells for record in records if record.cells) - reader.people.keys()
    if named:
        async with file.db.reading(file.account_id, limits=JOB) as tx:
            reader.people |= accounts.by_name(await accounts.named(tx, named))
    rows, rejects = await asyncio.to_thread(_read, reader, row, records)
    return Batch(seen.funnel_id, seen.file_name, begins, records[-1].end, row + len(records), rows, rejects)


def _read(reader: Reader, first: int, records: Sequence[Record]) -> tuple[list[NewRow], list[Reject]]:
    """Those that are rows, and those that are none; blank ones are nothing."""
    rows: list[NewRow] = []
    rejects: list[Reject] = []
    for number, record in enumerate(records, start=first):
        if record.cells is None:
            rejects.append(Reject(number, UNREADABLE, cells_of(reader.header, [record.text])))
        elif not record.is_blank:
            read = reader.read(number, record.cells)
            (rejects if isinstance(read, Reject) else rows).append(read)  # type: ignore[arg-type]
    return rows, rejects
