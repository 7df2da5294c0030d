"""Reading what a client wrote: every problem of form is gathered, and told at once.

A form knows nothing of what stands in the database. It turns texts into values: what it returns for something that
is wrong is of no use, since `check()` raises before anybody looks at it.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from uuid import UUID

import orjson
import phonenumbers

from shared import ids
from shared.errors import InvalidInput, Problem, Sentence
from shared.money import Money, currencies, decimals, minor_units

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_NAME = 200
LONGEST_NOTE = 10_000
LARGEST_JSON = 32_768  # bytes
DEEPEST_JSON = 20
# Of JSON: what reads it makes a float of a longer whole number, which would be kept as another one.
MOST_NUMBER = 2**63 - 1
COLOR = re.compile(r"#[0-9A-Fa-f]{6}", re.ASCII)
EMAIL = re.compile(r"[^\s@<>\"(),;:\\]{1,64}@[^\s@<>\"(),;:\\]+\.[^\s@<>\"(),;:\\.]{2,}")
UKRAINIAN = re.compile(r"(?:\+?380|0)([3-9][0-9]{8})", re.ASCII)
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)

NEEDED = Sentence("This is needed.", "Це обов'язкове поле.")
NOT_NULL = Sentence(
    "This cannot be cleared: leave it out or give a value.", "Це не можна очистити: пропустіть або вкажіть."
)
EMPTY = Sentence("Write something here.", "Напишіть тут щось.")
TOO_LONG = Sentence("At most {most} characters, please; these are {count}.", "Не більше {most} символів; тут {count}.")
CONTROL = Sentence("Control characters cannot be kept.", "Керівні символи зберегти не можна.")
NOT_UNICODE = Sentence("This is not valid Unicode text.", "Це не коректний текст Unicode.")
NO_UUID = Sentence("A new id must be a UUID.", "Новий ідентифікатор має бути UUID.")
TWICE = Sentence("This stands here twice.", "Це вказано двічі.")
NO_COLOR = Sentence("A color looks like #1A2B3C.", "Колір має вигляд #1A2B3C.")
NO_PHONE = Sentence(
    "This is no phone number: write it like +380501234567.", "Це не номер телефону: напишіть його як +380501234567."
)
NO_EMAIL = Sentence("This is no e-mail address.", "Це не адреса електронної пошти.")
NO_AMOUNT = Sentence(
    'An amount looks like "1250.50": not negative, below 10^13, at most {places} decimals.',
    "Сума має вигляд «1250.50»: не від'ємна, менша за 10^13, не більше {places} знаків після крапки.",
)
NO_CURRENCY = Sentence("This is no currency of ISO 4217, such as UAH.", "Це не валюта за ISO 4217, як-от UAH.")
NO_DATE = Sentence("A date looks like 2026-03-31.", "Дата має вигляд 2026-03-31.")
NO_INSTANT = Sentence("A time looks like 2026-03-31T09:30:00Z.", "Час має вигляд 2026-03-31T09:30:00Z.")
OUT_OF_BOUNDS = Sentence("This must be from {least} to {most}.", "Це має бути від {least} до {most}.")
NO_OBJECT = Sentence("This must be a JSON object.", "Це має бути об'єкт JSON.")
TOO_MUCH_JSON = Sentence(
    "At most {bytes} bytes, nested at most {deep} deep.", "Не більше {bytes} байтів і {deep} рівнів вкладення."
)
NO_JSON_NUMBER = Sentence(
    "JSON cannot hold this number: write it as text.", "JSON не вміщує такого числа: запишіть як текст."
)
TOO_MANY = Sentence("At most {most} of these.", "Не більше {most}.")

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
        text = self.text(path, value, 254)
        if not EMAIL.fullmatch(text):
            self.refuse(path, NO_EMAIL)
        return text

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
