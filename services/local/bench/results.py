"""What a case found: how much each side did, for how much, and what is claimed of the two."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

MILLI = 1_000


@dataclass
class Measured:
    """One side of a case. `server` and `postgres`: seconds of CPU; `memory`: bytes of the server at the end."""

    count: int = 0
    seconds: float = 0.0
    server: float = 0.0
    postgres: float = 0.0
    p50: float | None = None
    p99: float | None = None
    bytes: float | None = None  # of an answer
    memory: int | None = None

    @property
    def rate(self) -> float:
        return self.count / self.seconds if self.seconds else 0.0

    @property
    def server_ms(self) -> float:
        """CPU of one."""
        return self.server * MILLI / self.count if self.count else 0.0

    @property
    def postgres_ms(self) -> float:
        return self.postgres * MILLI / self.count if self.count else 0.0

    def to_json(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "perSecond": round(self.rate, 1),
            "serverCpuMs": round(self.server_ms, 4),
            "postgresCpuMs": round(self.postgres_ms, 4),
            "p50Ms": _ms(self.p50),
            "p99Ms": _ms(self.p99),
            "bytes": None if self.bytes is None else round(self.bytes),
            "memoryBytes": self.memory,
        }


@dataclass(frozen=True)
class Claim:
    """Something that has a goal. `most`: the goal is not to be above it; else not to be below."""

    what: str
    value: float
    goal: float
    unit: str = "×"
    most: bool = True

    @property
    def reached(self) -> bool:
        return self.value <= self.goal if self.most else self.value >= self.goal

    @property
    def sentence(self) -> str:
        return f"{self.what} {number(self.value)} {self.unit} (goal {'≤' if self.most else '≥'} {number(self.goal)})"

    def to_json(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "value": round(self.value, 4),
            "unit": self.unit,
            "goal": f"{'<=' if self.most else '>='} {self.goal:g}",
            "reached": self.reached,
        }


@dataclass
class Outcome:
    """`one`: what is counted; `sides` by name, the product's first."""

    case: str
    about: str
    one: str
    sides: dict[str, Measured]
    claims: list[Claim] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "case": self.case,
            "about": self.about,
            "one": self.one,
            "sides": {name: side.to_json() for name, side in self.sides.items()},
            "claims": [claim.to_json() for claim in self.claims],
            "notes": self.notes,
        }


def ratio(value: float, by: float) -> float:
    return value / by if by else 0.0


def percentile(seconds: Sequence[float], share: float) -> float:
    """Within how many that share of them lies."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def number(value: float) -> str:
    """With three digits that matter."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * MILLI, 3)
