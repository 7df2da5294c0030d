"""A funnel with all that belongs to it, as it was at one moment: what the log tells of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from shared.funnels.model import LossReason, Stage, StageKind


@dataclass(frozen=True, slots=True)
class FunnelState:
    """`stages` in the order of the board, deleted ones left out; `viewer_ids` in their own order."""

    name: str
    archived: bool
    stages: tuple[Stage, ...]
    loss_reasons: tuple[LossReason, ...]
    viewer_ids: tuple[UUID, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "archived": self.archived,
            "stages": [
                {
                    "id": stage.id,
                    "name": stage.name,
                    "color": stage.color,
                    "kind": stage.kind,
                    "probability": stage.probability,
                    "idleAfterDays": stage.idle_after_days,
                    "requiresAmount": stage.requires_amount,
                }
                for stage in self.stages
            ],
            "lossReasons": [
                {
                    "id": reason.id,
                    "name": reason.name,
                    "requiresNote": reason.requires_note,
                    "archived": reason.archived,
                }
                for reason in self.loss_reasons
            ],
            "viewerIds": list(self.viewer_ids),
        }

    @classmethod
    def from_json(cls, funnel_id: UUID, kept: Mapping[str, Any]) -> Self:
        return cls(
            kept["name"],
            kept["archived"],
            tuple(
                Stage(
                    UUID(stage["id"]),
                    funnel_id,
                    StageKind(stage["kind"]),
                    stage["name"],
                    stage["color"],
                    stage["probability"],
                    stage["idleAfterDays"],
                    stage["requiresAmount"],
                )
                for stage in kept["stages"]
            ),
            tuple(
                LossReason(UUID(reason["id"]), funnel_id, reason["name"], reason["requiresNote"], reason["archived"])
                for reason in kept["lossReasons"]
            ),
            tuple(UUID(id) for id in kept["viewerIds"]),
        )
