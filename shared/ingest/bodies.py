"""Reads the bodies that services and forms post: fields in the order they came, and the tree that their names spell.

Bytes that are no text of the body's charset become U+FFFD, as does NUL, which PostgreSQL cannot hold. What is too
deep or too much to look at is refused, never half read.
"""

import re
from collections.abc import Mapping, Sequence
from email.message import Message
from typing import Any
from urllib.parse import unquote_to_bytes

from python_multipart import FormParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File

from shared.errors import Sentence
from shared.ingest.model import InboxState, NotALead, Request

MOST_FIELDS = 1_000
DEEPEST = 10  # names within a name: callDetails[historyData][0][waitsec] is 4 deep
LONGEST_RAW = 10_000  # characters of a body that is shown as it is
CHARSETS = frozenset({"utf-8", "windows-1251", "koi8-u", "koi8-r", "iso-8859-1"})
BRACKETS = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])+)")

TOO_MANY_FIELDS = Sentence(f"The request has more than {MOST_FIELDS} fields.", f"У запиті понад {MOST_FIELDS} полів.")
TOO_DEEP = Sentence(
    f"The names of the request's fields are nested more than {DEEPEST} deep.",
    f"Назви полів запиту вкладено глибше ніж на {DEEPEST} рівнів.",
)
UNREADABLE = Sentence("The request's body cannot be read as a form.", "Тіло запиту не читається як форма.")

Pairs = list[tuple[str, str]]


def read_form(request: Request) -> Pairs:
    """The fields of a form post, urlencoded or multipart; of a file, its name.

    Raises NotALead when it cannot be read or has too many fields.
    """
    kind = _content_type(request)
    charset = str(kind.get_param("charset", "utf-8")).lower()
    charset = charset if charset in CHARSETS else "utf-8"
    if kind.get_content_type() == "multipart/form-data":
        return [(_text(name, charset), _text(value, charset)) for name, value in _multipart(request, kind)]
    return _urlencoded(request, charset)


def nest(pairs: Pairs, request: Request) -> dict[str, Any]:
    """The tree that names with brackets spell, as PHP reads them: `a[b][0]=c` is {"a": {"b": {"0": "c"}}}.

    A name that comes again makes a list. Raises NotALead when the names are nested too deep.
    """
    tree: dict[str, Any] = {}
    for name, value in pairs:
        parts = path_of(name)
        if len(parts) > DEEPEST:
            raise refused("TOO_DEEP", TOO_DEEP, request)
        _put(tree, parts, value)
    return tree


def path_of(name: str) -> Sequence[str]:
    """The parts of a name: callDetails[employeeData][email] has three. Other brackets are part of a plain name."""
    spelled = BRACKETS.fullmatch(name)
    return [name] if spelled is None else [spelled[1], *spelled[2][1:-1].split("][")]


def raw(request: Request) -> Mapping[str, str]:
    """A body that could not be read, to look at."""
    return {"body": _text(request.body[: 4 * LONGEST_RAW], "utf-8")[:LONGEST_RAW]}


def refused(code: str, sentence: Sentence, request: Request) -> NotALead:
    """The whole request is REJECTED; its body is shown as it came."""
    return NotALead(InboxState.REJECTED, code, sentence, raw(request))


def _put(tree: dict[str, Any], parts: Sequence[str], value: str) -> None:
    for part in parts[:-1]:
        inner = tree.setdefault(_or_next(part, tree), {})
        if not isinstance(inner, dict):  # a name that is both a text and a parent keeps the text under no name
            inner = tree[part] = {"": inner}
        tree = inner
    _add(tree, _or_next(parts[-1], tree), value)


def _add(tree: dict[str, Any], name: str, value: str) -> None:
    kept = tree.get(name)
    if isinstance(kept, dict):
        _add(kept, "", value)
    elif kept is None:
        tree[name] = value
    else:
        tree[name] = [*kept, value] if isinstance(kept, list) else [kept, value]


def _or_next(part: str, tree: Mapping[str, Any]) -> str:
    """`a[]` stands for the next number."""
    return part or str(len(tree))


def _content_type(request: Request) -> Message:
    kind = Message()
    kind["content-type"] = request.headers.get("content-type", "")
    return kind


def _urlencoded(request: Request, charset: str) -> Pairs:
    if request.body.count(b"&") >= MOST_FIELDS:
        raise refused("TOO_MANY_FIELDS", TOO_MANY_FIELDS, request)
    pairs = []
    for field in request.body.split(b"&"):
        name, _, value = field.partition(b"=")
        if name or value:
            pairs.append((_unquoted(name, charset), _unquoted(value, charset)))
    return pairs


def _multipart(request: Request, kind: Message) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []

    def on_field(field: Field) -> None:
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


def _unquoted(part: bytes, charset: str) -> str:
    return _text(unquote_to_bytes(part.replace(b"+", b" ")), charset)


def _text(value: bytes, charset: str) -> str:
    return value.decode(charset, errors="replace").replace("\0", "\ufffd")
