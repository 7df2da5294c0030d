"""Reads the bodies that services and forms post, as forms or JSON: the fields in the order they came, and their tree.

What is too deep, too much or too long to look at, and bytes that are no text, are refused, never half read.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from shared.ingest.encodings import content_type, multipart, urlencoded
from shared.ingest.model import Request
from shared.ingest.unreadable import (
    DEEPEST,
    LONGEST_TEXT,
    MOST_FIELDS,
    NO_JSON,
    NO_TEXT,
    TOO_DEEP,
    TOO_LONG,
    TOO_MANY_FIELDS,
    refused,
)

CHARSETS = frozenset({"utf-8", "windows-1251", "koi8-u", "koi8-r", "iso-8859-1"})
BRACKETS = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])+)")

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
    kind = content_type(request)
    charset = str(kind.get_param("charset", "utf-8")).lower()
    charset = charset if charset in CHARSETS else "utf-8"
    in_parts = kind.get_content_type() == "multipart/form-data"
    raw_pairs = multipart(request, kind) if in_parts else urlencoded(request)
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


def _is_json(request: Request) -> bool:
    """By what it is called, or, called nothing that we know, by how it begins."""
    kind = content_type(request).get_content_type()
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
