"""Texts that are read as values, wherever they come from: None, and no refusal, for one that cannot be read."""

import re
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

import phonenumbers

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UKRAINIAN = re.compile(r"(?:\+?380|0)([3-9][0-9]{8})", re.ASCII)
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)


def read_date(text: str) -> date | None:
    """A civil date (RFC 3339 full-date), or None."""
    try:
        return date.fromisoformat(text) if DATE.fullmatch(text) else None
    except ValueError:
        return None


def read_instant(text: str) -> datetime | None:
    """An RFC 3339 date-time with its offset, of the years 1970 to 9999, in UTC; or None."""
    if not INSTANT.fullmatch(text):
        return None
    try:
        at = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if at >= EPOCH else None


def is_web_address(text: str) -> bool:
    """Whether a browser can be sent there: an absolute address of http or https."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not any(map(str.isspace, text))
    except ValueError:
        return False


def phone_number(text: str, country: str) -> str | None:
    """E.164 of a number in international form or in a country's national form; None when it cannot be read.

    The number must be possible in its country (its length), not in use: ranges change faster than any list of them.
    """
    plain = UKRAINIAN.fullmatch(text)  # most numbers are so, and the library takes a hundred times as long
    if plain is not None and (text[0] == "+" or country == "UA"):
        return f"+380{plain[1]}"
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
