"""A deal, and how it stands in its stage."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, Self
from uuid import UUID

import orjson

from shared.funnels import Stage, StageKind
from shared.money import Money


class DealStatus(StrEnum):
    OPEN = "OPEN"
    WON = "WON"
    LOST = "LOST"


class DealSource(StrEnum):
    """How a deal came in."""

    MANUAL = "MANUAL"
    FORM = "FORM"
    CALL = "CALL"
    IMPORT = "IMPORT"
    API = "API"


@dataclass(frozen=True, slots=True)
class Contact:
    """`phone` in E.164."""

    name: str
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a deal comes from; `name` is the source's name as it was then."""

    source: DealSource = DealSource.MANUAL
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Deal:
    """`version` rises by one with every change, and so with every event about the deal."""

    id: UUID
    number: int
    funnel_id: UUID
    stage_id: UUID
    title: str
    contact: Contact
    assignee_id: UUID | None
    amount: Money | None
    expected_close_on: date | None
    source: DealSource
    source_name: str | None
    status: DealStatus
    loss_reason_id: UUID | None
    loss_note: str | None
    closed_from_stage_id: UUID | None
    open_task_count: int
    archived: bool
    entered_stage_at: datetime
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    version: int
    custom_fields: Mapping[str, Any]

    @property
    def currency(self) -> str:
        """The counter that the deal counts in: '' without an amount."""
        return self.amount.currency if self.amount else ""

    @property
    def value(self) -> int:
        return self.amount.minor if self.amount else 0

    def to_json(self) -> dict[str, Any]:
        """The deal's own fields as facts: an event holds them as of then."""
        return {
            "id": self.id,
            "number": self.number,
            "funnelId": self.funnel_id,
            "stageId": self.stage_id,
            "title": self.title,
            "contact": {"name": self.contact.name, "phone": self.contact.phone, "email": self.contact.email},
            "assigneeId": self.assignee_id,
            "amount": [self.amount.minor, self.amount.currency] if self.amount else None,
            "expectedCloseOn": self.expected_close_on,
            "source": self.source,
            "sourceName": self.source_name,
            "status": self.status,
            "lossReasonId": self.loss_reason_id,
            "lossNote": self.loss_note,
            "closedFromStageId": self.closed_from_stage_id,
            "openTaskCount": self.open_task_count,
            "archived": self.archived,
            "enteredStageAt": self.entered_stage_at,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
            "closedAt": self.closed_at,
            "version": self.version,
            "customFields": self.custom_fields,
        }

    def differs(self, name: str, value: object) -> bool:
        """Whether a field would change. Python takes 1, 1.0 and true for equal; JSON does not."""
        kept = getattr(self, name)
        if name == "custom_fields":
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS) != orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)
        return bool(value != kept)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        return cls(
            id=UUID(kept["id"]),
            number=kept["number"],
            funnel_id=UUID(kept["funnelId"]),
            stage_id=UUID(kept["stageId"]),
            title=kept["title"],
            contact=Contact(**kept["contact"]),
            assignee_id=_id(kept["assigneeId"]),
            amount=Money(*kept["amount"]) if kept["amount"] else None,
            expected_close_on=date.fromisoformat(kept["expectedCloseOn"]) if kept["expectedCloseOn"] else None,
            source=DealSource(kept["source"]),
            source_name=kept["sourceName"],
            status=DealStatus(kept["status"]),
            loss_reason_id=_id(kept["lossReasonId"]),
            loss_note=kept["lossNote"],
            closed_from_stage_id=_id(kept["closedFromStageId"]),
            open_task_count=kept["openTaskCount"],
            archived=kept["archived"],
            entered_stage_at=datetime.fromisoformat(kept["enteredStageAt"]),
            created_at=datetime.fromisoformat(kept["createdAt"]),
            updated_at=datetime.fromisoformat(kept["updatedAt"]),
            closed_at=datetime.fromisoformat(kept["closedAt"]) if kept["closedAt"] else None,
            version=kept["version"],
            custom_fields=kept["customFields"],
        )

    def entered(self, stage: Stage, at: datetime, *, reason_id: UUID | None, note: str | None) -> "Deal":
        """The deal as it stands in that stage from now on; the same stage again changes the reason at most."""
        status = {StageKind.WON: DealStatus.WON, StageKind.LOST: DealStatus.LOST}.get(stage.kind, DealStatus.OPEN)
        if stage.id == self.stage_id and status is not DealStatus.LOST:
            return self
        if stage.id == self.stage_id:
            return replace(self, loss_reason_id=reason_id or self.loss_reason_id, loss_note=note or self.loss_note)
        closed_from = self.stage_id if self.status is DealStatus.OPEN else self.closed_from_stage_id
        return replace(
            self,
            stage_id=stage.id,
            status=status,
            entered_stage_at=at,
            closed_at=None if status is DealStatus.OPEN else at,
            closed_from_stage_id=None if status is DealStatus.OPEN else closed_from,
            loss_reason_id=reason_id if status is DealStatus.LOST else None,
            loss_note=note if status is DealStatus.LOST else None,
        )


@dataclass(frozen=True, slots=True)
class DealPage:
    """`places`: of each deal, to go on from."""

    deals: list[Deal]
    places: list[tuple[str, UUID]]
    has_more: bool


def idle_from(deal: Deal, stage: Stage) -> datetime | None:
    """From when on the deal has stood in its stage for too long; None: never."""
    if stage.idle_after_days is None:
        return None
    try:
        return deal.entered_stage_at + _days(stage.idle_after_days)
    except OverflowError:  # the clock of a test account may stand near the end of the years that there are
        return None


@cache
def _days(days: int) -> timedelta:
    return timedelta(days=days)


def missing(deal: Deal, stage: Stage) -> tuple[str, ...]:
    """What the product would ask for when a deal has got that far: GraphQL names of fields."""
    return ("amount",) if deal.amount is None and stage.kind in (StageKind.PROGRESS, StageKind.WON) else ()


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None
