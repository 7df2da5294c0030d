"""What is done with funnels, and who sees which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from shared import accounts, events, ids, nodes
from shared.actor import Actor
from shared.db import Transaction
from shared.errors import NotFound
from shared.funnels import sql
from shared.funnels.events import FunnelChanged
from shared.funnels.model import Funnel, FunnelPage, LossReason, NewFunnel, Stage, Total

MODULE = "sales_funnel"


async def create(tx: Transaction, new: NewFunnel) -> Funnel:
    """A funnel with its stages, loss reasons and viewers. Its log begins empty."""
    await accounts.require_module(tx, MODULE)
    await accounts.require_users(
        tx, {("viewerIds", str(index)): user_id for index, user_id in enumerate(new.viewer_ids)}
    )
    await nodes.refuse_taken(tx, new.chosen)
    log = await events.begin(tx, new.id)
    funnel = await sql.insert_funnel(tx, new, log.at)
    await sql.insert_stages(tx, new.id, new.stages)
    await sql.insert_loss_reasons(tx, new.id, [(ids.new(), name) for name in new.loss_reasons])
    await sql.insert_viewers(tx, new.id, new.viewer_ids)
    return funnel


async def set_viewers(tx: Transaction, funnel_id: UUID, user_ids: Sequence[UUID]) -> Funnel:
    """These, and nobody else, see the funnel besides those who manage funnels."""
    locked = await lock(tx, funnel_id)
    await accounts.require_users(tx, {("viewerIds", str(index)): id for index, id in enumerate(user_ids)})
    await sql.delete_viewers(tx, funnel_id)
    await sql.insert_viewers(tx, funnel_id, user_ids)
    funnel = await sql.update_touched(tx, funnel_id, locked.log.at)
    await events.record(locked.log, FunnelChanged(("viewers",)))
    return funnel


@dataclass(frozen=True, slots=True)
class Locked:
    """A funnel that this transaction may change: its log is held."""

    funnel: Funnel
    log: events.Log


async def lock(tx: Transaction, funnel_id: UUID) -> Locked:
    """Hold a funnel that the actor sees and that may be changed.

    Raises NotFound (also when it is archived), then ModuleInactive.
    """
    log = await events.lock(tx, funnel_id)  # first: it serialises order, totals and the log
    funnel = await require_visible(tx, funnel_id)
    if funnel.archived:
        raise NotFound(funnel_id)
    await accounts.require_module(tx, MODULE)
    return Locked(funnel, log)


async def require_visible(tx: Transaction, funnel_id: UUID) -> Funnel:
    """Raises NotFound when the actor does not see it."""
    found = await sql.select_visible(tx, [funnel_id], viewer_of(tx.actor))
    if not found:
        raise NotFound(funnel_id)
    return found[0]


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
    """By funnel: entry first, then the own stages in order, then won, then lost."""
    by_funnel: dict[UUID, list[Stage]] = {id: [] for id in funnel_ids}
    for stage in await sql.select_stages(tx, funnel_ids):
        by_funnel[stage.funnel_id].append(stage)
    return by_funnel


async def loss_reasons(tx: Transaction, funnel_ids: Sequence[UUID]) -> dict[UUID, list[LossReason]]:
    by_funnel: dict[UUID, list[LossReason]] = {id: [] for id in funnel_ids}
    for reason in await sql.select_loss_reasons(tx, funnel_ids):
        by_funnel[reason.funnel_id].append(reason)
    return by_funnel


async def stages_by_id(tx: Transaction, stage_ids: Sequence[UUID]) -> dict[UUID, Stage]:
    return {stage.id: stage for stage in await sql.select_stages_by_id(tx, stage_ids)}


async def loss_reasons_by_id(tx: Transaction, reason_ids: Sequence[UUID]) -> dict[UUID, LossReason]:
    return {reason.id: reason for reason in await sql.select_loss_reasons_by_id(tx, reason_ids)}


async def viewer_ids(tx: Transaction, funnel_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    return await sql.select_viewer_ids(tx, funnel_ids)


async def board_totals(tx: Transaction, funnel_ids: Sequence[UUID]) -> dict[UUID, Total]:
    """By stage, what stands in it; stages in which nothing stands are left out."""
    return await sql.select_totals(tx, funnel_ids)


async def totals(
    tx: Transaction, funnel_id: UUID, changes: Sequence[tuple[UUID, str, int, int]]
) -> Mapping[UUID, Total]:
    """Change the counters of stages, under the funnel's lock; the totals of the stages that changed."""
    return await sql.change_totals(tx, funnel_id, changes)


def viewer_of(actor: Actor) -> UUID | None:
    """Whose view limits what is seen; None: nobody's, all is seen."""
    return None if actor.sees_all_funnels else actor.user_id
