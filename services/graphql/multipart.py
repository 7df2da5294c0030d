"""The file in a request's body, piece by piece as it comes: multipart with a part that has a file name, or bare."""

from collections.abc import AsyncIterator
from email.message import Message
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

LARGEST_FIELD = 10_000  # bytes of all other parts together
UNNAMED = "import.csv"


class BadBody(Exception):
    """The body is not what its headers say; a sentence for programmers."""


class Upload:
    """`file_name` and `fields` are whole once all of `pieces` have come."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self.file_name = UNNAMED
        self.fields: dict[str, str] = {}

    async def pieces(self) -> AsyncIterator[bytes]:
        """Raises BadBody."""
        kind, options = parse_options_header(self._request.headers.get("content-type", ""))
        if kind != b"multipart/form-data":
            self.file_name = name_in(self._request.headers.get("content-disposition", "")) or UNNAMED
            async for piece in self._request.stream():
                yield piece
            return
        parts = _Parts()
        try:
            parser = MultipartParser(options.get(b"boundary", b""), parts.callbacks())
            async for piece in self._request.stream():
                parser.write(piece)
                yield parts.taken()
            parser.finalize()
        except FormParserError as failure:
            raise BadBody("The body is no multipart form.") from failure
        if not parts.had_file:
            raise BadBody("There is no part with a file in it.")
        self.file_name, self.fields = parts.file_name or UNNAMED, parts.fields()


class _Parts:
    """What the parser tells of."""

    def __init__(self) -> None:
        self.had_file = False
        self.file_name: str | None = None
        self._header = bytearray(), bytearray()
        self._disposition = ""
        self._in_file = False
        self._file = bytearray()
        self._fields: dict[str, bytearray] = {}
        self._name = ""

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda body, start, end: self._header[0].extend(body[start:end]),
            "on_header_value": lambda body, start, end: self._header[1].extend(body[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._begin_data,
            "on_part_data": self._data,
        }

    def taken(self) -> bytes:
        """What came of the file since the last time."""
        body, self._file = bytes(self._file), bytearray()
        return body

    def fields(self) -> dict[str, str]:
        return {name: body.decode(errors="replace") for name, body in self._fields.items()}

    def _begin(self) -> None:
        self._header, self._disposition, self._in_file = (bytearray(), bytearray()), "", False

    def _end_header(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            self._disposition = value.decode(errors="replace")
        self._header = bytearray(), bytearray()

    def _begin_data(self) -> None:
        said = Message()
        said["content-disposition"] = self._disposition
        self._name = str(said.get_param("name", "", "content-disposition"))
        file_name = name_in(self._disposition)
        self._in_file = not self.had_file and (file_name is not None or self._name == "file")
        if self._in_file:
            self.had_file, self.file_name = True, file_name
        else:
            self._fields[self._name] = bytearray()

    def _data(self, body: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._file += body[start:end]
            return
        if sum(map(len, self._fields.values())) + end - start > LARGEST_FIELD:
            raise BadBody("The form's other parts are too large.")
        self._fields[self._name] += body[start:end]


def name_in(disposition: str) -> str | None:
    """The file's name, without its folder."""
    said = Message()
    said["content-disposition"] = disposition.replace("\r", "").replace("\n", "")
    name = said.get_filename()
    return name.replace("\\", "/").rsplit("/", 1)[-1] or None if name else None
