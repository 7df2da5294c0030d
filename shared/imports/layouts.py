"""How a CSV is written, guessed from its beginning: the encoding, what stands between cells, the header."""

import codecs
import csv

from shared.imports.model import Layout, UnreadableFile
from shared.imports.records import Records, escapes

MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
DELIMITERS = ",;\t"
MOST_COLUMNS = 500


def layout_of(beginning: bytes) -> Layout:
    """Raises UnreadableFile when there is no header."""
    encoding, start = _encoding(beginning)
    text = beginning[start:].decode(encoding, "replace")
    first = next((line for line in text.split("\n") if line.strip()), "")
    delimiter = max(DELIMITERS, key=lambda one: _cells(first, one))
    records = Records(encoding, delimiter, start)
    header = next(records.feed(beginning[start:], last=True), None)
    if header is None or not header.cells or header.is_blank or len(header.cells) > MOST_COLUMNS:
        raise UnreadableFile("The first row must name the columns.")
    names = [name.encode(errors="replace").decode().replace("\0", "") for name in header.cells]
    return Layout(encoding, delimiter, start, tuple(name.strip() for name in names))


def _encoding(beginning: bytes) -> tuple[str, int]:
    """The encoding, and how long the byte-order mark is. What is no UTF-8 is Windows-1251."""
    for mark, encoding in MARKS:
        if beginning.startswith(mark):
            return encoding, len(mark)
    text = beginning.decode("utf-8", escapes("utf-8"))
    bad = sum("\ud800" <= char <= "\udfff" for char in text)
    good = sum(char > "\x7f" for char in text) - bad
    # The piece may end within a character; and a few broken rows do not make it another encoding.
    return ("utf-8", 0) if bad <= 3 or bad * 10 < good else ("cp1251", 0)


def _cells(line: str, delimiter: str) -> int:
    return max((len(row) for row in csv.reader([line], delimiter=delimiter)), default=0)
