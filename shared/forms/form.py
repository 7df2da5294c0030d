"""Problems of form, gathered while an input is read."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from uuid import UUID

import orjson

from shared import ids
from shared.errors import InvalidInput, Problem, Sentence
from shared.forms.sentences import (
    CONTROL,
    EMPTY,
    NO_AMOUNT,
    NO_COLOR,
    NO_CURRENCY,
    NO_DATE,
    NO_EMAIL,
    NO_INSTANT,
    NO_JSON_NUMBER,
    NO_OBJECT,
    NO_PHONE,
    NO_UUID,
    NO_WEB_ADDRESS,
    NOT_NULL,
    NOT_UNICODE,
    OUT_OF_BOUNDS,
    TOO_LONG,
    TOO_MANY,
    TOO_MUCH_JSON,
    TWICE,
)
from shared.forms.values import is_web_address, phone_number, read_date, read_instant
from shared.money import Money, currencies, decimals, minor_units

LONGEST_NAME = 200
LONGEST_NOTE = 10_000
LONGEST_ADDRESS = 2_000
LONGEST_EMAIL = 254  # RFC 5321, 4.5.3.1.3, without the brackets
LARGEST_JSON = 32_768  # bytes
DEEPEST_JSON = 20
# Of JSON: what reads it makes a float of a longer whole number, which would be kept as another one.
MOST_NUMBER = 2**63 - 1
COLOR = re.compile(r"#[0-9A-Fa-f]{6}", re.ASCII)
EMAIL = re.compile(r"[^\s@<>\"(),;:\\]{1,64}@[^\s@<>\"(),;:\\]+\.[^\s@<>\"(),;:\\.]{2,}")

Path = tuple[str, ...]


class Form:
    """Gathers problems while an input is read. `country` (ISO 3166) is the one of national phone numbers."""

    def __init__(self, country: str = "UA") -> None:
        self.country = country
        self.problems: list[Problem] = []

    def refuse(self, path: Path, sentence: Sentence) -> None:
        self.problems.append(Problem(path, sentence))

    def check(self) -> None:
        """Raises InvalidInput with every problem that was found."""
        if self.problems:
            raise InvalidInput(*self.problems)

    def text(self, path: Path, value: str | None, most: int = LONGEST_NAME) -> str:
        """1 to `most` characters that are not all blank, as Unicode NFC, without control characters but \\n and \\t."""
        if value is None:
            self.refuse(path, NOT_NULL)
            return ""
        try:
            value.encode()
        except UnicodeEncodeError:  # half of a surrogate pair
            self.refuse(path, NOT_UNICODE)
            return ""
        text = unicodedata.normalize("NFC", value)
        if not text.strip():
            self.refuse(path, EMPTY)
        elif len(text) > most:
            self.refuse(path, TOO_LONG.filled(most=most, count=len(text)))
        elif not text.isprintable() and any(map(_is_control, text)):  # nothing that is printable is one
            self.refuse(path, CONTROL)
        return text

    def optional_text(self, path: Path, value: str | None, most: int = LONGEST_NAME) -> str | None:
        return None if value is None else self.text(path, value, most)

    def web_address(self, path: Path, value: str | None) -> str | None:
        """Where a browser can be sent: absolute, of http or https."""
        if value is None:
            return None
        return self._text_like(is_web_address, NO_WEB_ADDRESS, path, value, LONGEST_ADDRESS)

    def new_id(self, path: Path, value: str | None) -> UUID:
        """The id that a client chose, or a new one."""
        if value is None:
            return ids.new()
        id = ids.read(value)
        if isinstance(id, ids.UnreadableId):
            self.refuse(path, NO_UUID)
        return id

    def different(self, path: Path, values: list[UUID], paths: list[Path] | None = None) -> None:
        """Refuses what stands in a list for the second time."""
        seen: set[UUID] = set()
        for index, value in enumerate(values):
            if value in seen:
                self.refuse(paths[index] if paths else (*path, str(index)), TWICE)
            seen.add(value)

    def at_most(self, path: Path, count: int, most: int) -> None:
        if count > most:
            self.refuse(path, TOO_MANY.filled(most=most))

    def color(self, path: Path, value: str | None) -> str:
        if value is None or not COLOR.fullmatch(value):
            self.refuse(path, NO_COLOR)
        return value or ""

    def number(self, path: Path, value: int | None, least: int, most: int) -> int:
        if value is None:
            self.refuse(path, NOT_NULL)
        elif not least <= value <= most:
            self.refuse(path, OUT_OF_BOUNDS.filled(least=least, most=most))
        return value or 0

    def phone(self, path: Path, value: str | None) -> str | None:
        """E.164, from that or from the national form of the account's country."""
        if value is None:
            return None
        number = phone_number(value, self.country)
        if number is None:
            self.refuse(path, NO_PHONE)
        return number

    def email(self, path: Path, value: str | None) -> str | None:
        if value is None:
            return None
        return self._text_like(EMAIL.fullmatch, NO_EMAIL, path, value, LONGEST_EMAIL)

    def money(self, path: Path, amount: str, currency: str) -> Money:
        if currency not in currencies():
            self.refuse((*path, "currency"), NO_CURRENCY)
            return Money(0, "")
        return Money(self.amount((*path, "amount"), amount, currency), currency)

    def amount(self, path: Path, value: str, currency: str) -> int:
        """Minor units of that currency."""
        minor = minor_units(value, currency)
        if minor is None:
            self.refuse(path, NO_AMOUNT.filled(places=decimals(currency)))
        return minor or 0

    def date(self, path: Path, value: str | None) -> date | None:
        if value is None:
            return None
        day = read_date(value)
        if day is None:
            self.refuse(path, NO_DATE)
        return day

    def instant(self, path: Path, value: str | None) -> datetime | None:
        if value is None:
            return None
        at = read_instant(value)
        if at is None:
            self.refuse(path, NO_INSTANT)
        return at

    def json_object(self, path: Path, value: object) -> dict[str, object]:
        """A JSON object that PostgreSQL's jsonb holds unchanged."""
        if not isinstance(value, dict):
            self.refuse(path, NO_OBJECT)
            return {}
        if not _is_plain(value):
            self._json_values(path, value, 1)
        try:
            too_large = len(orjson.dumps(value)) > LARGEST_JSON
        except (TypeError, ValueError):  # a surrogate or a number that was refused already
            too_large = not self.problems
        if too_large:
            self.refuse(path, TOO_MUCH_JSON.filled(bytes=LARGEST_JSON, deep=DEEPEST_JSON))
        return value

    def _text_like(self, fits: Callable[[str], object], sentence: Sentence, path: Path, value: str, most: int) -> str:
        """A text of a form of its own; one that is no text to keep is not told to be of no such form besides."""
        told = len(self.problems)
        text = self.text(path, value, most)
        if len(self.problems) == told and not fits(text):
            self.refuse(path, sentence)
        return text

    def _json_values(self, path: Path, value: object, depth: int) -> None:
        if depth > DEEPEST_JSON:
            self.refuse(path, TOO_MUCH_JSON.filled(bytes=LARGEST_JSON, deep=DEEPEST_JSON))
        elif isinstance(value, Mapping):
            for key, inner in value.items():
                self._json_values(path, key, depth)
                self._json_values((*path, str(key)), inner, depth + 1)
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                self._json_values((*path, str(index)), inner, depth + 1)
        elif isinstance(value, str):
            if "\0" in value:
                self.refuse(path, CONTROL)
            elif any("\ud800" <= char <= "\udfff" for char in value):
                self.refuse(path, NOT_UNICODE)
        elif isinstance(value, int | float) and not -MOST_NUMBER <= value <= MOST_NUMBER:
            self.refuse(path, NO_JSON_NUMBER)


def _is_control(char: str) -> bool:
    return unicodedata.category(char) == "Cc" and char not in "\n\t"


def _is_plain(value: dict[str, object]) -> bool:
    """Whether it holds texts only, all of them printable: nothing in it can be wrong but its size."""
    return all(isinstance(text, str) and text.isprintable() for one in value.items() for text in one)
