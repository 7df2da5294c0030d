"""A funnel and its parts, and what of them a client may write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from shared import ids
from shared.errors import Sentence
from shared.forms import Form, Path
from shared.money import Money, half_up

MOST_STAGES = 50
MOST_LOSS_REASONS = 100
MOST_VIEWERS = 200
LONGEST_IDLE = 3_650  # days

ENTRY_NAME = Sentence("New requests", "Не опрацьовані звернення")
WON_NAME = Sentence("Won", "Успішно реалізовано")
LOST_NAME = Sentence("Lost", "Втрачено")
OTHER_REASON = Sentence("Other", "Інше")
ENTRY_COLOR, WON_COLOR, LOST_COLOR = "#64748B", "#16A34A", "#DC2626"
NOT_ON_ENTRY = Sentence(
    "Deals enter here before anybody knows an amount.", "Сюди угоди потрапляють, коли суми ще ніхто не знає."
)


class StageKind(StrEnum):
    """Entry, won and lost are built in, once each; the own stages of a funnel are PROGRESS."""

    ENTRY = "ENTRY"
    PROGRESS = "PROGRESS"
    WON = "WON"
    LOST = "LOST"


@dataclass(frozen=True, slots=True)
class Funnel:
    id: UUID
    name: str
    archived: bool
    created_at: datetime
    updated_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Stage:
    """`probability`: how likely a deal that stands here is won, 0 to 100."""

    id: UUID
    funnel_id: UUID
    kind: StageKind
    name: str
    color: str
    probability: int
    idle_after_days: int | None
    requires_amount: bool

    @property
    def is_open(self) -> bool:
        return self.kind in (StageKind.ENTRY, StageKind.PROGRESS)


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
class FunnelPage:
    funnels: list[Funnel]
    has_more: bool
    count: int


@dataclass(frozen=True, slots=True)
class NewStage:
    id: UUID
    kind: StageKind
    name: str
    color: str
    probability: int
    idle_after_days: int | None
    requires_amount: bool


@dataclass(frozen=True, slots=True)
class NewFunnel:
    """`chosen`: the ids that the client made, by their paths in the input."""

    id: UUID
    name: str
    viewer_ids: tuple[UUID, ...]
    stages: tuple[NewStage, ...]  # in their order: entry, own, won, lost
    loss_reasons: tuple[str, ...]
    chosen: Mapping[Path, UUID]

    @classmethod
    def read(cls, given: Mapping[str, Any], language: str) -> Self:
        """`language`: of the names of what is built in. Raises InvalidInput with all problems of form."""
        form = Form()
        id = form.new_id(("id",), given.get("id"))
        name = form.text(("name",), given["name"])
        viewers = [ids.read(text) for text in given["viewer_ids"]]
        form.at_most(("viewerIds",), len(viewers), MOST_VIEWERS)
        form.different(("viewerIds",), viewers)
        own: Sequence[Mapping[str, Any]] = given["stages"]
        form.at_most(("stages",), len(own), MOST_STAGES)
        entry = given.get("entry") or {"name": ENTRY_NAME.to(language), "color": ENTRY_COLOR}
        if entry.get("requires_amount"):
            form.refuse(("entry", "requiresAmount"), NOT_ON_ENTRY)
        open_stages = [(("entry",), entry), *((("stages", str(index)), stage) for index, stage in enumerate(own))]
        stages = [
            read_stage(form, path, stage, StageKind.PROGRESS if index else StageKind.ENTRY, (index, len(open_stages)))
            for index, (path, stage) in enumerate(open_stages[: MOST_STAGES + 1])
        ]
        for kind, built_in, color in ((StageKind.WON, WON_NAME, WON_COLOR), (StageKind.LOST, LOST_NAME, LOST_COLOR)):
            probability = 100 if kind is StageKind.WON else 0
            stages.append(NewStage(ids.new(), kind, built_in.to(language), color, probability, None, False))
        reasons: Sequence[str] = given["loss_reasons"]
        form.at_most(("lossReasons",), len(reasons), MOST_LOSS_REASONS)
        names = [form.text(("lossReasons", str(index)), text) for index, text in enumerate(reasons[:MOST_LOSS_REASONS])]
        chosen: dict[Path, UUID] = {("id",): id} if given.get("id") else {}
        chosen |= {
            (*path, "id"): stage.id for (path, text), stage in zip(open_stages, stages, strict=False) if text.get("id")
        }
        form.different((), list(chosen.values()), list(chosen))
        form.check()
        return cls(id, name, tuple(viewers), tuple(stages), tuple(names) or (OTHER_REASON.to(language),), chosen)


def read_stage(form: Form, path: Path, given: Mapping[str, Any], kind: StageKind, place: tuple[int, int]) -> NewStage:
    """`place`: which one it is of how many open stages; without a probability given, they rise evenly."""
    index, count = place
    probability, idle = given.get("probability"), given.get("idle_after_days")
    return NewStage(
        form.new_id((*path, "id"), given.get("id")),
        kind,
        form.text((*path, "name"), given.get("name")),
        form.color((*path, "color"), given.get("color")),
        even_probability(index, count)
        if probability is None
        else form.number((*path, "probability"), probability, 0, 100),
        None if idle is None else form.number((*path, "idleAfterDays"), idle, 1, LONGEST_IDLE),
        bool(given.get("requires_amount")),
    )


def even_probability(index: int, count: int) -> int:
    """Of the open stage with that index (the entry is 0), between nothing and won."""
    return half_up(100 * (index + 1), count + 1)
