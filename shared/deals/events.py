"""What happens to deals. Each event holds the whole deal as of then: it folds without asking the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Self
from uuid import UUID

from shared.deals.model import Deal
from shared.funnels import Total


@dataclass(frozen=True, slots=True)
class ColumnTotals:
    """What stands in a stage as of an event."""

    stage_id: UUID
    total: Total


def columns_to_json(columns: Sequence[ColumnTotals]) -> list[dict[str, object]]:
    return [{"stageId": column.stage_id, **column.total.to_json()} for column in columns]


def columns_from_json(kept: Sequence[Mapping[str, Any]]) -> tuple[ColumnTotals, ...]:
    return tuple(ColumnTotals(UUID(column["stageId"]), Total.from_json(column)) for column in kept)


@dataclass(frozen=True)
class DealEvent:
    """What all events of one deal say. `columns`: the totals of the stages that it changed."""

    kind: ClassVar[str]
    version: ClassVar[int] = 1

    deal: Deal
    columns: tuple[ColumnTotals, ...]

    @property
    def deal_id(self) -> UUID:
        return self.deal.id

    def payload(self) -> dict[str, object]:
        return {"deal": self.deal.to_json(), "columns": columns_to_json(self.columns)}

    @classmethod
    def from_payload(cls, kept: Mapping[str, Any]) -> Self:
        return cls(**cls._fields(kept))

    @classmethod
    def _fields(cls, kept: Mapping[str, Any]) -> dict[str, Any]:
        return {"deal": Deal.from_json(kept["deal"]), "columns": columns_from_json(kept["columns"])}


@dataclass(frozen=True)
class PlacedEvent(DealEvent):
    """`placed_after`: the deal directly before it in the whole column; None: it is on top."""

    placed_after: UUID | None

    def payload(self) -> dict[str, object]:
        return super().payload() | {"placedAfter": self.placed_after}

    @classmethod
    def _fields(cls, kept: Mapping[str, Any]) -> dict[str, Any]:
        return super()._fields(kept) | {"placed_after": UUID(kept["placedAfter"]) if kept["placedAfter"] else None}


@dataclass(frozen=True)
class DealCreated(PlacedEvent):
    """The stage's name is as it was then; None: version 1 did not keep it."""

    kind: ClassVar[str] = "DealCreated"
    version: ClassVar[int] = 2

    to_stage_name: str | None = None

    def payload(self) -> dict[str, object]:
        return super().payload() | {"toStageName": self.to_stage_name}

    @classmethod
    def _fields(cls, kept: Mapping[str, Any]) -> dict[str, Any]:
        return super()._fields(kept) | {"to_stage_name": kept.get("toStageName")}


@dataclass(frozen=True)
class DealMoved(PlacedEvent):
    """The stages' names are as they were then; None: version 1 did not keep them."""

    kind: ClassVar[str] = "DealMoved"
    version: ClassVar[int] = 2

    from_stage_id: UUID
    from_stage_name: str | None = None
    to_stage_name: str | None = None

    def payload(self) -> dict[str, object]:
        return super().payload() | {
            "fromStageId": self.from_stage_id,
            "fromStageName": self.from_stage_name,
            "toStageName": self.to_stage_name,
        }

    @classmethod
    def _fields(cls, kept: Mapping[str, Any]) -> dict[str, Any]:
        return super()._fields(kept) | {
            "from_stage_id": UUID(kept["fromStageId"]),
            "from_stage_name": kept.get("fromStageName"),
            "to_stage_name": kept.get("toStageName"),
        }


class Did(StrEnum):
    """What was done with a note or a task of a deal."""

    NOTE_ADDED = "NOTE_ADDED"
    NOTE_CHANGED = "NOTE_CHANGED"
    NOTE_DELETED = "NOTE_DELETED"
    TASK_ADDED = "TASK_ADDED"
    TASK_CHANGED = "TASK_CHANGED"
    TASK_DONE = "TASK_DONE"
    TASK_REOPENED = "TASK_REOPENED"


@dataclass(frozen=True)
class DealUpdated(DealEvent):
    """`changed`: the contract's names of the fields that changed. `did`: what with which note or task, if with one.

    `note_text`: what a note said that was deleted, for it is nowhere else; None: version 1 did not keep it.
    """

    kind: ClassVar[str] = "DealUpdated"
    version: ClassVar[int] = 2

    changed: tuple[str, ...]
    did: Did | None = None
    note_id: UUID | None = None
    task_id: UUID | None = None
    note_text: str | None = None

    def payload(self) -> dict[str, object]:
        extras = {"did": self.did, "noteId": self.note_id, "taskId": self.task_id, "noteText": self.note_text}
        return (
            super().payload()
            | {"changed": list(self.changed)}
            | {name: value for name, value in extras.items() if value is not None}
        )

    @classmethod
    def _fields(cls, kept: Mapping[str, Any]) -> dict[str, Any]:
        return super()._fields(kept) | {
            "changed": tuple(kept["changed"]),
            "did": Did(kept["did"]) if "did" in kept else None,
            "note_id": UUID(kept["noteId"]) if "noteId" in kept else None,
            "task_id": UUID(kept["taskId"]) if "taskId" in kept else None,
            "note_text": kept.get("noteText"),
        }


@dataclass(frozen=True)
class DealArchived(DealEvent):
    """The deal is on no board any more."""

    kind: ClassVar[str] = "DealArchived"


@dataclass(frozen=True)
class DealRestored(PlacedEvent):
    """The deal is on the board again, where its stage is now."""

    kind: ClassVar[str] = "DealRestored"


@dataclass(frozen=True)
class DealsImported:
    """A batch of a file, all at once on top of the entry stage, the first one topmost.

    The stage's name is as it was then; None: version 1 did not keep it.
    """

    kind: ClassVar[str] = "DealsImported"
    version: ClassVar[int] = 2

    deals: tuple[Deal, ...]
    columns: tuple[ColumnTotals, ...]
    to_stage_name: str | None = None

    def payload(self) -> dict[str, object]:
        return {
            "deals": [deal.to_json() for deal in self.deals],
            "columns": columns_to_json(self.columns),
            "toStageName": self.to_stage_name,
        }

    @classmethod
    def from_payload(cls, kept: Mapping[str, Any]) -> Self:
        deals = tuple(Deal.from_json(deal) for deal in kept["deals"])
        return cls(deals, columns_from_json(kept["columns"]), kept.get("toStageName"))


DEAL_EVENTS: Mapping[str, type[DealEvent]] = {
    event.kind: event for event in (DealCreated, DealMoved, DealUpdated, DealArchived, DealRestored)
}
