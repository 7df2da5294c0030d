"""Calls through Binotel: a post for each event of a call, with PHP's brackets in its fields' names.

Only the last one, `apiCallCompleted`, says how a call went.
"""

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
COMPLETED = "apiCallCompleted"
DIRECTIONS = {"0": Direction.IN, "1": Direction.OUT}

NOT_COMPLETED = Sentence("Only completed calls become deals.", "Угодами стають лише завершені дзвінки.")


def verify(lock: Lock, caller: Caller, request: Request) -> bool:  # noqa: ARG001  # Binotel signs nothing
    """The secret stands in the address; Binotel's own IP addresses may be asked for besides."""
    return lock.opens_to(caller)


def parse(request: Request, mapped: Mapping[str, Any]) -> Sequence[Lead]:
    """One completed call. Raises NotALead for all else."""
    body = bodies.read(request)
    details = body.payload.get("callDetails")
    said: Mapping[str, Any] = details if isinstance(details, dict) else {}
    id = text(said, "generalCallID") or text(said, "callID") or None
    if body.payload.get("requestType") != COMPLETED:
        raise NotALead(InboxState.IGNORED, "NOT_COMPLETED", NOT_COMPLETED, body.payload, id)
    known = Known(f"call:{tidy.digest(id)}", external_id=id) if id else known_by_body(body)
    direction = calls.require_direction(DIRECTIONS.get(text(said, "callType")), body.payload, known)
    talked, rang = calls.number(said, "billsec"), calls.number(said, "waitsec")
    call = Call(
        direction,
        answered=text(said, "disposition") == "ANSWER" and (talked or 0) > 0,
        seconds=talked,
        at=calls.instant(said, "startTime"),
        recording=text(said, "linkToCallRecordInMyBusiness") or None,
    )
    other = Said("externalNumber", text(said, "externalNumber"))
    more = {} if rang is None else {"waitsec": rang}
    return [calls.lead_of(body.payload, mapped, known, call, other, taken_by=_employee(said), more=more)]


def _employee(call: Mapping[str, Any]) -> tuple[str, ...]:
    employee = call.get("employeeData")
    return tuple(filter(None, [text(employee, "email")])) if isinstance(employee, dict) else ()
