"""What is done with a funnel's stages. Where the deals of a deleted one go is the business of `deals`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from shared import nodes
from shared.db import Transaction
from shared.errors import InvalidInput, NotAllowedNow, NotFound, Problem, Sentence
from shared.funnels import commands, sql_stages
from shared.funnels.commands import Changed, Locked
from shared.funnels.inputs import MOST_STAGES, NOT_ON_ENTRY, StageChanges, StageCreation, StageMove
from shared.funnels.model import Stage, StageKind, index_at, probability_between
from shared.spots import Spot

BUILT_IN = "BUILT_IN_STAGE"
STAYS = Sentence("this stage is built in and keeps its place.", "цей етап вбудований і лишається на своєму місці.")
NO_NEIGHBOUR = Sentence(
    "This is no other own stage of the funnel: entry, won and lost keep their places.",
    "Це не інший власний етап воронки: перший, успішний і втрачений мають свої місця.",
)
FULL = Sentence(
    f"A funnel has at most {MOST_STAGES} stages of its own.", f"Воронка має не більше {MOST_STAGES} власних етапів."
)
FIXED = Sentence("Here a deal is won or lost for certain.", "Тут угоду вже точно виграно або втрачено.")


@dataclass(frozen=True, slots=True)
class LockedStage:
    """A stage that this transaction may change, and the row that it stands in."""

    funnel: Locked
    stage: Stage
    row: Sequence[Stage]

    def refuse_built_in(self) -> None:
        """Raises NotAllowedNow for entry, won and lost."""
        if not self.stage.is_own:
            raise NotAllowedNow(BUILT_IN, STAYS)


@dataclass(frozen=True, slots=True)
class ChangedStage:
    """The stage now, and what else the command did."""

    stage: Stage
    changed: Changed

    @property
    def kept(self) -> dict[str, Any]:
        """What an idempotency key keeps of it."""
        return self.changed.kept | {"stage": str(self.stage.id)}


async def recall_stage(tx: Transaction, kept: Mapping[str, Any]) -> ChangedStage:
    """The same answer again: the stage as it is now, the first cursor."""
    changed, stage_id = await commands.recall(tx, kept), UUID(kept["stage"])
    return ChangedStage((await commands.stages_by_id(tx, [stage_id]))[stage_id], changed)


async def create_stage(tx: Transaction, new: StageCreation) -> ChangedStage:
    """One more own stage. Without a probability given, it gets the middle of its neighbours'."""
    locked = await commands.lock(tx, new.funnel_id)
    await nodes.refuse_taken(tx, {("stage", "id"): new.stage.id} if new.id_is_chosen else {})
    row = list(locked.stages.values())
    own = [stage for stage in row if stage.is_own]
    index = _require_index(own, new.spot)
    if len(own) >= MOST_STAGES:
        raise InvalidInput(Problem(("funnelId",), FULL))

    probability = new.stage.probability
    if probability is None:  # the row begins with the entry, and won comes after the own stages
        probability = probability_between(row[index].probability, row[index + 1].probability)
    order = await _order(tx, new.funnel_id, own, new.stage.id, index)
    await sql_stages.insert_stages(tx, new.funnel_id, [replace(new.stage, probability=probability)])
    await sql_stages.update_order(tx, order)
    stage = (await commands.stages_by_id(tx, [new.stage.id]))[new.stage.id]
    return ChangedStage(stage, await commands.record(locked, "stages"))


async def update_stage(tx: Transaction, changes: StageChanges) -> ChangedStage:
    """Change a stage, whichever it is. What is given as it already is, is no change; nothing changed: no event."""
    locked = await lock_stage(tx, changes.stage_id)
    stage = locked.stage
    changed = {name: value for name, value in changes.fields.items() if getattr(stage, name) != value}
    problems = []
    if "probability" in changed and not stage.is_open:
        problems.append(Problem(("probability",), FIXED))
    if changed.get("requires_amount") and stage.kind is StageKind.ENTRY:
        problems.append(Problem(("requiresAmount",), NOT_ON_ENTRY))
    if problems:
        raise InvalidInput(*problems)
    if not changed:
        return ChangedStage(stage, _unchanged(locked))

    updated = replace(stage, **changed)
    await sql_stages.update_stage(tx, updated)
    return ChangedStage(updated, await commands.record(locked.funnel, "stages"))


async def move_stage(tx: Transaction, move: StageMove) -> Changed:
    """Move an own stage among the own ones. Where it stands already: no event."""
    locked = await lock_stage(tx, move.stage_id)
    own = [stage for stage in locked.row if stage.is_own]
    others = [stage for stage in own if stage.id != move.stage_id]
    index = _require_index(others, move.spot)
    locked.refuse_built_in()
    if own[index].id == move.stage_id:
        return _unchanged(locked)

    await sql_stages.update_order(tx, await _order(tx, locked.stage.funnel_id, others, move.stage_id, index))
    return await commands.record(locked.funnel, "stages")


async def drop_stage(tx: Transaction, locked: LockedStage) -> Changed:
    """Take out an own stage in which no deal stands any more. The caller has locked and judged."""
    await sql_stages.update_stage(tx, replace(locked.stage, deleted=True))
    return await commands.record(locked.funnel, "stages")


async def lock_stage(tx: Transaction, stage_id: UUID) -> LockedStage:
    """Hold a stage, and its funnel before it. Raises NotFound of the stage, then ModuleInactive."""
    funnel_id = await sql_stages.select_funnel_of(tx, stage_id)  # a stage never changes its funnel
    if funnel_id is None:
        raise NotFound(stage_id)
    locked = await commands.lock(tx, funnel_id, acted_on=stage_id)
    stage = locked.stages.get(stage_id)
    if stage is None:  # somebody deleted it while this one waited
        raise NotFound(stage_id)
    return LockedStage(locked, stage, list(locked.stages.values()))


def _require_index(own: Sequence[Stage], spot: Spot) -> int:
    """Raises InvalidInput when the neighbour that is named is none of them."""
    index = index_at(own, spot)
    if index is None:
        raise InvalidInput(Problem(("place", spot.kind), NO_NEIGHBOUR))
    return index


async def _order(tx: Transaction, funnel_id: UUID, others: Sequence[Stage], stage_id: UUID, index: int) -> list[UUID]:
    """The own stages once this one is that one of them: behind its neighbour, among those that are deleted too."""
    order = [id for id in await sql_stages.select_order(tx, funnel_id) if id != stage_id]
    order.insert(order.index(others[index - 1].id) + 1 if index else 0, stage_id)
    return order


def _unchanged(locked: LockedStage) -> Changed:
    return Changed(locked.funnel.funnel, locked.funnel.log.place)
