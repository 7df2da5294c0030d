"""How a CSV is written, guessed from its beginning: the encoding, what ends lines and stands between cells, the header."""

import codecs
import csv
import re

from shared.imports.model import Layout, UnreadableFile
from shared.imports.records import Records, escapes

MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
DELIMITERS = ",;\t"
MOST_COLUMNS = 500
SAYS_SO = re.compile("sep=(.)", re.IGNORECASE)  # a line that spreadsheets put first, for each other
LOOKED_AT = 4_096  # bytes
BAD = re.compile("[\ud800-\udfff]")
GOOD = re.compile("[^\x00-\x7f\ud800-\udfff]")


def layout_of(beginning: bytes) -> Layout:
    """Raises UnreadableFile when there is no header."""
    encoding, start = _encoding(beginning)
    text = beginning[start:].decode(encoding, "replace")
    line_end = "\n" if "\n" in text or "\r" not in text else "\r"  # as spreadsheets of the first Macs did
    lines = [line for line in text.split(line_end) if line.strip()][:2]
    says_so = SAYS_SO.fullmatch(lines[0].strip()) if lines else None
    delimiter = says_so[1] if says_so else max(DELIMITERS, key=lambda one: _cells(lines[0] if lines else "", one))
    records = Records(encoding, delimiter, start, line_end).feed(beginning[start:], last=True)
    for row, record in enumerate(records, start=1):
        if record.cells is None or len(record.cells) > MOST_COLUMNS:
            break
        if not record.is_blank and not SAYS_SO.fullmatch(delimiter.join(record.cells).strip()):
            names = [name.encode(errors="replace").decode().replace("\0", "") for name in record.cells]
            return Layout(
                encoding, delimiter, start, tuple(name.strip() for name in names), line_end, row, 2 if says_so else 1
            )
    raise UnreadableFile("The first row must name the columns.")


def _encoding(beginning: bytes) -> tuple[str, int]:
    """The encoding, and how long the byte-order mark is. What is no UTF-8 is Windows-1251."""
    for mark, encoding in MARKS:
        if beginning.startswith(mark):
            return encoding, len(mark)
    if b"\0" in beginning[:LOOKED_AT] and (encoding := _utf_16(beginning[:LOOKED_AT])):
        return encoding, 0
    text = beginning.decode("utf-8", escapes("utf-8"))
    bad = len(BAD.findall(text))
    # The piece may end within a character; and a few broken rows do not make it another encoding.
    return ("utf-8", 0) if bad <= 3 or bad * 10 < len(GOOD.findall(text)) else ("cp1251", 0)


def _utf_16(beginning: bytes) -> str:
    """UTF-16 without a mark: every other byte is one of few, for our languages take few pages of Unicode; or ''."""
    first, second = (beginning[at::2].translate(None, b"\0\x04\x20\x21") for at in (0, 1))
    few = len(beginning) // 20
    if len(second) <= few < len(first):
        return "utf-16-le"
    return "utf-16-be" if len(first) <= few < len(second) else ""


def _cells(line: str, delimiter: str) -> int:
    try:
        return max((len(row) for row in csv.reader([line], delimiter=delimiter)), default=0)
    except csv.Error:
        return 0
