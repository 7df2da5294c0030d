"""Forms of web pages. What a field is called is up to the page's author: a mapping says, else we guess."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import orjson

from shared.deals import DealSource
from shared.errors import Sentence
from shared.ingest import bodies, mapping, tidy
from shared.ingest.bodies import Pairs
from shared.ingest.model import Caller, InboxState, Lead, Lock, NotALead, Request, Said

ANSWER: Mapping[str, str] = {"status": "accepted"}
SIGNS = re.compile("[\\W_\u02bc]")  # U+02BC, the apostrophe of імʼя, counts as a letter
SAME_BODY = timedelta(minutes=10)  # the same person may write the same again next month

NO_CONTACT = Sentence(
    "There is neither a phone, an e-mail nor a name in it.", "Тут немає ні телефону, ні пошти, ні імені."
)


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Names as `squeezed` makes them: small letters and digits, nothing else.
NAMES = words("""
    name fio fullname firstname yourname username contactname clientname customername
    имя фио вашеимя імя піб вашеімя імятапрізвище контактнаособа
""")
PHONES = words("""
    phone tel telephone phonenumber mobile mobilephone yourphone yourtel contactphone
    телефон тел номертелефону номертелефона ваштелефон вашномер мобільний мобильный мобільнийтелефон
    мобильныйтелефон контактнийтелефон контактныйтелефон
""")
EMAILS = words("""
    email mail emailaddress youremail contactemail
    пошта почта електроннапошта электроннаяпочта имейл емейл вашапошта вашапочта вашemail
""")


def verify(lock: Lock, caller: Caller, request: Request) -> bool:  # noqa: ARG001  # a form signs nothing
    """The secret stands in the address."""
    return lock.opens_to(caller)


def parse(request: Request, mapped: Mapping[str, Any]) -> list[Lead]:
    """One lead. Raises NotALead without a phone, an e-mail or a name."""
    pairs = bodies.read_form(request)
    payload = bodies.nest(pairs, request)
    found = mapping.apply(mapped, payload)
    guessed = {
        ours: next(_said(pairs, names), None)
        for ours, names in (("contact.name", NAMES), ("contact.phone", PHONES), ("contact.email", EMAILS))
        if ours not in mapped
    }
    name, phone, email = (
        found.said.get(ours) or guessed.get(ours) for ours in ("contact.name", "contact.phone", "contact.email")
    )
    external = found.said.get("externalId")
    if name is None and phone is None and email is None:
        raise NotALead(
            InboxState.REJECTED, "NO_CONTACT", NO_CONTACT, payload, external_id=external.text if external else None
        )
    title = found.said.get("title")
    used = {one.field for one in guessed.values() if one is not None}
    rest = {key: value for key, value in _rest(pairs, used).items() if not mapped or is_utm(key)}
    key, lasts = _key(request, pairs, external)
    return [
        Lead(
            payload=payload,
            key=key,
            key_lasts=lasts,
            external_id=external.text if external else None,
            title=title.text if title else None,
            name=name.text if name else None,
            phone=phone,
            email=email,
            amount=found.said.get("amount"),
            came_as=DealSource.FORM,
            custom_fields=dict(found.others) | rest,
        )
    ]


def squeezed(name: str) -> str:
    """A field's name without case, blanks and signs: "Ваше ім'я *" and "your-name" are вашеімя and yourname."""
    return SIGNS.sub("", unicodedata.normalize("NFC", name[:200])).casefold()


def is_utm(name: str) -> bool:
    """Where a visitor came from; kept whatever a mapping says."""
    return name.casefold().startswith("utm_")


def _said(pairs: Pairs, names: frozenset[str]) -> Iterator[Said]:
    """What was written in the fields of these names; those that stand deeper in the form come last."""
    for name, value in sorted(pairs, key=lambda pair: len(bodies.path_of(pair[0]))):
        if squeezed(_last(bodies.path_of(name))) in names and value.strip():
            yield Said(name, value)


def _last(path: Sequence[str]) -> str:
    """`phone[]` and `contacts[phone][0]` are called phone."""
    return next((part for part in reversed(path) if part and not part.isdecimal()), path[0])


def _rest(pairs: Pairs, used: set[str]) -> dict[str, Any]:
    """The other fields, under their own names; one that came more than once holds a list."""
    rest: dict[str, Any] = {}
    for name, value in pairs:
        if name in used or not value.strip():
            continue
        if name not in rest:
            rest[name] = value
        elif isinstance(rest[name], list):
            rest[name].append(value)
        else:
            rest[name] = [rest[name], value]
    return rest


def _key(request: Request, pairs: Pairs, external: Said | None) -> tuple[str, timedelta | None]:
    """By what the same lead is known when it is sent again, and for how long."""
    if external is not None:
        return f"id:{tidy.digest(external.text)}", None
    if given := request.headers.get("idempotency-key", "").strip():
        return f"key:{tidy.digest(given)}", None
    return f"body:{tidy.digest(orjson.dumps(pairs).decode())}", SAME_BODY
