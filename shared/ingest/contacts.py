"""Who writes, out of fields that are called whatever the page's author called them: a mapping says, else we guess."""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import orjson

from shared.deals import DealSource
from shared.errors import Sentence
from shared.ingest import mapping, tidy
from shared.ingest.bodies import Body, Field
from shared.ingest.model import InboxState, Known, Lead, NotALead, Request, Said

SIGNS = re.compile("[\\W_\u02bc]")  # U+02BC, the apostrophe of імʼя, counts as a letter
SAME_BODY = timedelta(minutes=10)  # the same person may write the same again next month

NO_CONTACT = Sentence(
    "There is neither a phone, an e-mail nor a name in it.", "Тут немає ні телефону, ні пошти, ні імені."
)


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Names as `squeezed` makes them: small letters and digits, nothing else.
NAMES = words("""
    name fio fullname yourname username contactname clientname customername
    имя фио вашеимя імя піб вашеімя імятапрізвище контактнаособа
""")
FIRST_NAMES = words("firstname givenname")
LAST_NAMES = words("lastname surname familyname прізвище фамилия")
PHONES = words("""
    phone tel telephone phonenumber mobile mobilephone yourphone yourtel contactphone workphone workphonenumber
    телефон тел номертелефону номертелефона ваштелефон вашномер мобільний мобильный мобільнийтелефон
    мобильныйтелефон контактнийтелефон контактныйтелефон
""")
EMAILS = words("""
    email mail emailaddress youremail contactemail workemail
    пошта почта електроннапошта электроннаяпочта имейл емейл вашапошта вашапочта вашemail
""")
COMMENTS = words("""
    comment comments message yourmessage textarea
    коментар коментарі комментарий комментарии повідомлення сообщение вашеповідомлення вашкоментар
""")


def lead_of(
    body: Body, mapped: Mapping[str, Any], known: Known, came_as: DealSource, leave_out: Collection[str] = ()
) -> Lead:
    """The lead. Raises NotALead without a phone, an e-mail or a name. `leave_out`: fields that say nothing of it."""
    found = mapping.apply(mapped, body.payload)
    fields = [field for field in body.fields if field.name not in leave_out]
    used: dict[str, str] = {}  # what was taken of a field

    def look(ours: str, names: frozenset[str]) -> Said | None:
        if ours in mapped:
            return found.said.get(ours)
        said = next(_said(fields, names), None)
        used.update({said.field: said.text} if said else {})
        return said

    name = look("contact.name", NAMES)
    if name is None:
        first, last = (look("contact.name", names) for names in (FIRST_NAMES, LAST_NAMES))
        parts = [one for one in (first, last) if one is not None]
        name = Said(parts[0].field, " ".join(one.text for one in parts)) if parts else None
    phone, email = look("contact.phone", PHONES), look("contact.email", EMAILS)
    comment = look("comment", COMMENTS)
    if name is None and phone is None and email is None:
        raise NotALead(InboxState.REJECTED, "NO_CONTACT", NO_CONTACT, body.payload, known.external_id)
    title = found.said.get("title")
    rest = {key: value for key, value in _rest(fields, used).items() if not mapped or is_utm(key)}
    return Lead(
        payload=body.payload,
        known=known,
        title=title.text if title else None,
        name=name.text if name else None,
        phone=phone,
        email=email,
        amount=found.said.get("amount"),
        comment=comment.text if comment else None,
        taken_by=mapping.named(found),
        came_as=came_as,
        custom_fields=dict(found.others) | rest,
    )


def known_by(
    request: Request, body: Body, mapped: Mapping[str, Any], own_id: str | None = None, prefix: str = "id"
) -> Known:
    """By the id that the mapping finds, else by the service's own, the sender's key, or for a while by its body."""
    external = mapping.apply({"externalId": mapped["externalId"]}, body.payload) if "externalId" in mapped else None
    id = external.said["externalId"].text if external and external.said else own_id
    if id:
        return Known(f"{prefix}:{tidy.digest(id)}", external_id=id)
    if given := request.headers.get("idempotency-key", "").strip():
        return Known(f"key:{tidy.digest(given)}")
    return known_by_body(body)


def known_by_body(body: Body) -> Known:
    """For a while."""
    written = orjson.dumps([(field.name, tidy.json_value(field.value)) for field in body.fields]).decode()
    return Known(f"body:{tidy.digest(written)}", SAME_BODY)


def squeezed(name: str) -> str:
    """A field's name without case, blanks and signs: "Ваше ім'я *" and "your-name" are вашеімя and yourname."""
    return SIGNS.sub("", unicodedata.normalize("NFC", name[:200])).casefold()


def is_utm(name: str) -> bool:
    """Where a visitor came from; kept whatever a mapping says."""
    return name.casefold().startswith("utm_")


def _said(fields: Sequence[Field], names: frozenset[str]) -> Iterator[Said]:
    """What was written in the fields of these names; those that stand deeper come last."""
    for field in sorted(fields, key=lambda field: len(field.path)):
        text = mapping.text_of(field.value)
        if squeezed(_last(field.path)) in names and text.strip():
            yield Said(field.name, text)


def _last(path: Sequence[str]) -> str:
    """`phone[]` and `contacts[phone][0]` are called phone."""
    return next((part for part in reversed(path) if part and not part.isdecimal()), path[0])


def _rest(fields: Sequence[Field], used: Mapping[str, str]) -> dict[str, Any]:
    """What else was said, under the fields' own names; one that came more than once holds a list."""
    rest: dict[str, Any] = {}
    for field in fields:
        name, value = field.name, field.value
        if name in used:  # a second number of one name is not lost
            value = _besides(value, used[name])
        if isinstance(value, str) and not value.strip():
            continue
        if name not in rest:
            rest[name] = value
        elif isinstance(rest[name], list):
            rest[name].append(value)
        else:
            rest[name] = [rest[name], value]
    return rest


def _besides(value: Any, taken: str) -> Any:
    """What a field says but for that; '' when it is nothing."""
    values = value if isinstance(value, list) else [value]
    others = [one for one in values if (text := mapping.text_of(one)).strip() and text != taken]
    return others if len(others) > 1 else next(iter(others), "")
