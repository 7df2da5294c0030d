"""What happened to a deal, read out of the log: each event compared with the one before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import zip_longest
from typing import Any
from uuid import UUID

import orjson

from shared.accounts import User
from shared.actor import Actor
from shared.db import Transaction
from shared.deals import sql_history
from shared.deals.events import (
    DEAL_EVENTS,
    DealArchived,
    DealCreated,
    DealEvent,
    DealMoved,
    DealRestored,
    DealUpdated,
    Did,
)
from shared.deals.model import Deal
from shared.events import Place
from shared.quick import Form, reader


class DealChangeKind(StrEnum):
    CREATED = "CREATED"
    IMPORTED = "IMPORTED"
    MOVED = "MOVED"
    UPDATED = "UPDATED"
    ARCHIVED = "ARCHIVED"
    RESTORED = "RESTORED"
    NOTE_ADDED = "NOTE_ADDED"
    TASK_ADDED = "TASK_ADDED"
    TASK_DONE = "TASK_DONE"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field by its name in the contract, as JSON before and after."""

    field: str
    before: Any
    after: Any


@dataclass(slots=True)
class HistoryItem:
    """An event of a deal as a row of the log tells it; what it did is worked out when asked.

    `event`: its kind; `did`, `note`, `task`: of an update, and of what; `imported`: by a file. Stages are called as
    they were then; None where the event is no move, or is too old to tell. `payload` is there if changes are asked
    for; `before` is the one of the same deal before it; None: it is the first.
    """

    epoch: UUID
    seq: int
    at: datetime
    event: str
    imported: bool
    did: str | None
    note: str | None
    task: str | None
    from_stage_name: str | None
    to_stage_name: str | None
    actor_kind: str
    actor_id: str | None
    actor_name: str | None
    payload: dict[str, Any] | None
    before: "HistoryItem | None" = field(default=None, compare=False, repr=False)

    @property
    def place(self) -> Place:
        return Place(self.epoch, self.seq)

    @property
    def cursor(self) -> str:
        return self.place.cursor

    @property
    def actor(self) -> Actor:
        return Actor.kept(self.actor_kind, self.actor_id, self.actor_name)

    @property
    def kind(self) -> DealChangeKind:
        if self.event == DealUpdated.kind:
            return DID.get(self.did, DealChangeKind.UPDATED)
        return DealChangeKind.IMPORTED if self.imported else KINDS[self.event]

    @property
    def changes(self) -> tuple[FieldChange, ...]:
        return changes_of(self._told, self.before._told.deal) if self.before else ()  # noqa: SLF001  # of its own class

    @property
    def _told(self) -> DealEvent:
        assert self.payload is not None
        return DEAL_EVENTS[self.event].from_payload(self.payload)

    @property
    def note_id(self) -> UUID | None:
        return UUID(self.note) if self.note else None

    @property
    def task_id(self) -> UUID | None:
        return UUID(self.task) if self.task else None


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """`people`: who did it all, of all pages that were read together."""

    items: list[HistoryItem]
    has_more: bool
    people: Mapping[UUID, User] = field(default_factory=dict, compare=False)


async def history(
    tx: Transaction, deal_ids: Sequence[UUID], first: int, before: int | None = None, *, changes: bool = True
) -> dict[UUID, HistoryPage]:
    """Of each deal, newest first. `before`: from the events on whose numbers are smaller.

    `changes`: whether they are asked for: without, a log's payloads stay where they are.
    """
    found, people = await sql_history.select_newest(tx, deal_ids, before, first + 1, payloads=changes)
    pages = {}
    for deal_id, rows in found.items():
        items = read_items(rows)
        for item, earlier in zip_longest(items, items[1:]):
            item.before = earlier
        pages[deal_id] = HistoryPage(items[:first], has_more=len(items) > first, people=people)
    return pages


KINDS = {
    DealCreated.kind: DealChangeKind.CREATED,
    DealMoved.kind: DealChangeKind.MOVED,
    DealArchived.kind: DealChangeKind.ARCHIVED,
    DealRestored.kind: DealChangeKind.RESTORED,
}
DID: dict[str | None, DealChangeKind] = {
    did.value: DealChangeKind(did) for did in (Did.NOTE_ADDED, Did.TASK_ADDED, Did.TASK_DONE)
}
read_items = reader(Form(HistoryItem), list(sql_history.COLUMNS))


def changes_of(event: DealEvent, before: Deal) -> tuple[FieldChange, ...]:
    """What differs after it. Of a deleted note, what it said, for it is nowhere else."""
    was, now = facts_of(before), facts_of(event.deal)
    changes = [FieldChange(name, was[name], now[name]) for name in now if _json(was[name]) != _json(now[name])]
    if isinstance(event, DealUpdated) and event.did is Did.NOTE_DELETED:
        changes.append(FieldChange("notes", {"id": _text(event.note_id), "text": event.note_text}, None))
    return tuple(changes)


def facts_of(deal: Deal) -> dict[str, Any]:
    """What people change of a deal, by the contract's names, as JSON; what a field refers to by its id.

    Not its stage: the history tells that by its name.
    """
    kept = deal.to_json()
    return {
        "title": deal.title,
        "contact": kept["contact"],
        "assignee": _text(deal.assignee_id),
        "amount": {"amount": str(deal.amount), "currency": deal.amount.currency} if deal.amount else None,
        "expectedCloseOn": _text(deal.expected_close_on),
        "customFields": deal.custom_fields,
        "status": deal.status.value,
        "lossReason": _text(deal.loss_reason_id),
        "lossNote": deal.loss_note,
        "openTaskCount": deal.open_task_count,
    }


def _json(value: object) -> bytes:
    """Python takes 1, 1.0 and true for equal; JSON does not."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
