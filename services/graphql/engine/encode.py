"""How an answer becomes JSON: once, by orjson, from plain dicts.

Instants and dates stay what they are until then, for orjson writes them several times quicker than Python makes texts.
"""

from datetime import UTC, date, datetime
from typing import Any

import orjson


def encode(body: Any) -> bytes:
    """An answer as the wire carries it. Its instants end in Z."""
    return orjson.dumps(body, option=orjson.OPT_UTC_Z)


def instant(value: object) -> object:
    """A scalar's output that is an instant (RFC 3339), always in UTC; a text is one already."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return _text(value, "an instant")


def day(value: object) -> object:
    """A scalar's output that is a date (ISO 8601); a text is one already."""
    if type(value) is date:
        return value
    return _text(value, "a date")


def _text(value: object, meant: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not {meant}.")
    return value
