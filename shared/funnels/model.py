"""A funnel and its parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from shared.money import Money, half_up
from shared.spots import Spot, SpotKind


class StageKind(StrEnum):
    """Entry, won and lost are built in, once each; the own stages of a funnel are PROGRESS."""

    ENTRY = "ENTRY"
    PROGRESS = "PROGRESS"
    WON = "WON"
    LOST = "LOST"


@dataclass(frozen=True, slots=True)
class Funnel:
    """`version` rises by one with every event of the funnel itself."""

    id: UUID
    name: str
    archived: bool
    created_at: datetime
    updated_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Stage:
    """`probability`: how likely a deal that stands here is won, 0 to 100. A deleted one is still named by the log."""

    id: UUID
    funnel_id: UUID
    kind: StageKind
    name: str
    color: str
    probability: int
    idle_after_days: int | None
    requires_amount: bool
    deleted: bool = False

    @property
    def is_open(self) -> bool:
        return self.kind in (StageKind.ENTRY, StageKind.PROGRESS)

    @property
    def is_own(self) -> bool:
        """Made by people, who may also move and delete it."""
        return self.kind is StageKind.PROGRESS


@dataclass(frozen=True, slots=True)
class LossReason:
    id: UUID
    funnel_id: UUID
    name: str
    requires_note: bool
    archived: bool


@dataclass(frozen=True, slots=True)
class Total:
    """What stands in a stage: how many deals, and their value in each currency that has an amount in it."""

    deals: int = 0
    value: tuple[Money, ...] = ()

    def __add__(self, other: "Total") -> "Total":
        value: dict[str, int] = {}
        for money in (*self.value, *other.value):
            value[money.currency] = value.get(money.currency, 0) + money.minor
        return Total(self.deals + other.deals, tuple(Money(value[code], code) for code in sorted(value)))

    def to_json(self) -> dict[str, Any]:
        return {"deals": self.deals, "value": [[money.minor, money.currency] for money in self.value]}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        return cls(kept["deals"], tuple(Money(minor, currency) for minor, currency in kept["value"]))


@dataclass(frozen=True, slots=True)
class Tally:
    """A stage's counters: by currency, how many deals and how many minor units. '' counts deals without an amount."""

    counters: Mapping[str, tuple[int, int]]

    @property
    def total(self) -> Total:
        counted = {currency: counter for currency, counter in self.counters.items() if counter[0]}
        return Total(
            sum(deals for deals, _ in counted.values()),
            tuple(Money(counted[currency][1], currency) for currency in sorted(counted) if currency),
        )

    def plus(self, currency: str, deals: int, value: int) -> "Tally":
        """What it is when so much is added."""
        counted = self.counters.get(currency, (0, 0))
        return Tally({**self.counters, currency: (counted[0] + deals, counted[1] + value)})


@dataclass(frozen=True, slots=True)
class FunnelPage:
    funnels: list[Funnel]
    has_more: bool
    count: int


def even_probability(index: int, count: int) -> int:
    """Of the open stage with that index (the entry is 0) among so many, between nothing and won."""
    return half_up(100 * (index + 1), count + 1)


def probability_between(before: int, after: int) -> int:
    """Of a stage that comes between two others: in the middle, so that a row that rises goes on rising."""
    return half_up(before + after, 2)


def index_at(own: Sequence[Stage], spot: Spot) -> int | None:
    """Which one of the own stages somebody will be at that spot; None when its neighbour is none of them."""
    if spot.kind is SpotKind.TOP:
        return 0
    if spot.kind is SpotKind.BOTTOM:
        return len(own)
    here = next((index for index, stage in enumerate(own) if stage.id == spot.neighbour_id), None)
    return None if here is None else here + (spot.kind is SpotKind.AFTER)
