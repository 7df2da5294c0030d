"""A workbook becomes a CSV, once."""

import asyncio
import sys
import tempfile
from pathlib import Path
from signal import SIGABRT

from shared.db import JOB
from shared.imports import sql, xlsx
from shared.imports.commands import CHUNK
from shared.imports.file import File
from shared.imports.model import ImportState, UnreadableFile

CONVERSION = 15.0  # seconds
LARGEST_TABLE = 300_000_000  # bytes as CSV


async def unpack(file: File) -> None:
    """Put the CSV in the workbook's place. Raises UnreadableFile."""
    with tempfile.TemporaryDirectory(prefix="voronka-import-") as folder:
        workbook, table = Path(folder, "workbook"), Path(folder, "table")
        number = 0
        while (piece := await file.chunk(number)) is not None:
            await asyncio.to_thread(_append, workbook, piece)
            number += 1
        await convert(workbook, table)
        async with file.db.transaction(file.account_id, limits=JOB) as tx:
            held = await sql.lock_import(tx, file.import_id)
            if held is None or held.state is not ImportState.QUEUED:
                return
            await sql.delete_chunks(tx, file.import_id)
            number = 0
            while body := await asyncio.to_thread(_piece, table, number):
                await sql.insert_chunk(tx, file.import_id, number, body)
                number += 1


async def convert(workbook: Path, table: Path) -> None:
    """In a process of its own, which ends. Raises UnreadableFile."""
    command = [sys.executable, "-P", xlsx.__file__, str(workbook), str(table), str(LARGEST_TABLE)]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    try:
        async with asyncio.timeout(CONVERSION):
            _, said = await process.communicate()
    except TimeoutError:
        raise UnreadableFile("The workbook takes too long to read.") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == xlsx.NO_WORKBOOK:
        raise UnreadableFile(said.decode(errors="replace"))
    if process.returncode == -SIGABRT:  # how its parser ends when there is no memory for what the file describes
        raise UnreadableFile(xlsx.TOO_LARGE)
    if process.returncode != 0:
        raise RuntimeError(f"The workbook's reader ended with {process.returncode}: {said[-500:]!r}")


def _append(path: Path, body: bytes) -> None:
    with path.open("ab") as out:
        out.write(body)


def _piece(path: Path, number: int) -> bytes:
    with path.open("rb") as table:
        table.seek(number * CHUNK)
        return table.read(CHUNK)
