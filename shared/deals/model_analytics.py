"""What a funnel did in a period: counts, shares and times."""

from dataclasses import dataclass
from uuid import UUID

from shared.deals.model import DealSource
from shared.funnels import Stage
from shared.money import Money


@dataclass(frozen=True, slots=True)
class StageAnalytics:
    """`conversion`: None when nothing entered; the hours: None when no visit of the period has ended."""

    stage: Stage
    entered: int
    moved: int
    won: int
    lost: int
    conversion: float | None
    median_hours: float | None
    average_hours: float | None


@dataclass(frozen=True, slots=True)
class LossReasonCount:
    reason_id: UUID | None
    count: int
    value: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class SourceCount:
    source: DealSource
    created: int
    won: int


@dataclass(frozen=True, slots=True)
class FunnelAnalytics:
    """Of a period: `won` and `lost` count deals that were closed in it and are closed so still."""

    created: int
    won: int
    lost: int
    won_value: tuple[Money, ...]
    average_days_to_win: float | None
    stages: tuple[StageAnalytics, ...]
    loss_reasons: tuple[LossReasonCount, ...]
    sources: tuple[SourceCount, ...]
    forecast: tuple[Money, ...]

    @property
    def win_rate(self) -> float | None:
        """Of the deals that were closed, the share that was won."""
        closed = self.won + self.lost
        return self.won / closed if closed else None
