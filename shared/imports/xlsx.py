"""An XLSX as CSV: `python -m shared.imports.xlsx FROM TO`. A process of its own, which gives its memory back by ending.

Exit code 2: it is no workbook, or too large a one; why is said on stderr.
"""

import csv
import resource
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

MAGIC = b"PK\x03\x04"
MOST_ROWS = 500_000
MOST_UNPACKED = 1_000_000_000  # bytes
MOST_PARTS = 5_000
MEMORY = 4_000_000_000  # bytes of addresses
NO_WORKBOOK = 2


class Refused(Exception):
    """Why it is not read."""


def check(path: Path) -> None:
    """Looks into the zip's directory only: what is packed there is not unpacked before we know how much it is."""
    try:
        with zipfile.ZipFile(path) as packed:
            parts = packed.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as failure:
        raise Refused("This is no XLSX file.") from failure
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise Refused("The workbook is too large: at most 1 GB unpacked.")


def rows(path: Path) -> Iterator[list[str]]:
    """Of the first sheet, from its row 1 on."""
    try:
        sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
    except (CalamineError, IndexError, OSError) as failure:
        raise Refused("This is no XLSX file that we can read.") from failure
    if sheet.total_height > MOST_ROWS + 1:
        raise Refused(f"At most {MOST_ROWS} rows, please.")
    for row in sheet.iter_rows():
        yield [text_of(cell) for cell in row]


def text_of(cell: object) -> str:
    """As it would stand in a CSV."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return str(cell)


def main(source: Path, target: Path) -> None:
    check(source)
    with target.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows(rows(source))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except (Refused, MemoryError) as refused:
        sys.stderr.write(str(refused) or "The workbook is too large.")
        sys.exit(NO_WORKBOOK)
