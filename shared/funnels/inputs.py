"""What a client may write of a funnel and its parts. Each `read` raises InvalidInput with all problems of form."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self
from uuid import UUID

from shared import ids
from shared.errors import Sentence
from shared.forms import NOT_NULL, Form, Path
from shared.funnels.model import StageKind, even_probability
from shared.funnels.templates import ENTRY, OTHER_REASON, TEMPLATES
from shared.spots import Spot, SpotKind

MOST_STAGES = 50
MOST_LOSS_REASONS = 100
MOST_VIEWERS = 200
LONGEST_IDLE = 3_650  # days

WON_NAME = Sentence("Won", "Успішно реалізовано")
LOST_NAME = Sentence("Lost", "Втрачено")
WON_COLOR, LOST_COLOR = "#16A34A", "#DC2626"
NOT_ON_ENTRY = Sentence(
    "Deals enter here before anybody knows an amount.", "Сюди угоди потрапляють, коли суми ще ніхто не знає."
)


@dataclass(frozen=True, slots=True)
class NewStage:
    """`probability` is None where it follows from the stages around."""

    id: UUID
    kind: StageKind
    name: str
    color: str
    probability: int | None
    idle_after_days: int | None
    requires_amount: bool

    @classmethod
    def read(cls, form: Form, path: Path, given: Mapping[str, Any], kind: StageKind = StageKind.PROGRESS) -> Self:
        probability, idle = given.get("probability"), given.get("idle_after_days")
        return cls(
            form.new_id((*path, "id"), given.get("id")),
            kind,
            form.text((*path, "name"), given.get("name")),
            form.color((*path, "color"), given.get("color")),
            None if probability is None else read_probability(form, (*path, "probability"), probability),
            None if idle is None else read_idle(form, (*path, "idleAfterDays"), idle),
            bool(given.get("requires_amount")),
        )


@dataclass(frozen=True, slots=True)
class NewFunnel:
    """`chosen`: the ids that the client made, by their paths in the input."""

    id: UUID
    name: str
    viewer_ids: tuple[UUID, ...]
    stages: tuple[NewStage, ...]  # in their order: entry, own, won, lost
    loss_reasons: tuple[str, ...]
    chosen: Mapping[Path, UUID]
    template_id: UUID | None = None

    @classmethod
    def read(cls, given: Mapping[str, Any], language: str) -> Self:
        """`language`: of the names of what is built in, and of a template's."""
        template_id = ids.read(given["template_id"]) if given.get("template_id") is not None else None
        template = TEMPLATES.get(template_id) if template_id else None
        filled = template.filled(given, language) if template else given
        form = Form()
        id = form.new_id(("id",), given.get("id"))
        name = form.text(("name",), given["name"])
        viewers = read_viewers(form, given["viewer_ids"])
        stages, chosen = _read_stages(form, filled, language)
        names = _read_reasons(form, filled["loss_reasons"])
        chosen = ({("id",): id} if given.get("id") else {}) | chosen
        form.different((), list(chosen.values()), list(chosen))
        form.check()
        return cls(id, name, viewers, stages, names or (OTHER_REASON.to(language),), chosen, template_id)


def _read_stages(form: Form, given: Mapping[str, Any], language: str) -> tuple[tuple[NewStage, ...], dict[Path, UUID]]:
    """All stages of a new funnel, and those of their ids that the client chose. Probabilities rise evenly."""
    own: Sequence[Mapping[str, Any]] = given["stages"]
    form.at_most(("stages",), len(own), MOST_STAGES)
    entry: Mapping[str, Any] = given.get("entry") or ENTRY.to_given(language)
    if entry.get("requires_amount"):
        form.refuse(("entry", "requiresAmount"), NOT_ON_ENTRY)
    open_stages: list[tuple[Path, Mapping[str, Any]]] = [(("entry",), entry)]
    open_stages += [(("stages", str(index)), stage) for index, stage in enumerate(own[:MOST_STAGES])]
    stages, chosen = [], {}
    for index, (path, one) in enumerate(open_stages):
        stage = NewStage.read(form, path, one, StageKind.PROGRESS if index else StageKind.ENTRY)
        if stage.probability is None:
            stage = replace(stage, probability=even_probability(index, len(open_stages)))
        if one.get("id"):
            chosen[(*path, "id")] = stage.id
        stages.append(stage)
    won = NewStage(ids.new(), StageKind.WON, WON_NAME.to(language), WON_COLOR, 100, None, False)
    lost = NewStage(ids.new(), StageKind.LOST, LOST_NAME.to(language), LOST_COLOR, 0, None, False)
    return (*stages, won, lost), chosen


def _read_reasons(form: Form, given: Sequence[str]) -> tuple[str, ...]:
    form.at_most(("lossReasons",), len(given), MOST_LOSS_REASONS)
    return tuple(form.text(("lossReasons", str(index)), text) for index, text in enumerate(given[:MOST_LOSS_REASONS]))


@dataclass(frozen=True, slots=True)
class FunnelChanges:
    """What to change of a funnel: None leaves it as it is."""

    funnel_id: UUID
    name: str | None = None
    viewer_ids: tuple[UUID, ...] | None = None
    expected_version: int | None = None

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        form = Form()
        name = form.text(("name",), given["name"]) if "name" in given else None
        viewers = read_viewers(form, given["viewer_ids"]) if "viewer_ids" in given else None
        form.check()
        return cls(ids.read(given["id"]), name, viewers, given.get("expected_version"))


@dataclass(frozen=True, slots=True)
class StageCreation:
    funnel_id: UUID
    stage: NewStage
    spot: Spot
    id_is_chosen: bool

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Without a place given, the stage is the last of the own ones."""
        form = Form()
        stage = NewStage.read(form, ("stage",), given["stage"])
        spot = Spot.read(form, given.get("place"), SpotKind.BOTTOM)
        form.check()
        return cls(ids.read(given["funnel_id"]), stage, spot, given["stage"].get("id") is not None)


@dataclass(frozen=True, slots=True)
class StageChanges:
    """What to change of a stage: only what is in `fields`, by its name in `Stage`."""

    stage_id: UUID
    fields: Mapping[str, Any]

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        form = Form()
        readers: Mapping[str, Callable[[Any], object]] = {
            "name": lambda name: form.text(("name",), name),
            "color": lambda color: _read_new_color(form, color),
            "probability": lambda percents: read_probability(form, ("probability",), percents),
            "idle_after_days": lambda days: None if days is None else read_idle(form, ("idleAfterDays",), days),
            "requires_amount": lambda wanted: read_bool(form, ("requiresAmount",), wanted),
        }
        fields = {name: read(given[name]) for name, read in readers.items() if name in given}
        form.check()
        return cls(ids.read(given["id"]), fields)


@dataclass(frozen=True, slots=True)
class StageMove:
    stage_id: UUID
    spot: Spot

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        form = Form()
        spot = Spot.read(form, given["place"])
        form.check()
        return cls(ids.read(given["id"]), spot)


@dataclass(frozen=True, slots=True)
class ReasonDraft:
    """A loss reason as it is to be from now on; one with that id is changed, else one is made."""

    funnel_id: UUID
    id: UUID
    name: str
    requires_note: bool
    archived: bool
    id_is_chosen: bool

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        form = Form()
        draft = cls(
            ids.read(given["funnel_id"]),
            form.new_id(("id",), given.get("id")),
            form.text(("name",), given["name"]),
            read_bool(form, ("requiresNote",), given["requires_note"]),
            read_bool(form, ("archived",), given["archived"]),
            given.get("id") is not None,
        )
        form.check()
        return draft


def read_viewers(form: Form, given: Sequence[str] | None) -> tuple[UUID, ...]:
    if given is None:
        form.refuse(("viewerIds",), NOT_NULL)
        return ()
    viewers = [ids.read(text) for text in given]
    form.at_most(("viewerIds",), len(viewers), MOST_VIEWERS)
    form.different(("viewerIds",), viewers)
    return tuple(viewers)


def read_probability(form: Form, path: Path, given: int | None) -> int:
    return form.number(path, given, 0, 100)


def read_idle(form: Form, path: Path, given: int) -> int:
    return form.number(path, given, 1, LONGEST_IDLE)


def read_bool(form: Form, path: Path, given: bool | None) -> bool:
    if given is None:
        form.refuse(path, NOT_NULL)
    return bool(given)


def _read_new_color(form: Form, given: str | None) -> str:
    if given is None:
        form.refuse(("color",), NOT_NULL)
        return ""
    return form.color(("color",), given)
