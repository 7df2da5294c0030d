"""How a form is encoded in a body: as in an address, or in parts. Its fields as bytes; of a file, its name."""

from email.message import Message
from urllib.parse import unquote_to_bytes

from python_multipart import FormParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field as PartField
from python_multipart.multipart import File

from shared.ingest.model import Request
from shared.ingest.unreadable import MOST_FIELDS, TOO_MANY_FIELDS, UNREADABLE, refused


def content_type(request: Request) -> Message:
    kind = Message()
    kind["content-type"] = request.headers.get("content-type", "")
    return kind


def urlencoded(request: Request) -> list[tuple[bytes, bytes]]:
    if request.body.count(b"&") >= MOST_FIELDS:
        raise refused("TOO_MANY_FIELDS", TOO_MANY_FIELDS, request)
    pairs = []
    for field in request.body.split(b"&"):
        name, _, value = field.partition(b"=")
        if name or value:
            pairs.append((_unquoted(name), _unquoted(value)))
    return pairs


def multipart(request: Request, kind: Message) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []

    def on_field(field: PartField) -> None:
        found.append((field.field_name or b"", field.value or b""))

    def on_file(file: File) -> None:
        found.append((file.field_name or b"", file.file_name or b""))
        file.close()

    boundary = kind.get_param("boundary")
    if not isinstance(boundary, str) or not boundary or not boundary.isascii():
        raise refused("UNREADABLE", UNREADABLE, request)
    if request.body.count(f"--{boundary}".encode()) > MOST_FIELDS + 1:
        raise refused("TOO_MANY_FIELDS", TOO_MANY_FIELDS, request)
    try:
        parser = FormParser("multipart/form-data", on_field, on_file, boundary=boundary)
        parser.write(request.body)
        parser.finalize()
    except (FormParserError, ValueError) as wrong:
        raise refused("UNREADABLE", UNREADABLE, request) from wrong
    return found


def _unquoted(part: bytes) -> bytes:
    return unquote_to_bytes(part.replace(b"+", b" "))
