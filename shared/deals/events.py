"""What happens to deals. Each event holds the whole deal as of then: it folds without asking the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self
from uuid import UUID

from shared.deals.model import Deal
from shared.funnels import Total


@dataclass(frozen=True, slots=True)
class ColumnTotals:
    """What stands in a stage as of an event."""

    stage_id: UUID
    total: Total


def columns_of(totals: Mapping[UUID, Total]) -> tuple[ColumnTotals, ...]:
    return tuple(ColumnTotals(stage_id, totals[stage_id]) for stage_id in sorted(totals))


@dataclass(frozen=True)
class DealEvent:
    """What all events of one deal say. `columns`: the totals of the stages that it changed."""

    kind: ClassVar[str]
    version: ClassVar[int] = 1

    deal: Deal
    columns: tuple[ColumnTotals, ...]

    def payload(self) -> dict[str, object]:
        return {"deal": self.deal.to_json()} | {
            "columns": [{"stageId": column.stage_id, **column.total.to_json()} for column in self.columns]
        }

    @classmethod
    def from_payload(cls, kept: Mapping[str, Any]) -> Self:
        return cls(**cls._fields(kept))

    @classmethod
    def _fields(cls, kept: Mapping[str, Any]) -> dict[str, Any]:
        columns: Sequence[Mapping[str, Any]] = kept["columns"]
        return {
            "deal": Deal.from_json(kept["deal"]),
            "columns": tuple(ColumnTotals(UUID(column["stageId"]), Total.from_json(column)) for column in columns),
        }


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
    kind: ClassVar[str] = "DealCreated"


@dataclass(frozen=True)
class DealMoved(PlacedEvent):
    kind: ClassVar[str] = "DealMoved"

    from_stage_id: UUID

    def payload(self) -> dict[str, object]:
        return super().payload() | {"fromStageId": self.from_stage_id}

    @classmethod
    def _fields(cls, kept: Mapping[str, Any]) -> dict[str, Any]:
        return super()._fields(kept) | {"from_stage_id": UUID(kept["fromStageId"])}


@dataclass(frozen=True)
class DealUpdated(DealEvent):
    """`changed`: the contract's names of the fields that changed."""

    kind: ClassVar[str] = "DealUpdated"

    changed: tuple[str, ...]

    def payload(self) -> dict[str, object]:
        return super().payload() | {"changed": list(self.changed)}

    @classmethod
    def _fields(cls, kept: Mapping[str, Any]) -> dict[str, Any]:
        return super()._fields(kept) | {"changed": tuple(kept["changed"])}


DEAL_EVENTS: Mapping[str, type[DealEvent]] = {event.kind: event for event in (DealCreated, DealMoved, DealUpdated)}
