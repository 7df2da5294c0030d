"""Calls through Phonet: JSON for each event of a call, of which `call.hangup` says how it went."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.errors import Sentence
from shared.ingest import bodies, calls, tidy
from shared.ingest.calls import text
from shared.ingest.contacts import known_by_body
from shared.ingest.model import Call, Caller, Direction, InboxState, Known, Lead, Lock, NotALead, Request, Said

ANSWER: Mapping[str, str] = {"status": "success"}
MODULE: str | None = calls.MODULE
SECRET_IN_ADDRESS = True
COMPLETED = "call.hangup"
INTERNAL = "1"
DIRECTIONS = {"4": Direction.IN, "2": Direction.OUT}

NOT_COMPLETED = Sentence("Only completed calls become deals.", "Угодами стають лише завершені дзвінки.")
INTERNAL_CALL = Sentence("A call between colleagues.", "Внутрішній дзвінок.")


def verify(lock: Lock, caller: Caller, request: Request) -> bool:  # noqa: ARG001  # Phonet signs nothing
    """The secret stands in the address."""
    return lock.opens_to(caller)


def parse(request: Request, mapped: Mapping[str, Any]) -> Sequence[Lead]:
    """One call that is over. Raises NotALead for all else."""
    said = bodies.read_json(request)
    id = text(said, "uuid") or None
    if said.get("event") != COMPLETED:
        raise NotALead(InboxState.IGNORED, "NOT_COMPLETED", NOT_COMPLETED, said, id)
    if text(said, "lgDirection") == INTERNAL:
        raise NotALead(InboxState.IGNORED, "INTERNAL_CALL", INTERNAL_CALL, said, id)
    known = Known(f"call:{tidy.digest(id)}", external_id=id) if id else known_by_body(bodies.body_of(said))
    direction = calls.require_direction(DIRECTIONS.get(text(said, "lgDirection")), said, known)
    talked = calls.number(said, "billSecs")
    call = Call(
        direction,
        answered=(talked or 0) > 0 and text(said, "disposition") in ("", "0"),
        seconds=talked,
        at=calls.instant(said, "dialAt") or calls.instant(said, "endAt"),
        recording=text(said, "audioRecUrl") or None,
    )
    ext, name = _employee(said)
    more = {"ext": ext} if ext else {}
    other = Said("num", _other_side(said))
    return [calls.lead_of(said, mapped, known, call, other, taken_by=(ext, name), more=more)]


def _employee(said: Mapping[str, Any]) -> tuple[str, str]:
    """The extension that took the call, and what the exchange calls whom it belongs to; '' where it does not say."""
    leg = said.get("leg")
    return (text(leg, "ext"), text(leg, "displayName")) if isinstance(leg, dict) else ("", "")


def _other_side(said: Mapping[str, Any]) -> str:
    legs = said.get("otherLegs")
    numbers = (text(leg, "num") for leg in (legs if isinstance(legs, list) else ()) if isinstance(leg, dict))
    return next((number for number in numbers if number), "")
