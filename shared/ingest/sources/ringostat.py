"""Calls through Ringostat. What the parameters are called is up to the customer: a mapping says, else usual names."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.ingest import bodies, calls, tidy
from shared.ingest.contacts import known_by_body
from shared.ingest.mapping import apply, text_of
from shared.ingest.model import Call, Caller, Direction, Known, Lead, Lock, Request, Said

ANSWER: Mapping[str, str] = {"status": "success"}
MODULE: str | None = calls.MODULE
SECRET_IN_ADDRESS = True
USUAL: Mapping[str, tuple[str, ...]] = {
    "direction": ("call_type", "direction"),
    "phone": ("caller", "caller_number"),
    "billsec": ("billsec",),
    "disposition": ("disposition",),
    "calledAt": ("calldate", "call_date"),
    "recording": ("recording", "recording_url"),
    "externalId": ("uniqueid", "call_id"),
}
DIRECTIONS = {
    "in": Direction.IN,
    "incoming": Direction.IN,
    "callback": Direction.IN,
    "out": Direction.OUT,
    "outgoing": Direction.OUT,
}
ANSWERED = frozenset({"ANSWERED", "PROPER", "REPEATED"})
MISSED = frozenset({"NO ANSWER", "NOANSWER", "BUSY", "FAILED"})


def verify(lock: Lock, caller: Caller, request: Request) -> bool:  # noqa: ARG001  # Ringostat signs nothing
    """The secret stands in the address."""
    return lock.opens_to(caller)


def parse(request: Request, mapped: Mapping[str, Any]) -> Sequence[Lead]:
    """One call that is over. Raises NotALead when it does not say which way it went, or with whom."""
    body = bodies.read(request)
    said = _said(body.payload, mapped)
    id, at, other = (said.get(name) for name in ("externalId", "calledAt", "phone"))
    if id:
        known = Known(f"call:{tidy.digest(id)}", external_id=id)
    elif at and other:
        known = Known(f"call:{tidy.digest(f'{other} {at}')}")
    else:
        known = known_by_body(body)
    direction = calls.require_direction(DIRECTIONS.get(said.get("direction", "").casefold()), body.payload, known)
    talked = calls.number(said, "billsec")
    call = Call(direction, _was_answered(said, talked), talked, at, said.get("recording"))
    rest = {key: value for key, value in mapped.items() if key not in USUAL}
    return [calls.lead_of(body.payload, rest, known, call, Said("phone", other or ""))]


def _said(payload: Mapping[str, Any], mapped: Mapping[str, Any]) -> dict[str, str]:
    """What of a call is said, by our names."""
    found = apply({name: mapped[name] for name in USUAL if name in mapped}, payload)
    texts = {name: text_of(value) for name, value in found.others.items()}
    texts |= {name: one.text for name, one in found.said.items()}
    for name, usual in USUAL.items():
        if name not in mapped:
            texts[name] = next((text for key in usual if (text := text_of(payload.get(key)).strip())), "")
    return {name: text.strip() for name, text in texts.items() if text.strip()}


def _was_answered(said: Mapping[str, str], talked: int | None) -> bool:
    disposition = said.get("disposition", "").upper().replace("_", " ")
    if talked is None:
        return disposition in ANSWERED
    return talked > 0 and disposition not in MISSED
