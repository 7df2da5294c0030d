"""A source of deals, the requests that it sends, the leads in them, and the inbox where each can be seen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from shared import ids
from shared.deals import DealSource
from shared.errors import Sentence
from shared.forms import Form

SECRET_TOO_SHORT = Sentence("A secret has 16 to 200 characters.", "Секрет має від 16 до 200 символів.")
SHORTEST_SECRET, LONGEST_SECRET = 16, 200


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
class InboxItem:
    id: UUID
    source_id: UUID
    state: InboxState
    received_at: datetime
    external_id: str | None
    payload: Any
    deal_id: UUID | None
    reason: str | None
    reason_code: str | None
    attempts: int


@dataclass(frozen=True, slots=True)
class InboxPage:
    items: list[InboxItem]
    has_more: bool
    count: int


@dataclass(frozen=True, slots=True)
class Request:
    """What came to a source's address, byte for byte. Header names are in small letters."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Lead:
    """What a request says, in our words: enough to make a deal, or to say why none is made.

    `key`: the same lead again has the same one, for `key_lasts` (None: for ever). `phone` is as it was written.
    """

    payload: Mapping[str, Any]
    key: str
    key_lasts: timedelta | None = None
    external_id: str | None = None
    title: str | None = None
    name: str | None = None
    phone: str | None = None
    email: str | None = None
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
        if secret is not None and not (
            SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET and secret.isascii() and secret.isprintable()
        ):
            form.refuse(("secret",), SECRET_TOO_SHORT)
        form.check()
        return new
