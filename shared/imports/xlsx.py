"""An XLSX as CSV: `python xlsx.py FROM TO LARGEST`. A process of its own, which gives its memory back by ending.

It imports nothing of ours, and is there at once. LARGEST: how many bytes the CSV may take.
Exit code 2: it is no workbook, or too large a one; why is said on stderr.
"""

import csv
import errno
import resource
import struct
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

MAGIC = b"PK\x03\x04"
OLD_MAGIC = b"\xd0\xcf\x11\xe0"  # XLS, and an XLSX that needs a password
MOST_ROWS = 500_000
MOST_UNPACKED = 1_000_000_000  # bytes
MOST_PARTS = 5_000
MEMORY = 4_000_000_000  # bytes of addresses
NO_WORKBOOK = 2
TOO_LARGE = "The workbook is too large."


class Refused(Exception):
    """Why it is not read."""


def check(path: Path) -> None:
    """Looks into the zip's directory only: what is packed there is not unpacked before we know how much it is."""
    try:
        with zipfile.ZipFile(path) as packed:
            parts = packed.infolist()
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, struct.error) as failure:
        raise Refused("This is no XLSX file.") from failure
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise Refused("The workbook is too large: at most 1 GB unpacked.")


def rows(path: Path) -> Iterator[list[str]]:
    """Of the first sheet, from its row 1 on."""
    try:
        sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
    except (CalamineError, IndexError, OSError) as failure:
        raise Refused("This is no XLSX file that we can read.") from failure
    if sheet.end is not None and sheet.end[0] > MOST_ROWS:  # counted from 0, the header's row
        raise Refused(f"At most {MOST_ROWS} rows, please.")
    for row in sheet.iter_rows():
        yield [text_of(cell) for cell in row]


def text_of(cell: object) -> str:
    """As it would stand in a CSV."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return format(Decimal(f"{cell:.15g}"), "f")  # as many digits as a spreadsheet shows
    if isinstance(cell, timedelta):
        minutes, seconds = divmod(round(cell.total_seconds()), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    # Spreadsheets write \r as _x000D_; `csv` leaves it without quotes, and cannot read it again.
    return str(cell).replace("\r\n", "\n").replace("\r", "\n")


def main(source: Path, target: Path) -> None:
    check(source)
    with target.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows(rows(source))


if __name__ == "__main__":
    workbook, table, largest = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(largest), int(largest)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        main(Path(workbook), Path(table))
    except (Refused, MemoryError) as refused:
        sys.stderr.write(str(refused) or TOO_LARGE)
        sys.exit(NO_WORKBOOK)
    except OSError as failure:
        if failure.errno != errno.EFBIG:
            raise
        sys.stderr.write(TOO_LARGE)
        sys.exit(NO_WORKBOOK)
