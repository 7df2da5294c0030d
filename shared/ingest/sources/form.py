"""Forms of web pages. What a field is called is up to the page's author: a mapping says, else we guess."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.deals import DealSource
from shared.ingest import bodies, contacts
from shared.ingest.model import Caller, Lead, Lock, Request

ANSWER: Mapping[str, str] = {"status": "accepted"}
MODULE: str | None = None
SECRET_IN_ADDRESS = True


def verify(lock: Lock, caller: Caller, request: Request) -> bool:  # noqa: ARG001  # a form signs nothing
    """The secret stands in the address."""
    return lock.opens_to(caller)


def parse(request: Request, mapped: Mapping[str, Any]) -> Sequence[Lead]:
    """One lead. Raises NotALead without a phone, an e-mail or a name."""
    body = bodies.read(request)
    return [contacts.lead_of(body, mapped, contacts.known_by(request, body, mapped), DealSource.FORM)]
