"""A source's mapping: our fields, and custom ones, as JMESPath expressions over what was sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jmespath
import orjson
from jmespath.exceptions import JMESPathError

from shared.ingest.model import Said

OURS = frozenset({"title", "contact.name", "contact.phone", "contact.email", "amount", "assignee", "externalId"})


@dataclass(frozen=True, slots=True)
class Found:
    """What a mapping found: texts for our fields, values for the others."""

    said: dict[str, Said] = field(default_factory=dict)
    others: dict[str, Any] = field(default_factory=dict)


def apply(mapping: Mapping[str, Any], payload: Mapping[str, Any]) -> Found:
    """What an expression does not find, or cannot be asked of this payload, is left out."""
    found = Found()
    for key, expression in mapping.items():
        compiled = jmespath.compile(expression)
        try:
            value = compiled.search(payload)
        except (JMESPathError, RecursionError):
            value = None
        if value is None or value == "":
            continue
        if key not in OURS:
            found.others[key] = value
        elif text := text_of(value).strip():
            found.said[key] = Said(key, text)
    return found


def named(found: Found, *others: str) -> tuple[str, ...]:
    """How who has the lead is called: as the mapping says, or else as its service does."""
    said = found.said.get("assignee")
    return tuple(name for name in (said.text if said else "", *others) if name)


def text_of(value: Any) -> str:
    """A text as it is, a number as it is written, of a list the first that says something."""
    if isinstance(value, list):
        return next((text for inner in value if (text := text_of(inner))), "")
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return orjson.dumps(value).decode()
    return "" if value is None or isinstance(value, bool) else f"{value}"
