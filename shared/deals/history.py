"""What happened to a deal, read out of the log: each event compared with the one before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import zip_longest
from typing import Any
from uuid import UUID

import orjson

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
    """Stages are called as they were then; None where it entered none, or the event is too old to tell."""

    place: Place
    at: datetime
    actor: Actor
    kind: DealChangeKind
    from_stage_name: str | None
    to_stage_name: str | None
    changes: tuple[FieldChange, ...]
    note_id: UUID | None
    task_id: UUID | None


@dataclass(frozen=True, slots=True)
class HistoryPage:
    items: list[HistoryItem]
    has_more: bool


async def history(
    tx: Transaction, deal_ids: Sequence[UUID], first: int, before: int | None = None
) -> dict[UUID, HistoryPage]:
    """Of each deal, newest first. `before`: from the events on whose numbers are smaller."""
    found = await sql_history.select_newest(tx, deal_ids, before, first + 1)
    return {
        deal_id: HistoryPage(
            [item_of(now, then) for now, then in zip_longest(told, told[1:])][:first],
            has_more=len(told) > first,
        )
        for deal_id, told in found.items()
    }


def item_of(recorded: Recorded, before: Recorded | None) -> HistoryItem:
    """`before`: the event of the same deal before that one; None: it is the first."""
    event, then = _event(recorded), _event(before) if before else None
    move = event if isinstance(event, DealMoved) else None
    entered = event if isinstance(event, DealMoved | DealCreated) else None
    about = event if isinstance(event, DealUpdated) else None
    return HistoryItem(
        recorded.place,
        recorded.at,
        recorded.actor,
        kind_of(event),
        move.from_stage_name if move else None,
        entered.to_stage_name if entered else None,
        changes_of(event, then.deal) if then else (),
        about.note_id if about else None,
        about.task_id if about else None,
    )


def kind_of(event: DealEvent) -> DealChangeKind:
    match event:
        case DealCreated():
            imported = event.deal.source is DealSource.IMPORT
            return DealChangeKind.IMPORTED if imported else DealChangeKind.CREATED
        case DealMoved():
            return DealChangeKind.MOVED
        case DealArchived():
            return DealChangeKind.ARCHIVED
        case DealRestored():
            return DealChangeKind.RESTORED
        case DealUpdated(did=Did.NOTE_ADDED | Did.TASK_ADDED | Did.TASK_DONE as did):
            return DealChangeKind(did)
        case _:
            return DealChangeKind.UPDATED


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


def _text(value: object) -> str | None:
    return None if value is None else str(value)
