"""An account of the CRM and its users: what they are, and what of them a client may write."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Self
from uuid import UUID
from zoneinfo import available_timezones

import phonenumbers
from babel import Locale, UnknownLocaleError

from shared import ids
from shared.errors import Sentence
from shared.forms import NO_CURRENCY, NOT_NULL, Form, Path
from shared.money import currencies

MOST_USERS = 500
MOST_WORDS = 8  # of a search
NO_ZONES = {"Factory", "localtime", "posixrules"}  # names of files beside the zones
CLOCK_ENDS = datetime(9999, 1, 1, tzinfo=UTC)  # a clock that ticks must not leave the years that there are
NO_TIME_ZONE = Sentence(
    "This is no time zone of the IANA database, such as Europe/Kyiv.",
    "Такого часового поясу немає в базі IANA, приклад: Europe/Kyiv.",
)
NO_LOCALE = Sentence("This is no language, such as uk or en.", "Такої мови немає, приклад: uk або en.")
TOO_LATE = Sentence("A clock is set up to the year 9998.", "Годинник можна перевести щонайдалі на 9998 рік.")
NO_COUNTRY = Sentence("This is no country of ISO 3166, such as UA.", "Такої країни немає в ISO 3166, приклад: UA.")


@dataclass(frozen=True, slots=True)
class Account:
    id: UUID
    name: str
    time_zone: str
    currency: str
    locale: str
    country: str
    test: bool

    @property
    def language(self) -> str:
        """The language of messages, when the viewer names none."""
        return self.locale.split("-")[0].split("_")[0].lower()


@dataclass(frozen=True, slots=True)
class User:
    id: UUID
    name: str
    email: str | None
    avatar_url: str | None
    active: bool


@dataclass(frozen=True, slots=True)
class People:
    """A page of a list of people. `places`: what each is sorted by, and their id."""

    users: Sequence[User]
    places: Sequence[tuple[str, UUID]]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Clock:
    """That of a test account. `target`: where it is walking to; `was_set`: it is, or was once, not the real one."""

    now: datetime
    target: datetime | None
    was_set: bool


@dataclass(frozen=True, slots=True)
class NewAccount:
    id: UUID
    name: str
    time_zone: str
    currency: str
    locale: str
    country: str
    test: bool
    id_is_chosen: bool

    @classmethod
    def read(cls, given: Mapping[str, str | None], *, test: bool) -> Self:
        """Raises InvalidInput."""
        form = Form()
        id, currency = form.new_id(("id",), given.get("id")), given.get("currency") or ""
        name = form.text(("name",), given.get("name"))
        time_zone = _time_zone(form, given.get("time_zone"))
        if currency not in currencies():
            form.refuse(("currency",), NO_CURRENCY)
        locale, country = _locale(form, given.get("locale")), _country(form, given.get("country"))
        form.check()
        return cls(id, name, time_zone, currency, locale, country, test, id_is_chosen=given.get("id") is not None)


@dataclass(frozen=True, slots=True)
class AccountChanges:
    """What to change of an account; None leaves it."""

    id: UUID
    name: str | None = None
    time_zone: str | None = None
    locale: str | None = None
    country: str | None = None

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Raises InvalidInput with all problems of form."""
        form = Form()
        changes = cls(
            ids.read(given["id"]),
            form.text(("name",), given["name"]) if "name" in given else None,
            _time_zone(form, given["time_zone"]) if "time_zone" in given else None,
            _locale(form, given["locale"]) if "locale" in given else None,
            _country(form, given["country"]) if "country" in given else None,
        )
        form.check()
        return changes


@dataclass(frozen=True, slots=True)
class NewUser:
    id: UUID
    name: str
    email: str | None
    avatar_url: str | None
    active: bool


def read_users(given: list[Mapping[str, str | bool | None]]) -> list[NewUser]:
    """Raises InvalidInput."""
    form = Form()
    form.at_most(("users",), len(given), MOST_USERS)
    read = []
    for index, user in enumerate(given[:MOST_USERS]):
        path = ("users", str(index))
        text = {name: value for name, value in user.items() if isinstance(value, str)}
        if user.get("active") is None:
            form.refuse((*path, "active"), Sentence("Say true or false.", "Вкажіть true або false."))
        read.append(
            NewUser(
                form.new_id((*path, "id"), text.get("id")),
                form.text((*path, "name"), text.get("name")),
                form.email((*path, "email"), text.get("email")),
                form.optional_text((*path, "avatarUrl"), text.get("avatar_url"), 2_000),
                bool(user.get("active")),
            )
        )
    form.different((), [user.id for user in read], [("users", str(index), "id") for index in range(len(read))])
    form.check()
    return read


def read_clock(text: str) -> datetime:
    """Where a clock is set to. Raises InvalidInput."""
    form = Form()
    at = form.instant(("now",), text)
    if at is not None and at >= CLOCK_ENDS:
        form.refuse(("now",), TOO_LATE)
    form.check()
    assert at is not None
    return at


def words(search: str | None) -> list[str]:
    """What people are looked for by."""
    return (search or "").split()[:MOST_WORDS]


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones() - NO_ZONES)


def _time_zone(form: Form, value: str | None) -> str:
    return _one_of(form, ("timeZone",), value, value in _zones(), NO_TIME_ZONE)


def _locale(form: Form, value: str | None) -> str:
    return _one_of(form, ("locale",), value, value is not None and is_locale(value), NO_LOCALE)


def _country(form: Form, value: str | None) -> str:
    return _one_of(form, ("country",), value, value in phonenumbers.SUPPORTED_REGIONS, NO_COUNTRY)


def _one_of(form: Form, path: Path, value: str | None, is_known: bool, otherwise: Sentence) -> str:
    if not is_known:
        form.refuse(path, otherwise if value is not None else NOT_NULL)
    return value or ""


def is_locale(text: str) -> bool:
    """A language tag that is known to Unicode CLDR: uk, en-GB."""
    try:
        Locale.parse(text.replace("-", "_"))
    except (ValueError, UnknownLocaleError, TypeError):
        return False
    return True


def by_name(users: Iterable[User]) -> dict[str, UUID]:
    """Active users by their names and addresses in small letters; of namesakes the first by id."""
    found: dict[str, UUID] = {}
    for user in sorted(users, key=lambda user: user.id):
        for said in (user.name, user.email):
            if user.active and said:
                found.setdefault(said.casefold(), user.id)
    return found
