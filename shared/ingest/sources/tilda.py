"""Forms of pages made with Tilda. When it is connected, it posts `test=test` and wants to hear that all is well."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.deals import DealSource
from shared.errors import Sentence
from shared.ingest import bodies, contacts
from shared.ingest.mapping import text_of
from shared.ingest.model import Caller, InboxState, Lead, Lock, NotALead, Request

ANSWER: Mapping[str, str] = {"status": "ok"}
MODULE: str | None = None
SECRET_IN_ADDRESS = True
ID = "tranid"
NOISE = (ID, "COOKIES")

TEST = Sentence("A test of the connection.", "Перевірка з'єднання.")


def verify(lock: Lock, caller: Caller, request: Request) -> bool:  # noqa: ARG001  # Tilda signs nothing
    """The secret stands in the address."""
    return lock.opens_to(caller)


def parse(request: Request, mapped: Mapping[str, Any]) -> Sequence[Lead]:
    """One lead. Raises NotALead without a phone, an e-mail or a name, and for a test."""
    body = bodies.read(request)
    if body.payload == {"test": "test"}:
        raise NotALead(InboxState.IGNORED, "TEST", TEST, body.payload)
    known = contacts.known_by(request, body, mapped, text_of(body.payload.get(ID)).strip() or None)
    return [contacts.lead_of(body, mapped, known, DealSource.FORM, leave_out=NOISE)]
