"""Records of a CSV whose bytes come in pieces: from any record's first byte on, a few kilobytes at a time.

Where a record ends is known to the byte, so that whoever goes on later begins there. One that cannot be read, such as
one whose quotes never end, is told as such and costs its first line only: the lines after it are read as their own.
"""

import codecs
import csv
from collections import deque
from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

MOST_LINES = 200  # of one record
LONGEST_RECORD = 100_000  # characters
QUOTE = '"'


class Record(NamedTuple):
    """`cells` is None when it cannot be read; `text`: how it begins then. `end`: the byte after it."""

    cells: list[str] | None
    text: str
    end: int

    @property
    def is_blank(self) -> bool:
        return self.cells is not None and not "".join(self.cells).strip()


class Records:
    """Feed it what comes, and take the records that are whole. `line_end`: what ends a line."""

    def __init__(self, encoding: str, delimiter: str, start: int, line_end: str = "\n") -> None:
        self._encoding = encoding
        self._escapes = escapes(encoding)
        self._delimiter = delimiter
        self._line_end = line_end
        self._decoder = codecs.getincrementaldecoder(encoding)(self._escapes)
        self._lines: deque[str] = deque()
        self._rest: list[str] = []  # the beginning of a line whose end has not come
        self._at = start
        self._ended = False

    def feed(self, piece: bytes, *, last: bool) -> list[Record]:
        """The records that end in what has come so far."""
        *lines, rest = self._decoder.decode(piece, last).split(self._line_end)
        for line in lines:
            self._rest.append(line)
            self._lines.append("".join(self._rest) + self._line_end)
            self._rest = []
        self._rest.append(rest)
        if last and any(self._rest):
            self._lines.append("".join(self._rest))
        self._ended = last
        found: list[Record] = []
        while self._lines:
            plain = list(takewhile(_is_plain, self._lines))
            if plain:
                found += self._plain(plain)
            else:
                taken = self._take()
                if taken is None:
                    break
                found.append(taken)
        return found

    def _plain(self, lines: Sequence[str]) -> list[Record]:
        """Lines that are a record each: most of most files."""
        try:
            rows = list(csv.reader(lines, delimiter=self._delimiter, strict=True))
        except csv.Error:
            rows = []
        if len(rows) != len(lines):  # one of them is bad
            return [self._done(1, self._parse([line])) for line in lines]
        found, at = [], self._at
        for line, cells in zip(lines, rows, strict=True):
            at += self._size(line)
            found.append(Record(cells, "", at))
            self._lines.popleft()
        self._at = at
        return found

    def _take(self) -> Record | None:
        """The next record, which has quotes; None when its end has not come."""
        first = self._lines[0]
        alone = self._parse([first])
        if alone is not None:
            return self._done(1, alone)
        lines: list[str] = []
        length, is_open = 0, False
        for line in self._lines:
            lines.append(line)
            length += len(line)
            if len(lines) > MOST_LINES or length > LONGEST_RECORD:
                return self._done(1, None)
            is_open ^= bool(line.count(QUOTE) % 2)  # a quote that has begun goes on in the next line
            if not is_open:
                cells = self._parse(lines)
                return self._done(len(lines) if cells is not None else 1, cells)
        return self._done(1, None) if self._ended else None

    def _parse(self, lines: list[str]) -> list[str] | None:
        try:
            rows = list(csv.reader(lines, delimiter=self._delimiter, strict=True))
        except csv.Error:
            return None
        return rows[0] if len(rows) == 1 else None

    def _done(self, count: int, cells: list[str] | None) -> Record:
        lines = [self._lines.popleft() for _ in range(count)]
        self._at += sum(self._size(line) for line in lines)
        return Record(cells, "" if cells is not None else lines[0][:1_000].rstrip("\r\n"), self._at)

    def _size(self, line: str) -> int:
        return len(line.encode(self._encoding, self._escapes))


def _is_plain(line: str) -> bool:
    return QUOTE not in line


def escapes(encoding: str) -> str:
    """How bytes that are no text are kept, so that they turn back into the same bytes."""
    return "surrogatepass" if encoding.startswith("utf-16") else "surrogateescape"
