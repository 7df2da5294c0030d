"""What the kinds of telephony share: a call as a lead, and how exchanges write numbers and times."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from shared.deals import DealSource
from shared.errors import Sentence
from shared.ingest import mapping
from shared.ingest.model import Call, Direction, InboxState, Known, Lead, NotALead, Said

MODULE = "telephony"
MILLISECONDS = 10**11  # so large no time in seconds is before the year 5138

NO_DIRECTION = Sentence(
    "It does not say whether the call was incoming or outgoing.", "Не сказано, вхідний це дзвінок чи вихідний."
)
NO_NUMBER = Sentence("It does not say who called.", "Не сказано, хто дзвонив.")


def lead_of(
    payload: Mapping[str, Any],
    mapped: Mapping[str, Any],
    known: Known,
    call: Call,
    other_side: Said,
    *,
    taken_by: Sequence[str] = (),
    more: Mapping[str, Any] | None = None,
) -> Lead:
    """The call as a lead. Raises NotALead when nobody is on its other side. `more`: that we have no word for."""
    found = mapping.apply(mapped, payload)
    phone = found.said.get("contact.phone") or other_side
    if not phone.text:
        raise NotALead(InboxState.REJECTED, "NO_CONTACT", NO_NUMBER, payload, known.external_id)
    title, name = found.said.get("title"), found.said.get("contact.name")
    return Lead(
        payload=payload,
        known=known,
        title=title.text if title else None,
        name=name.text if name else None,
        phone=phone,
        email=found.said.get("contact.email"),
        amount=found.said.get("amount"),
        call=call,
        taken_by=mapping.named(found, *taken_by),
        came_as=DealSource.CALL,
        custom_fields=call.to_json() | dict(more or {}) | found.others,
    )


def require_direction(direction: Direction | None, payload: Mapping[str, Any], known: Known) -> Direction:
    """Raises NotALead when it was not said."""
    if direction is None:
        raise NotALead(InboxState.REJECTED, "NO_DIRECTION", NO_DIRECTION, payload, known.external_id)
    return direction


def text(fields: Mapping[str, Any], name: str) -> str:
    """A text without the blanks around it, or a number as it is written."""
    value = fields.get(name)
    return f"{value}".strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""


def number(fields: Mapping[str, Any], name: str) -> int | None:
    written = text(fields, name)
    return int(written) if written.isascii() and written.isdecimal() and len(written) <= 15 else None


def instant(fields: Mapping[str, Any], name: str) -> str | None:
    """Unix seconds, or milliseconds, as an RFC 3339 date-time in UTC."""
    unix = number(fields, name)
    try:
        seconds = unix / 1_000 if unix and unix >= MILLISECONDS else unix
        return None if not seconds else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return None
