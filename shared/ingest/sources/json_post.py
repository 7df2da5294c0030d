"""Programs that post JSON: they sign what they send, or know the address with its secret.

A signature is `X-Signature-256: sha256=<hex>`, the HMAC-SHA256 of `<X-Timestamp>.<body>`, not older than 300 seconds.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.deals import DealSource
from shared.ingest import bodies, contacts
from shared.ingest.model import Caller, Lead, Lock, Request

ANSWER: Mapping[str, str] = {"status": "accepted"}
MODULE: str | None = None
SECRET_IN_ADDRESS = True
WINDOW = 300  # seconds, both ways


def verify(lock: Lock, caller: Caller, request: Request) -> bool:
    """Whatever proof is given must hold; one is needed."""
    signature = request.headers.get("x-signature-256")
    if signature is None:
        return lock.opens_to(caller)
    if caller.secret is not None and not lock.knows(caller.secret):
        return False
    timestamp = request.headers.get("x-timestamp", "").strip()
    return _is_fresh(timestamp, caller) and lock.signed(signature.strip(), f"{timestamp}.".encode() + request.body)


def parse(request: Request, mapped: Mapping[str, Any]) -> Sequence[Lead]:
    """One lead. Raises NotALead without a phone, an e-mail or a name."""
    payload = bodies.read_json(request)
    body = bodies.body_of(payload)
    return [contacts.lead_of(body, mapped, contacts.known_by(request, body, mapped), DealSource.API)]


def _is_fresh(timestamp: str, caller: Caller) -> bool:
    """Unix seconds; whole ones, or with a fraction."""
    try:
        age = caller.at.timestamp() - float(timestamp)
    except ValueError:
        return False
    return abs(age) <= WINDOW
