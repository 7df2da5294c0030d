"""An import's file as it lies in the database: read piece by piece, each in a short transaction."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from shared.db import JOB, Database
from shared.imports import sql
from shared.imports.commands import CHUNK, end
from shared.imports.model import Import, ImportState, Layout
from shared.imports.records import Record, Records


@dataclass(frozen=True, slots=True)
class File:
    """An import's file in the database, and short transactions of its account."""

    db: Database
    account_id: UUID
    import_id: UUID

    async def seen(self) -> Import:
        async with self.db.reading(self.account_id, limits=JOB) as tx:
            (found,) = await sql.select_imports(tx, [self.import_id], None)
        return found

    async def chunk(self, number: int) -> bytes | None:
        async with self.db.reading(self.account_id, limits=JOB) as tx:
            return await sql.select_chunk(tx, self.import_id, number)

    async def fail(self) -> None:
        async with self.db.transaction(self.account_id, limits=JOB) as tx:
            held = await sql.lock_import(tx, self.import_id)
            if held is not None and not held.state.is_over:
                await end(tx, self.import_id, ImportState.FAILED)

    async def records(self, layout: Layout, start: int) -> AsyncIterator[list[Record]]:
        """Those that end in a piece of the file, piece by piece, from that byte on, which is a record's first one."""
        records = Records(layout.encoding, layout.delimiter, start, layout.line_end)
        number = start // CHUNK
        piece = await self.chunk(number)
        skip = start % CHUNK
        while piece is not None:
            following = await self.chunk(number + 1) if len(piece) == CHUNK else None
            yield await asyncio.to_thread(records.feed, piece[skip:], last=following is None)
            piece, number, skip = following, number + 1, 0
