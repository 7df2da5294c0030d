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
from shared.deals.model import Deal, DealSource
from shared.events import Place, Recorded


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


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """An event of a deal, and the one of the same deal before it; None: it is the first. What it tells is read when asked.

    Stages are called as they were then; None where the event is no move, or is too old to tell.
    """

    now: Recorded
    before: Recorded | None

    @property
    def place(self) -> Place:
        return self.now.place

    @property
    def cursor(self) -> str:
        return self.place.cursor

    @property
    def seq(self) -> int:
        return self.place.seq

    @property
    def at(self) -> datetime:
        return self.now.at

    @property
    def actor(self) -> Actor:
        return self.now.actor

    @property
    def kind(self) -> DealChangeKind:
        return kind_of(self.now)

    @property
    def from_stage_name(self) -> str | None:
        name: str | None = self.now.payload.get("fromStageName")
        return name

    @property
    def to_stage_name(self) -> str | None:
        name: str | None = self.now.payload.get("toStageName")
        return name

    @property
    def changes(self) -> tuple[FieldChange, ...]:
        return changes_of(_event(self.now), _event(self.before).deal) if self.before else ()

    @property
    def note_id(self) -> UUID | None:
        return _id(self.now.payload.get("noteId"))

    @property
    def task_id(self) -> UUID | None:
        return _id(self.now.payload.get("taskId"))


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """`people`: who did it all, of all pages that were read together."""

    items: list[HistoryItem]
    has_more: bool
    people: Mapping[UUID, User] = field(default_factory=dict, compare=False)


async def history(
    tx: Transaction, deal_ids: Sequence[UUID], first: int, before: int | None = None
) -> dict[UUID, HistoryPage]:
    """Of each deal, newest first. `before`: from the events on whose numbers are smaller."""
    found, people = await sql_history.select_newest(tx, deal_ids, before, first + 1)
    return {
        deal_id: HistoryPage(
            [HistoryItem(now, then) for now, then in zip_longest(told, told[1:])][:first],
            has_more=len(told) > first,
            people=people,
        )
        for deal_id, told in found.items()
    }


KINDS = {
    DealCreated.kind: DealChangeKind.CREATED,
    DealMoved.kind: DealChangeKind.MOVED,
    DealArchived.kind: DealChangeKind.ARCHIVED,
    DealRestored.kind: DealChangeKind.RESTORED,
}
DID = {did.value: DealChangeKind(did) for did in (Did.NOTE_ADDED, Did.TASK_ADDED, Did.TASK_DONE)}


def kind_of(recorded: Recorded) -> DealChangeKind:
    kind = KINDS.get(recorded.kind)
    if kind is None:
        return DID.get(recorded.payload.get("did", ""), DealChangeKind.UPDATED)
    if kind is DealChangeKind.CREATED and recorded.payload["deal"]["source"] == DealSource.IMPORT:
        return DealChangeKind.IMPORTED
    return kind


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


def _event(recorded: Recorded) -> DealEvent:
    return DEAL_EVENTS[recorded.kind].from_payload(recorded.payload)


def _json(value: object) -> bytes:
    """Python takes 1, 1.0 and true for equal; JSON does not."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def _text(value: object) -> str | None:
    return None if value is None else str(value)
