"""What a client may write of sources and the inbox."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions

from shared import ids
from shared.errors import Sentence
from shared.forms import NEEDED, NOT_NULL, Form
from shared.ingest.model import Assignment, SourceKind

SECRET_TOO_SHORT = Sentence("A secret has 16 to 200 characters.", "Секрет має від 16 до 200 символів.")
NO_TOKEN = Sentence("A token has 1 to 1,000 ASCII characters.", "Токен має від 1 до 1000 символів ASCII.")
NO_EXPRESSION = Sentence(
    "This is no JMESPath expression of at most 500 characters, such as client.phone.",
    "Це не вираз JMESPath до 500 символів, приклад: client.phone.",
)
NO_FIELD = Sentence("Name the field that the expression is for.", "Назвіть поле, для якого цей вираз.")
SHORTEST_SECRET, LONGEST_SECRET = 16, 200
LONGEST_TOKEN = 1_000
LONGEST_EXPRESSION = 500
MOST_REPLAYED = 500


@dataclass(frozen=True, slots=True)
class NewSource:
    """`secret`: chosen by whoever sets the source up; None: we make one."""

    name: str
    kind: SourceKind
    funnel_id: UUID
    assignee_id: UUID | None
    assignment: Assignment
    attach_to_open_deal: bool
    mapping: Mapping[str, Any]
    secret: str | None
    access_token: str | None = None

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Raises InvalidInput with all problems of form."""
        form, secret, token = Form(), given.get("secret"), given.get("access_token")
        assignee = given.get("assignee_id")
        new = cls(
            form.text(("name",), given["name"]),
            given["kind"],
            ids.read(given["funnel_id"]),
            ids.read(assignee) if assignee is not None else None,
            given.get("assignment") or Assignment.FIXED,
            given.get("attach_to_open_deal") is not False,
            read_mapping(form, given["mapping"]) if given.get("mapping") is not None else {},
            secret,
            token,
        )
        if secret is not None and not _is_plain(secret, SHORTEST_SECRET, LONGEST_SECRET):
            form.refuse(("secret",), SECRET_TOO_SHORT)
        if token is not None and not _is_plain(token, 1, LONGEST_TOKEN):
            form.refuse(("accessToken",), NO_TOKEN)
        form.check()
        return new


@dataclass(frozen=True, slots=True)
class SourceChanges:
    """What to change of a source: only what is in `fields`, by its name in `Source`."""

    source_id: UUID
    fields: Mapping[str, Any]
    rotate_secret: bool = False

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Raises InvalidInput with all problems of form."""
        form, fields = Form(), dict[str, Any]()
        for name, path in CHANGEABLE.items():
            if name not in given:
                continue
            if given[name] is None:
                form.refuse((path,), NOT_NULL)
            else:
                fields[name] = _read(form, name, given[name])
        if "rotate_secret" in given and given["rotate_secret"] is None:
            form.refuse(("rotateSecret",), NOT_NULL)
        form.check()
        return cls(ids.read(given["id"]), fields, rotate_secret=given.get("rotate_secret", False))


CHANGEABLE = {
    "name": "name",
    "funnel_id": "funnelId",
    "mapping": "mapping",
    "assignee_id": "assigneeId",
    "assignment": "assignment",
    "attach_to_open_deal": "attachToOpenDeal",
    "enabled": "enabled",
}


@dataclass(frozen=True, slots=True)
class Replay:
    """Items of the inbox that are to be taken in again."""

    item_ids: tuple[UUID, ...]

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Raises InvalidInput with all problems of form."""
        form, item_ids = Form(), [ids.read(text) for text in given["ids"]]
        if not item_ids:
            form.refuse(("ids",), NEEDED)
        form.at_most(("ids",), len(item_ids), MOST_REPLAYED)
        form.different(("ids",), item_ids)
        form.check()
        return cls(tuple(item_ids))


def read_mapping(form: Form, given: object) -> dict[str, object]:
    """Our field → JMESPath."""
    mapping = form.json_object(("mapping",), given)
    for key, expression in mapping.items():
        if not key.strip():
            form.refuse(("mapping", key), NO_FIELD)
        elif not is_expression(expression):
            form.refuse(("mapping", key), NO_EXPRESSION)
    return mapping


def is_expression(text: object) -> bool:
    """Whether a mapping may have it: JMESPath that could find something; a function that is none never does."""
    if not isinstance(text, str) or len(text) > LONGEST_EXPRESSION:
        return False
    try:
        return _knows_its_functions(jmespath.compile(text).parsed)
    except (JMESPathError, RecursionError):
        return False


def _knows_its_functions(node: Mapping[str, Any]) -> bool:
    if node["type"] == "function_expression":
        known = Functions.FUNCTION_TABLE.get(node["value"])
        if known is None:
            return False
        wanted, given = known["signature"], len(node["children"])
        if given < len(wanted) or (given > len(wanted) and not (wanted and wanted[-1].get("variadic"))):
            return False
    return all(_knows_its_functions(child) for child in node["children"] if isinstance(child, Mapping))


def _read(form: Form, name: str, value: Any) -> Any:
    if name == "name":
        return form.text(("name",), value)
    if name == "mapping":
        return read_mapping(form, value)
    return ids.read(value) if name in ("funnel_id", "assignee_id") else value


def _is_plain(text: str, least: int, most: int) -> bool:
    return least <= len(text) <= most and text.isascii() and text.isprintable()
