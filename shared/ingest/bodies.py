"""Reads the bodies that services and forms post, as forms or JSON: the fields in the order they came, and their tree.

What is too deep, too much or too long to look at, and bytes that are no text, are refused, never half read.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes

from python_multipart import FormParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field as PartField
from python_multipart.multipart import File

from shared.errors import Sentence
from shared.ingest.model import InboxState, NotALead, Request

MOST_FIELDS = 1_000
DEEPEST = 10  # names within a name: callDetails[historyData][0][waitsec] is 4 deep
LONGEST_TEXT = 100_000  # characters of one field: nobody writes more
LONGEST_RAW = 10_000  # characters of a body that is shown as it is
CHARSETS = frozenset({"utf-8", "windows-1251", "koi8-u", "koi8-r", "iso-8859-1"})
BRACKETS = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])+)")

TOO_MANY_FIELDS = Sentence(f"The request has more than {MOST_FIELDS} fields.", f"У запиті понад {MOST_FIELDS} полів.")
TOO_DEEP = Sentence(
    f"The request's fields are nested more than {DEEPEST} deep.",
    f"Поля запиту вкладено глибше ніж на {DEEPEST} рівнів.",
)
TOO_LONG = Sentence(
    f"A field of the request has more than {LONGEST_TEXT} characters.",
    f"У запиті є поле, довше за {LONGEST_TEXT} символів.",
)
NO_TEXT = Sentence(
    "The request holds bytes or characters that are no text.", "У запиті є байти або символи, які не є текстом."
)
UNREADABLE = Sentence("The request's body cannot be read as a form.", "Тіло запиту не читається як форма.")
NO_JSON = Sentence("The request's body is no JSON object.", "Тіло запиту не є об'єктом JSON.")

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Field:
    """A field as it was sent: its name as it is written, the names that it is made of, and a value without a tree."""

    name: str
    path: Sequence[str]
    value: Any


@dataclass(frozen=True, slots=True)
class Body:
    """What a request says: the tree of its fields, and the fields one by one."""

    payload: dict[str, Any]
    fields: list[Field]


def read(request: Request) -> Body:
    """Whatever a body is. Raises NotALead when it cannot be read, or holds too much."""
    if not _is_json(request):
        pairs = read_form(request)
        return Body(nest(pairs, request), [Field(name, path_of(name), value) for name, value in pairs])
    return body_of(read_json(request))


def body_of(payload: dict[str, Any]) -> Body:
    """A tree of JSON, with its fields as a form would spell them."""
    return Body(payload, list(_leaves(payload, ())))


def read_json(request: Request) -> dict[str, Any]:
    """A JSON object; its numbers are exact, however long. Raises NotALead."""
    try:
        value = json.loads(request.body.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise refused("NO_TEXT", NO_TEXT, request) from None
    except RecursionError:
        raise refused("TOO_DEEP", TOO_DEEP, request) from None
    except ValueError:
        raise refused("UNREADABLE", NO_JSON, request) from None
    if not isinstance(value, dict):
        raise refused("UNREADABLE", NO_JSON, request)
    _check(value, request)
    return value


def read_form(request: Request) -> Pairs:
    """The fields of a form post, urlencoded or multipart; of a file, its name. Raises NotALead."""
    kind = _content_type(request)
    charset = str(kind.get_param("charset", "utf-8")).lower()
    charset = charset if charset in CHARSETS else "utf-8"
    multipart = kind.get_content_type() == "multipart/form-data"
    raw_pairs = _multipart(request, kind) if multipart else _urlencoded(request)
    try:
        pairs = [(name.decode(charset), value.decode(charset)) for name, value in raw_pairs]
    except UnicodeDecodeError:
        raise refused("NO_TEXT", NO_TEXT, request) from None
    for text in (text for pair in pairs for text in pair):
        _check_text(text, request)
    return pairs


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
    text = request.body[: 4 * LONGEST_RAW].decode(errors="replace").replace("\0", "\ufffd")
    return {"body": text[:LONGEST_RAW]}


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


def _urlencoded(request: Request) -> list[tuple[bytes, bytes]]:
    if request.body.count(b"&") >= MOST_FIELDS:
        raise refused("TOO_MANY_FIELDS", TOO_MANY_FIELDS, request)
    pairs = []
    for field in request.body.split(b"&"):
        name, _, value = field.partition(b"=")
        if name or value:
            pairs.append((_unquoted(name), _unquoted(value)))
    return pairs


def _multipart(request: Request, kind: Message) -> list[tuple[bytes, bytes]]:
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


def _is_json(request: Request) -> bool:
    """By what it is called, or, called nothing that we know, by how it begins."""
    kind = _content_type(request).get_content_type()
    if kind == "multipart/form-data" or kind == "application/x-www-form-urlencoded":
        return False
    return kind == "application/json" or kind.endswith("+json") or request.body.lstrip()[:1] == b"{"


def _refuse_constant(said: str) -> NoReturn:
    raise ValueError(f"{said} is no JSON.")


def _check(value: dict[str, Any], request: Request) -> None:
    """Level by level, so that no depth is too deep to look at."""
    level: list[dict[str, Any] | list[Any]] = [value]
    count = 0
    for _ in range(DEEPEST):
        below: list[Any] = []
        for inner in level:
            below += inner.values() if isinstance(inner, dict) else inner
            for name in inner if isinstance(inner, dict) else ():
                _check_text(name, request)
        count += len(below)
        if count > MOST_FIELDS:
            raise refused("TOO_MANY_FIELDS", TOO_MANY_FIELDS, request)
        for one in below:
            if isinstance(one, str):
                _check_text(one, request)
            elif isinstance(one, float) and not math.isfinite(one):  # 1e999
                raise refused("UNREADABLE", NO_JSON, request)
        level = [one for one in below if isinstance(one, dict | list)]
        if not level:
            return
    raise refused("TOO_DEEP", TOO_DEEP, request)


def _check_text(text: str, request: Request) -> None:
    if len(text) > LONGEST_TEXT:
        raise refused("TOO_LONG", TOO_LONG, request)
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        raise refused("NO_TEXT", NO_TEXT, request) from None
    if "\0" in text:
        raise refused("NO_TEXT", NO_TEXT, request)


def _leaves(value: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[Field]:
    """A list of plain values is one field."""
    for name, inner in value.items():
        path = (*above, name)
        if isinstance(inner, list) and any(isinstance(one, dict | list) for one in inner):
            inner = {str(number): one for number, one in enumerate(inner)}  # noqa: PLW2901  # as forms spell lists
        if isinstance(inner, dict):
            yield from _leaves(inner, path)
        elif inner is not None and inner != []:
            yield Field(path[0] + "".join(f"[{part}]" for part in path[1:]), path, inner)
