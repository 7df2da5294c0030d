"""What the model is made of, and its few plain words: a refusal, a change, a place in a row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from shared.money import Money
from shared.spots import Spot, SpotKind

OPEN = ("ENTRY", "PROGRESS")


class Refused(Exception):
    """The first argument is the refusal's name."""


@dataclass
class Stage:
    funnel_id: UUID
    kind: str
    name: str
    probability: int
    requires_amount: bool


@dataclass
class Reason:
    name: str
    requires_note: bool = False
    archived: bool = False


@dataclass
class Funnel:
    """`columns`: the deals of each stage, in the order of the board. `log`: the kinds of what happened."""

    name: str
    viewers: set[UUID]
    columns: dict[UUID, list[UUID]]
    reasons: dict[UUID, Reason]
    archived: bool = False
    version: int = 1
    log: list[str] = field(default_factory=list)


@dataclass
class Deal:
    funnel_id: UUID
    stage_id: UUID
    title: str
    amount: Money | None
    assignee_id: UUID
    status: str = "OPEN"
    reason_id: UUID | None = None
    note: str | None = None
    closed_from: UUID | None = None
    open_tasks: int = 0
    archived: bool = False
    version: int = 1


@dataclass
class Item:
    """A note or a task."""

    deal_id: UUID
    text: str
    done: bool = False


def refuse(condition: bool, name: str) -> None:
    if condition:
        raise Refused(name)


def tell(funnel: Funnel) -> None:
    funnel.version += 1
    funnel.log.append("FunnelChanged")


def index_in(row: Sequence[UUID], spot: Spot) -> int:
    """Where in a row somebody stands at that spot."""
    if spot.neighbour_id is None:
        return 0 if spot.kind is SpotKind.TOP else len(row)
    refuse(spot.neighbour_id not in row, "InvalidInput")
    return row.index(spot.neighbour_id) + (spot.kind is SpotKind.AFTER)


def set_fields(thing: object, fields: Mapping[str, Any]) -> bool:
    """Whether one of them was anything else before."""
    changed = {name: value for name, value in fields.items() if getattr(thing, name) != value}
    for name, value in changed.items():
        setattr(thing, name, value)
    return bool(changed)


def named(made: UUID | None) -> UUID:
    """The id that the product gave. There is none when it refused what the contract allows."""
    assert made is not None
    return made
