"""Makes values from outside fit: nothing that a source sends is lost for a trifle.

What is too long is cut, control characters go, numbers that JSON cannot hold become texts.
"""

import hashlib
import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import orjson

from shared.forms import DEEPEST_JSON, LARGEST_JSON, LONGEST_NAME, phone_number

LARGEST_EXACT = 2**53 - 1  # beyond it JavaScript rounds: ids would not be what they were
LONGEST_PHONE = 100  # characters that are looked at
BLANKS = re.compile(r"\s+")
# A number at the beginning, with what people put between its digits; words after it are theirs.
NUMBER = re.compile(r"\s*(\+?[\d\s().\-\u2010-\u2015\u00a0/]*\d)")
NO_DIGITS = re.compile(r"[^\d+]")
UKRAINIAN_TRUNK = re.compile(r"80\d{9}", re.ASCII)  # 8 050 111 22 33, as it was dialled once


def one_line(text: str, most: int = LONGEST_NAME) -> str:
    """A text without control characters and line breaks, at most so long, as Unicode NFC; '' when nothing is left."""
    normal = unicodedata.normalize("NFC", text[: 4 * most])
    clean = "".join(" " if unicodedata.category(char) in ("Cc", "Cs") else char for char in normal)
    return BLANKS.sub(" ", clean).strip()[:most].rstrip()


def lines(text: str, most: int) -> str:
    """The same for a text of several lines."""
    cleaned = (one_line(line, most) for line in text[: 2 * most].splitlines())
    return "\n".join(line for line in cleaned if line)[:most].rstrip()


def phone(text: str, country: str) -> str | None:
    """E.164 of the number that the text begins with; None when there is none that can be read."""
    found = NUMBER.match(text[:LONGEST_PHONE])
    if found is None:
        return None
    digits = NO_DIGITS.sub("", found[1])
    if country == "UA" and UKRAINIAN_TRUNK.fullmatch(digits):
        digits = f"+3{digits}"
    return phone_number(digits, country)


def has_words(text: str) -> bool:
    """Whether more than a number was written."""
    found = NUMBER.match(text[:LONGEST_PHONE])
    return found is None or bool(text[found.end() :].strip())


def custom_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """As many of the fields, in their order, as a deal can hold; the last text that does not fit is cut."""
    fitting: dict[str, Any] = {}
    left = LARGEST_JSON - len(b"{}")
    for said, value in given.items():
        name, kept = one_line(said) or "?", json_value(value)
        around = len(orjson.dumps(name)) + len(b":,")
        size = around + len(orjson.dumps(kept))
        if size > left and isinstance(kept, str):
            kept = _cut(kept, left - around)
            size = around + len(orjson.dumps(kept))
        if size <= left and kept != "" and name not in fitting:
            fitting[name] = kept
            left -= size
    return fitting


def json_value(value: Any, depth: int = 2) -> Any:
    """The value as `jsonb` holds it: what it cannot hold becomes text, what is nested too deep its JSON."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode(errors="replace").decode()
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) <= LARGEST_EXACT else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth > DEEPEST_JSON:
        return "…"
    if isinstance(value, Mapping):
        return {json_value(str(key)): json_value(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(inner, depth + 1) for inner in value]
    return str(value)


def digest(text: str) -> str:
    """A text of any length as a key of 64 characters."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _cut(text: str, most: int) -> str:
    """The beginning of a text whose JSON has at most so many bytes."""
    low, high = 0, max(0, min(len(text), most))
    while low < high:
        middle = (low + high + 1) // 2
        if len(orjson.dumps(text[:middle])) <= most:
            low = middle
        else:
            high = middle - 1
    return text[:low]
