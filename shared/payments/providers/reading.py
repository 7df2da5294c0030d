"""Reading what providers write: a signature is over the bytes, so numbers stay as they were written."""

import hmac
import json
from typing import Any


def as_written(text: bytes | str) -> Any:
    """JSON in UTF-8 whose numbers are texts; None when it is none, or holds what no text can: halves of letters, NUL."""
    try:
        read = json.loads(
            text if isinstance(text, str) else text.decode(), parse_float=str, parse_int=str, parse_constant=str
        )
        return read if _is_text(read) else None
    except (ValueError, RecursionError):
        return None


def _is_text(value: object) -> bool:
    """Raises UnicodeEncodeError for half of a letter."""
    if isinstance(value, str):
        return b"\0" not in value.encode()
    if isinstance(value, dict):
        return all(_is_text(name) and _is_text(part) for name, part in value.items())
    return not isinstance(value, list) or all(map(_is_text, value))


def same(given: object, wanted: str) -> bool:
    """Whether it is that signature, in a time that does not tell how much of it is right."""
    return isinstance(given, str) and hmac.compare_digest(given.encode(errors="replace"), wanted.encode())


def text(value: object) -> str:
    """As it stands in what is signed: what is missing is empty."""
    return "" if value is None else str(value)
