"""An account of the CRM and its users: what they are, and what of them a client may write."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from uuid import UUID
from zoneinfo import available_timezones

import phonenumbers
from babel import Locale, UnknownLocaleError

from shared.errors import Sentence
from shared.forms import NO_CURRENCY, Form
from shared.money import currencies

MOST_USERS = 500
NO_TIME_ZONE = Sentence(
    "This is no time zone of the IANA database, such as Europe/Kyiv.",
    "Такого часового поясу немає в базі IANA, приклад: Europe/Kyiv.",
)
NO_LOCALE = Sentence("This is no language, such as uk or en.", "Такої мови немає, приклад: uk або en.")
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
        new = cls(
            form.new_id(("id",), given.get("id")),
            form.text(("name",), given.get("name")),
            given.get("time_zone") or "",
            given.get("currency") or "",
            given.get("locale") or "",
            given.get("country") or "",
            test,
            id_is_chosen=given.get("id") is not None,
        )
        if new.time_zone not in available_timezones():
            form.refuse(("timeZone",), NO_TIME_ZONE)
        if new.currency not in currencies():
            form.refuse(("currency",), NO_CURRENCY)
        if not is_locale(new.locale):
            form.refuse(("locale",), NO_LOCALE)
        if new.country not in phonenumbers.SUPPORTED_REGIONS:
            form.refuse(("country",), NO_COUNTRY)
        form.check()
        return new


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


def is_locale(text: str) -> bool:
    """A language tag that is known to Unicode CLDR: uk, en-GB."""
    try:
        Locale.parse(text.replace("-", "_"))
    except (ValueError, UnknownLocaleError, TypeError):
        return False
    return True
