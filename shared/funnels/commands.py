"""What is done with funnels, and who sees which. Each command holds its funnel's log first and writes its event last."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self
from uuid import UUID

from shared import accounts, events, ids, nodes
from shared.actor import Actor
from shared.db import Transaction
from shared.errors import InvalidInput, ModuleInactive, NotFound, Problem, Sentence, StaleFunnel
from shared.funnels import sql, sql_held, sql_reasons, sql_stages, sql_totals
from shared.funnels.events import FunnelChanged
from shared.funnels.facts import FunnelState
from shared.funnels.inputs import FunnelChanges, NewFunnel
from shared.funnels.model import Funnel, FunnelPage, LossReason, Stage, Tally, Total
from shared.funnels.sql_held import MODULE, Held
from shared.funnels.templates import TEMPLATES

NO_TEMPLATE = Sentence("There is no template with this id.", "Шаблону з таким ідентифікатором немає.")


@dataclass(frozen=True, slots=True)
class Locked:
    """A funnel that this transaction may change: its log is held.

    `stages` in the order of the board; `tallies`: what stands in them, as of now.
    """

    funnel: Funnel
    log: events.Log
    stages: Mapping[UUID, Stage]
    tallies: dict[UUID, Tally]

    @classmethod
    def of(cls, log: events.Log, held: Held) -> Self:
        """What the caller has looked at, and judged."""
        return cls(held.funnel, log, held.stages, held.tallies)

    @property
    def entry(self) -> Stage:
        return next(iter(self.stages.values()))

    def add(self, stage_id: UUID, currency: str, deals: int, value: int) -> None:
        """So many deals and minor units more; it is written by `keep_totals`. A currency of '' is without an amount."""
        self.tallies[stage_id] = self.tallies.get(stage_id, Tally({})).plus(currency, deals, value)


@dataclass(frozen=True, slots=True)
class Changed:
    """What a command did: the funnel now, and the place of its event in the log."""

    funnel: Funnel
    place: events.Place

    @property
    def kept(self) -> dict[str, Any]:
        """What an idempotency key keeps of it."""
        return {"funnel": str(self.funnel.id), "cursor": self.place.cursor}


async def recall(tx: Transaction, kept: Mapping[str, Any]) -> Changed:
    """The same answer again: the funnel as it is now, the first cursor."""
    funnel_id, place = UUID(kept["funnel"]), events.Place.read(kept["cursor"])
    assert place is not None
    return Changed(await require_visible(tx, funnel_id), place)


async def create(tx: Transaction, new: NewFunnel) -> Funnel:
    """A funnel with its stages, loss reasons and viewers. Its log begins empty."""
    await accounts.require_module(tx, MODULE)
    if new.template_id is not None and new.template_id not in TEMPLATES:
        raise InvalidInput(Problem(("templateId",), NO_TEMPLATE))
    await _require_viewers(tx, new.viewer_ids)
    await nodes.refuse_taken(tx, new.chosen)
    log = await events.begin(tx, new.id)
    funnel = await sql.insert_funnel(tx, new, log.at)
    await sql_stages.insert_stages(tx, new.id, new.stages)
    await sql_reasons.insert_loss_reasons(tx, new.id, [(ids.new(), name) for name in new.loss_reasons])
    await sql.insert_viewers(tx, new.id, new.viewer_ids)
    await sql.insert_origin(tx, new.id, (await state(tx, funnel)).to_json())
    return funnel


async def update(tx: Transaction, changes: FunnelChanges) -> Changed:
    """Name it anew, and say who sees it besides those who manage funnels. Nothing changed: no event."""
    locked = await lock(tx, changes.funnel_id)
    funnel = locked.funnel
    if changes.expected_version not in (None, funnel.version):
        raise StaleFunnel(funnel.id)
    if changes.viewer_ids is not None:
        await _require_viewers(tx, changes.viewer_ids)
    seen_by = (await viewer_ids(tx, [funnel.id]))[funnel.id]
    renamed = changes.name not in (None, funnel.name)
    viewers_change = changes.viewer_ids is not None and set(changes.viewer_ids) != set(seen_by)
    if not renamed and not viewers_change:
        return Changed(funnel, locked.log.place)

    if viewers_change:
        await sql.delete_viewers(tx, funnel.id)
        await sql.insert_viewers(tx, funnel.id, changes.viewer_ids or ())
    changed = [name for name, does in (("name", renamed), ("viewers", viewers_change)) if does]
    return await record(locked, *changed, funnel=replace(funnel, name=changes.name or funnel.name))


async def archive(tx: Transaction, funnel_id: UUID, archived: bool) -> Changed:
    """Put a funnel away, or bring it back. An archived one can be read, and not changed in any other way."""
    locked = await lock(tx, funnel_id, also_archived=True)
    if locked.funnel.archived == archived:
        return Changed(locked.funnel, locked.log.place)
    return await record(locked, "archived", funnel=replace(locked.funnel, archived=archived))


async def lock(
    tx: Transaction, funnel_id: UUID, *, acted_on: UUID | None = None, also_archived: bool = False
) -> Locked:
    """Hold a funnel that the actor sees and that may be changed.

    Raises NotFound of what is acted on, the funnel or a part of it (also when the funnel is archived), then
    ModuleInactive.
    """
    log = await events.lock(tx, funnel_id)  # first: it serialises order, totals and the log
    held = (await sql_held.select_held(tx, [funnel_id], viewer_of(tx.actor))).get(funnel_id)
    if held is None or not held.seen or (held.funnel.archived and not also_archived):
        raise NotFound(acted_on or funnel_id)
    if not held.usable:
        raise ModuleInactive(MODULE)
    return Locked.of(log, held)


async def hold(tx: Transaction, funnel_ids: Sequence[UUID]) -> dict[UUID, Held]:
    """Those of the funnels that the actor sees, whose logs are held already."""
    held = await sql_held.select_held(tx, funnel_ids, viewer_of(tx.actor))
    return {funnel_id: one for funnel_id, one in held.items() if one.seen}


async def record(locked: Locked, *changed: str, funnel: Funnel | None = None) -> Changed:
    """Tell what of a funnel changed; the last thing that a command does. `funnel`: where it is not as it was."""
    tx, log = locked.log.tx, locked.log
    now = replace(funnel or locked.funnel, updated_at=log.at, version=locked.funnel.version + 1)
    await sql.update_funnel(tx, now)
    place = await events.record(log, FunnelChanged(changed, await state(tx, now)))
    return Changed(now, place)


async def state(tx: Transaction, funnel: Funnel) -> FunnelState:
    """The funnel with all that belongs to it, as the transaction sees it."""
    return FunnelState(
        funnel.name,
        funnel.archived,
        tuple((await stages(tx, [funnel.id]))[funnel.id]),
        tuple((await loss_reasons(tx, [funnel.id]))[funnel.id]),
        tuple(sorted((await viewer_ids(tx, [funnel.id]))[funnel.id])),
    )


async def origin(tx: Transaction, funnel_id: UUID) -> FunnelState:
    """The funnel as it was made, before the first event of its log."""
    kept = await sql.select_origin(tx, funnel_id)
    if kept is None:
        raise NotFound(funnel_id)
    return FunnelState.from_json(funnel_id, kept)


async def require_visible(tx: Transaction, funnel_id: UUID) -> Funnel:
    """Raises NotFound when the actor does not see it."""
    found = await find(tx, funnel_id)
    if found is None:
        raise NotFound(funnel_id)
    return found


async def find(tx: Transaction, funnel_id: UUID) -> Funnel | None:
    """The funnel, if the actor sees it."""
    return (await visible(tx, [funnel_id])).get(funnel_id)


async def visible(tx: Transaction, funnel_ids: Sequence[UUID]) -> dict[UUID, Funnel]:
    """Those of the funnels that the actor sees."""
    return {funnel.id: funnel for funnel in await sql.select_visible(tx, funnel_ids, viewer_of(tx.actor))}


async def seen_by(tx: Transaction, actor: Actor, funnel_id: UUID) -> bool:
    return bool(await sql.select_visible(tx, [funnel_id], viewer_of(actor)))


async def page(
    tx: Transaction,
    search: str | None = None,
    archived: bool | None = False,
    after: tuple[str, UUID] | None = None,
    first: int = 50,
) -> tuple[FunnelPage, list[tuple[str, UUID]]]:
    """Funnels that the actor sees, by name; and the place of each, to go on from."""
    viewer_id = viewer_of(tx.actor)
    rows = await sql.select_page(tx, viewer_id, search, archived, after, first + 1)
    count = await sql.count_funnels(tx, viewer_id, search, archived)
    shown = rows[:first]
    places = [(sorted_by, funnel.id) for sorted_by, funnel in shown]
    return FunnelPage([funnel for _, funnel in shown], len(rows) > first, count), places


async def get_many(tx: Transaction, funnel_ids: Sequence[UUID]) -> dict[UUID, Funnel]:
    """Whoever reached a deal or a source may also read its funnel."""
    return {funnel.id: funnel for funnel in await sql.select_funnels(tx, funnel_ids)}


async def stages(tx: Transaction, funnel_ids: Sequence[UUID]) -> dict[UUID, list[Stage]]:
    """By funnel: entry first, then the own stages in order, then won, then lost. Deleted ones are left out."""
    by_funnel: dict[UUID, list[Stage]] = {id: [] for id in funnel_ids}
    for stage in await sql_stages.select_stages(tx, funnel_ids):
        by_funnel[stage.funnel_id].append(stage)
    return by_funnel


async def loss_reasons(tx: Transaction, funnel_ids: Sequence[UUID]) -> dict[UUID, list[LossReason]]:
    by_funnel: dict[UUID, list[LossReason]] = {id: [] for id in funnel_ids}
    for reason in await sql_reasons.select_loss_reasons(tx, funnel_ids):
        by_funnel[reason.funnel_id].append(reason)
    return by_funnel


async def stages_by_id(tx: Transaction, stage_ids: Sequence[UUID]) -> dict[UUID, Stage]:
    """Also those that are deleted: what happened and what is closed still names them."""
    return {stage.id: stage for stage in await sql_stages.select_stages_by_id(tx, stage_ids)}


async def loss_reasons_by_id(tx: Transaction, reason_ids: Sequence[UUID]) -> dict[UUID, LossReason]:
    return {reason.id: reason for reason in await sql_reasons.select_loss_reasons_by_id(tx, reason_ids)}


async def viewer_ids(tx: Transaction, funnel_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    return await sql.select_viewer_ids(tx, funnel_ids)


async def board_totals(tx: Transaction, funnel_ids: Sequence[UUID]) -> dict[UUID, Total]:
    """By stage, what stands in it; stages in which nothing stands are left out."""
    return await sql_totals.select_totals(tx, funnel_ids)


async def keep_totals(locked: Locked, counters: Iterable[tuple[UUID, str]]) -> None:
    """Write what counters of stages are now, of those that were added to: (stage, currency or '')."""
    now = [(*counter, *locked.tallies[counter[0]].counters[counter[1]]) for counter in sorted(counters)]
    await sql_totals.upsert_totals(locked.log.tx, locked.funnel.id, now)


def viewer_of(actor: Actor) -> UUID | None:
    """Whose view limits what is seen; None: nobody's, all is seen."""
    return None if actor.sees_all_funnels else actor.user_id


async def _require_viewers(tx: Transaction, user_ids: Sequence[UUID]) -> None:
    """Raises InvalidInput at the place of each that is no active user."""
    await accounts.require_users(tx, {("viewerIds", str(index)): user_id for index, user_id in enumerate(user_ids)})
