"""Leads of Facebook's advertising forms.

A request is signed with the app's secret and only names leads; what people answered is asked of the Graph API.
"""

import hmac
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from shared.deals import DealSource
from shared.errors import Sentence
from shared.ingest import bodies, contacts, tidy
from shared.ingest.bodies import Body, Field
from shared.ingest.mapping import text_of
from shared.ingest.model import Caller, InboxState, Known, Lead, Lock, Named, NotALead, Request

ANSWER: Mapping[str, str] = {"status": "accepted"}
MODULE: str | None = "lead_ads"
SECRET_IN_ADDRESS = False
LONGEST_CHALLENGE = 1_000

NO_LEAD = Sentence("There is no lead in it.", "Тут немає ліда.")
NO_ID = Sentence("It does not say which lead it is about.", "Не сказано, про який лід ідеться.")
NOT_ANSWERED = Sentence("Facebook does not give the answers: {said}", "Facebook не надає відповідей: {said}")


def verify(lock: Lock, caller: Caller, request: Request) -> bool:
    """The signature over the bytes as they came; a secret in the address, if there is one, as well."""
    signed = lock.signed(request.headers.get("x-hub-signature-256", ""), request.body)
    return signed and (caller.secret is None or lock.knows(caller.secret))


def greet(query: Mapping[str, str], lock: Lock, greetings: Collection[str]) -> str | None:
    """What to answer when Facebook connects; None: it is somebody else."""
    token, challenge = query.get("hub.verify_token", ""), query.get("hub.challenge", "")
    expected = any(hmac.compare_digest(token.encode(errors="replace"), one.encode()) for one in greetings)
    if query.get("hub.mode") != "subscribe" or not (expected or lock.knows(token)):
        return None
    return challenge[:LONGEST_CHALLENGE]


def parse(request: Request, mapped: Mapping[str, Any]) -> Sequence[Named | NotALead]:  # noqa: ARG001  # ids only
    """The leads that it names, each once. Raises NotALead when there are none."""
    payload = bodies.read_json(request)
    named = {one.external_id: one for one in _named(payload)}
    if not named:
        raise NotALead(InboxState.IGNORED, "NO_LEAD", NO_LEAD, payload)
    return [one if id else NotALead(InboxState.REJECTED, "NO_ID", NO_ID, one.payload) for id, one in named.items()]


def answered(event: Mapping[str, Any], answers: Mapping[str, Any], mapped: Mapping[str, Any]) -> Lead:
    """The lead, by its event and what the Graph API says of it. Raises NotALead."""
    id = text_of(event.get("leadgen_id")) or text_of(answers.get("id"))
    payload = {**event, **{name: value for name, value in answers.items() if name != "id"}}
    error = answers.get("error")
    if error is not None:
        said = tidy.one_line(text_of(error.get("message")) if isinstance(error, dict) else text_of(error))
        raise NotALead(InboxState.REJECTED, "NOT_ANSWERED", NOT_ANSWERED.filled(said=said), event, id)
    known = Known(f"lead:{tidy.digest(id)}", external_id=id)
    return contacts.lead_of(Body(payload, _fields(payload)), mapped, known, DealSource.FORM)


def _named(payload: Mapping[str, Any]) -> Iterator[Named]:
    for entry in _dicts(payload.get("entry")):
        for change in _dicts(entry.get("changes")):
            value = change.get("value")
            if change.get("field") == "leadgen" and isinstance(value, dict):
                yield Named(value, text_of(value.get("leadgen_id")).strip())


def _dicts(value: Any) -> Iterator[Mapping[str, Any]]:
    return (one for one in (value if isinstance(value, list) else ()) if isinstance(one, dict))


def _fields(payload: Mapping[str, Any]) -> list[Field]:
    """The answers, each under its question's name."""
    answers = ((text_of(one.get("name")), one.get("values")) for one in _dicts(payload.get("field_data")))
    return [
        Field(name, (name,), values[0] if isinstance(values, list) and len(values) == 1 else values)
        for name, values in answers
        if values
    ]
