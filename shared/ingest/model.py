"""A source of deals, the requests that it sends, the leads in them, and the inbox where each can be seen."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self
from urllib.parse import quote
from uuid import UUID

import jmespath
from jmespath.exceptions import JMESPathError

from shared import ids
from shared.deals import DealSource
from shared.errors import Sentence
from shared.forms import Form

SECRET_TOO_SHORT = Sentence("A secret has 16 to 200 characters.", "Секрет має від 16 до 200 символів.")
NO_EXPRESSION = Sentence(
    "This is no JMESPath expression of at most 500 characters, such as client.phone.",
    "Це не вираз JMESPath до 500 символів, приклад: client.phone.",
)
SHORTEST_SECRET, LONGEST_SECRET = 16, 200
LONGEST_EXPRESSION = 500


class SourceKind(StrEnum):
    FORM = "FORM"
    BINOTEL = "BINOTEL"


class Assignment(StrEnum):
    """Who gets a deal: the source's assignee; who took the call, else the assignee."""

    FIXED = "FIXED"
    CALL_TAKER = "CALL_TAKER"


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
class CreatedSource:
    """A new source. `secret`, and `address`, which holds it, are shown once, then None: only a hash is kept."""

    source: Source
    secret: str | None
    address: str | None


@dataclass(frozen=True, slots=True)
class InboxItem:
    """What became of one lead: of the `part`-th of a request. `reason` is in the account's language."""

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
    """Who posts to a source's address: the secret that the address held, and the IP address they call from."""

    secret: str | None
    ip: str | None


@dataclass(frozen=True, slots=True)
class Lock:
    """What lets a caller in: a secret with this SHA-256, and one of these IP addresses (none named: any)."""

    secret_hash: bytes
    ips: frozenset[str] = frozenset()

    def opens_to(self, caller: Caller) -> bool:
        secret = hash_of(caller.secret or "")
        return hmac.compare_digest(secret, self.secret_hash) and (not self.ips or caller.ip in self.ips)


@dataclass(frozen=True, slots=True)
class Said:
    """A text as it was written, and the name of the field it stood in."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Lead:
    """What a request says, in our words: enough to make a deal.

    `key`: the same lead again has the same one, for `key_lasts` (None: for ever). What turns out to be unreadable
    is kept among the custom fields, under its field's name.
    """

    payload: Mapping[str, Any]
    key: str
    key_lasts: timedelta | None = None
    external_id: str | None = None
    title: str | None = None
    name: str | None = None
    phone: Said | None = None
    email: Said | None = None
    amount: Said | None = None  # in the account's currency
    taken_by: str | None = None  # the e-mail of the employee who took the call
    came_as: DealSource = DealSource.FORM
    custom_fields: Mapping[str, Any] = field(default_factory=dict)


class NotALead(Exception):
    """What came is none of our business (IGNORED), or says nothing we could make a deal of (REJECTED)."""

    def __init__(
        self, state: InboxState, code: str, sentence: Sentence, payload: object = None, external_id: str | None = None
    ) -> None:
        super().__init__(sentence.en)
        self.state, self.code, self.sentence = state, code, sentence
        self.payload, self.external_id = payload, external_id


@dataclass(frozen=True, slots=True)
class NewSource:
    """`secret`: chosen by whoever sets the source up; None: we make one."""

    name: str
    kind: SourceKind
    funnel_id: UUID
    assignee_id: UUID | None
    assignment: Assignment
    attach_to_open_deal: bool
    mapping: Mapping[str, Any]
    secret: str | None

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Raises InvalidInput with all problems of form."""
        form, secret, assignee = Form(), given.get("secret"), given.get("assignee_id")
        new = cls(
            form.text(("name",), given["name"]),
            given["kind"],
            ids.read(given["funnel_id"]),
            ids.read(assignee) if assignee is not None else None,
            given.get("assignment") or Assignment.FIXED,
            given.get("attach_to_open_deal") is not False,
            form.json_object(("mapping",), given["mapping"]) if given.get("mapping") is not None else {},
            secret,
        )
        for key, expression in new.mapping.items():
            if not is_expression(expression):
                form.refuse(("mapping", key), NO_EXPRESSION)
        if secret is not None and not (
            SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET and secret.isascii() and secret.isprintable()
        ):
            form.refuse(("secret",), SECRET_TOO_SHORT)
        form.check()
        return new


def hash_of(secret: str) -> bytes:
    """SHA-256: all that is kept of a secret."""
    return hashlib.sha256(secret.encode(errors="replace")).digest()


def address(base_url: str, source_id: UUID, secret: str | None = None) -> str:
    """Where a source's service posts to; with the secret, what to paste into that service."""
    path = f"{base_url.rstrip('/')}/sources/{source_id}"
    return path if secret is None else f"{path}/{quote(secret, safe='')}"


def is_expression(text: object) -> bool:
    """Whether a mapping may have it: JMESPath."""
    if not isinstance(text, str) or len(text) > LONGEST_EXPRESSION:
        return False
    try:
        jmespath.compile(text)
    except (JMESPathError, RecursionError):
        return False
    return True
