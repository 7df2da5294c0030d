"""A source of deals, the requests that it sends, the leads in them, and the inbox where each can be seen."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import quote
from uuid import UUID

from shared.deals import DealSource
from shared.errors import Sentence


class SourceKind(StrEnum):
    FORM = "FORM"
    JSON = "JSON"
    TILDA = "TILDA"
    FACEBOOK_LEADS = "FACEBOOK_LEADS"
    GOOGLE_LEADS = "GOOGLE_LEADS"
    BINOTEL = "BINOTEL"
    RINGOSTAT = "RINGOSTAT"
    PHONET = "PHONET"


class Assignment(StrEnum):
    """Who gets a deal: the source's assignee; who took the call, else the assignee; the funnel's viewers in turn."""

    FIXED = "FIXED"
    CALL_TAKER = "CALL_TAKER"
    ROUND_ROBIN = "ROUND_ROBIN"


class InboxState(StrEnum):
    RECEIVED = "RECEIVED"
    WAITING = "WAITING"
    CREATED = "CREATED"
    ATTACHED = "ATTACHED"
    DUPLICATE = "DUPLICATE"
    IGNORED = "IGNORED"
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True)
class Source:
    id: UUID
    name: str
    kind: SourceKind
    funnel_id: UUID
    assignee_id: UUID | None
    assignment: Assignment
    attach_to_open_deal: bool
    mapping: Mapping[str, Any]
    enabled: bool
    created_at: datetime
    received: int
    created: int
    duplicates: int
    rejected: int


@dataclass(frozen=True, slots=True)
class OpenedSource:
    """A source that has a new secret. `secret`, and `address` to paste into its service, are shown once, then None."""

    source: Source
    secret: str | None
    address: str | None


@dataclass(frozen=True, slots=True)
class InboxItem:
    """What became of one lead: of the `part`-th of a request. `reason` is in the account's language.

    `answers`: what the source's own service said of a lead that the request only names.
    """

    id: UUID
    source_id: UUID
    intake_id: UUID
    part: int
    state: InboxState
    received_at: datetime
    external_id: str | None = None
    payload: Any = None
    deal_id: UUID | None = None
    reason: str | None = None
    reason_code: str | None = None
    attempts: int = 0
    answers: Any = None


@dataclass(frozen=True, slots=True)
class InboxPage:
    """Newest first. `count`: of all that the filter lets through."""

    items: list[InboxItem]
    has_more: bool
    count: int


@dataclass(frozen=True, slots=True)
class Request:
    """What came to a source's address, byte for byte. Header names are in small letters."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Caller:
    """Who posts to a source's address: the secret that the address held, the IP address they call from, and when."""

    secret: str | None
    ip: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Lock:
    """What lets a caller in: a secret with one of these SHA-256, and one of these IP addresses (none named: any).

    `secrets`: those that requests may be signed with, of kinds that sign.
    """

    hashes: tuple[bytes, ...]
    ips: frozenset[str] = frozenset()
    secrets: tuple[str, ...] = ()

    def opens_to(self, caller: Caller) -> bool:
        return self.knows(caller.secret) and (not self.ips or caller.ip in self.ips)

    def knows(self, secret: str | None) -> bool:
        hashed = hash_of(secret or "")
        return any(hmac.compare_digest(hashed, kept) for kept in self.hashes)

    def signed(self, signature: str, message: bytes) -> bool:
        """Whether that is `sha256=` and the hex HMAC of the message by one of the secrets."""
        given = signature.encode(errors="replace")
        return any(hmac.compare_digest(given, _signature(secret, message)) for secret in self.secrets)


@dataclass(frozen=True, slots=True)
class Said:
    """A text as it was written, and the name of the field it stood in."""

    field: str
    text: str


class Direction(StrEnum):
    IN = "incoming"
    OUT = "outgoing"


@dataclass(frozen=True, slots=True)
class Call:
    """How a call went. `seconds` of talk; `at`: RFC 3339, or as the exchange writes it."""

    direction: Direction
    answered: bool
    seconds: int | None = None
    at: str | None = None
    recording: str | None = None

    @property
    def missed(self) -> bool:
        return self.direction is Direction.IN and not self.answered

    def to_json(self) -> dict[str, Any]:
        """What was not said is left out."""
        told = {
            "direction": self.direction.value,
            "answered": self.answered,
            "billsec": self.seconds,
            "startTime": self.at,
            "recording": self.recording,
        }
        return {name: value for name, value in told.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Known:
    """By what the same lead is known when it comes again, and for how long (None: for ever)."""

    key: str
    lasts: timedelta | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Lead:
    """What a request says, in our words: enough to make a deal."""

    payload: Mapping[str, Any]
    known: Known
    title: str | None = None
    name: str | None = None
    phone: Said | None = None
    email: Said | None = None
    amount: Said | None = None  # in the account's currency
    comment: str | None = None
    call: Call | None = None
    taken_by: tuple[str, ...] = ()  # how who took it is called: names and e-mails, the surest first
    came_as: DealSource = DealSource.FORM
    custom_fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Named:
    """A lead that a request only names: its answers are fetched from the source's own service."""

    payload: Mapping[str, Any]
    external_id: str


class NotALead(Exception):
    """What came is none of our business (IGNORED), or says nothing we could make a deal of (REJECTED)."""

    def __init__(
        self, state: InboxState, code: str, sentence: Sentence, payload: object = None, external_id: str | None = None
    ) -> None:
        super().__init__(sentence.en)
        self.state, self.code, self.sentence = state, code, sentence
        self.payload, self.external_id = payload, external_id


@dataclass(frozen=True, slots=True)
class Preview:
    """What a payload would become, and the deal that it would make or be told of."""

    state: InboxState
    deal: Mapping[str, Any] | None = None
    reason: Sentence | None = None


def hash_of(secret: str) -> bytes:
    """SHA-256: all that is kept of a secret."""
    return hashlib.sha256(secret.encode(errors="replace")).digest()


def address(base_url: str, source_id: UUID, secret: str | None = None) -> str:
    """Where a source's service posts to; with the secret, what to paste into that service."""
    path = f"{base_url.rstrip('/')}/sources/{source_id}"
    return path if secret is None else f"{path}/{quote(secret, safe='')}"


def _signature(secret: str, message: bytes) -> bytes:
    return b"sha256=" + hmac.new(secret.encode(), message, hashlib.sha256).hexdigest().encode()
