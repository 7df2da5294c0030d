"""Calls through Binotel: a post for each event of a call, with PHP's brackets in its fields' names.

Only the last one, `apiCallCompleted`, says how a call went. An incoming call becomes a deal.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.deals import DealSource
from shared.errors import Sentence
from shared.ingest import bodies, mapping, tidy
from shared.ingest.model import Caller, InboxState, Lead, Lock, NotALead, Request, Said

ANSWER: Mapping[str, str] = {"status": "success"}
COMPLETED = "apiCallCompleted"
INCOMING, OUTGOING = "0", "1"
SAME_BODY = timedelta(minutes=10)  # for a call that has no id

NOT_COMPLETED = Sentence("Only completed calls become deals.", "Угодами стають лише завершені дзвінки.")
OUTGOING_CALL = Sentence("An outgoing call makes no deal.", "Вихідний дзвінок не створює угоди.")
NO_DIRECTION = Sentence(
    "It does not say whether the call was incoming or outgoing.", "Не сказано, вхідний це дзвінок чи вихідний."
)
NO_NUMBER = Sentence("It does not say who called.", "Не сказано, хто дзвонив.")


def verify(lock: Lock, caller: Caller, request: Request) -> bool:  # noqa: ARG001  # Binotel signs nothing
    """The secret stands in the address; Binotel's own IP addresses may be asked for besides."""
    return lock.opens_to(caller)


def parse(request: Request, mapped: Mapping[str, Any]) -> list[Lead]:
    """One incoming, completed call. Raises NotALead for all else."""
    pairs = bodies.read_form(request)
    payload = bodies.nest(pairs, request)
    details = payload.get("callDetails")
    call: Mapping[str, Any] = details if isinstance(details, dict) else {}
    id = _text(call, "generalCallID") or _text(call, "callID") or None
    _refuse_other_events(payload, call, id)
    number = _text(call, "externalNumber")
    found = mapping.apply(mapped, payload)
    if not number:
        raise NotALead(InboxState.REJECTED, "NO_CONTACT", NO_NUMBER, payload, id)
    title, name, email = (found.said.get(ours) for ours in ("title", "contact.name", "contact.email"))
    return [
        Lead(
            payload=payload,
            key=f"call:{tidy.digest(id)}" if id else f"body:{tidy.digest(repr(pairs))}",
            key_lasts=None if id else SAME_BODY,
            external_id=id,
            title=title.text if title else None,
            name=name.text if name else None,
            phone=found.said.get("contact.phone") or Said("externalNumber", number),
            email=email,
            amount=found.said.get("amount"),
            taken_by=_employee(call),
            came_as=DealSource.CALL,
            custom_fields=_how_it_went(call) | found.others,
        )
    ]


def _refuse_other_events(payload: Mapping[str, Any], call: Mapping[str, Any], id: str | None) -> None:
    if payload.get("requestType") != COMPLETED:
        raise NotALead(InboxState.IGNORED, "NOT_COMPLETED", NOT_COMPLETED, payload, id)
    direction = _text(call, "callType")
    if direction == OUTGOING:
        raise NotALead(InboxState.IGNORED, "OUTGOING_CALL", OUTGOING_CALL, payload, id)
    if direction != INCOMING:
        raise NotALead(InboxState.REJECTED, "NO_DIRECTION", NO_DIRECTION, payload, id)


def _how_it_went(call: Mapping[str, Any]) -> dict[str, Any]:
    """`billsec`, `waitsec`: seconds of talk and of ringing. What was not said is left out."""
    talked, rang = _number(call, "billsec"), _number(call, "waitsec")
    told = {
        "direction": "incoming",
        "answered": _text(call, "disposition") == "ANSWER" and (talked or 0) > 0,
        "billsec": talked,
        "waitsec": rang,
        "startTime": _instant(call, "startTime"),
        "recording": _text(call, "linkToCallRecordInMyBusiness") or None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _employee(call: Mapping[str, Any]) -> str | None:
    employee = call.get("employeeData")
    return _text(employee, "email") or None if isinstance(employee, dict) else None


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value.strip() if isinstance(value, str) else ""


def _number(fields: Mapping[str, Any], name: str) -> int | None:
    text = _text(fields, name)
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 12 else None


def _instant(fields: Mapping[str, Any], name: str) -> str | None:
    """Unix seconds as an RFC 3339 date-time in UTC."""
    seconds = _number(fields, name)
    try:
        return None if not seconds else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return None
