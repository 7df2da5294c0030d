"""How a write on deals begins: the logs of their funnels are held, then they are.

Heads first: they serialise order, totals and the log. A deal never changes its funnel, so that whose head it is can be
asked before it is held; all else is read after.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from shared import events, funnels
from shared.db import Transaction
from shared.deals import sql, sql_places
from shared.deals.model import Deal
from shared.deals.sql_places import Around
from shared.errors import ModuleInactive, NotFound
from shared.funnels import Held, Locked
from shared.spots import Spot


async def lock_deal(tx: Transaction, deal_id: UUID, acted_on: UUID | None = None) -> tuple[Locked, Deal]:
    """Hold a deal that is on a board that the actor sees, and its funnel before it.

    `acted_on`: what is not found when the deal is not, such as a note of it; without it the deal.
    Raises NotFound (also when the deal or its funnel is archived), then ModuleInactive.
    """
    logs = await events.lock_those(tx, sql.FUNNELS_OF, [deal_id])
    found = await sql.lock_deal(tx, deal_id, funnels.viewer_of(tx.actor))
    if found is None:
        raise NotFound(acted_on or deal_id)
    deal, held = found
    return _judge(logs, deal, held, acted_on or deal_id), deal


async def lock_deal_at(tx: Transaction, deal_id: UUID, stage_id: UUID, spot: Spot) -> tuple[Locked, Deal, Around]:
    """The same, and what stands around a spot of a stage. Raises as `lock_deal`."""
    logs = await events.lock_those(tx, sql.FUNNELS_OF, [deal_id])
    found = await sql_places.lock_deal_at(tx, deal_id, funnels.viewer_of(tx.actor), stage_id, spot)
    if found is None:
        raise NotFound(deal_id)
    deal, held, around = found
    return _judge(logs, deal, held, deal_id), deal, around


async def lock_deals(
    tx: Transaction, deal_ids: Sequence[UUID], *, also_archived: bool = False
) -> tuple[Mapping[UUID, Locked], list[Deal]]:
    """The same for many: their funnels by id, and the deals in the order of theirs. `also_archived`: take those too.

    Raises NotFound for the first that is missing, then ModuleInactive.
    """
    logs = await events.lock_those(tx, sql.FUNNELS_OF, list(deal_ids))
    deals = await sql.lock_deals(tx, deal_ids)
    held = await funnels.hold(tx, list(logs))
    for deal_id in deal_ids:
        deal = deals.get(deal_id)
        funnel = held.get(deal.funnel_id) if deal else None
        if deal is None or (deal.archived and not also_archived) or funnel is None or funnel.funnel.archived:
            raise NotFound(deal_id)
    if not all(funnel.usable for funnel in held.values()):
        raise ModuleInactive(funnels.MODULE)
    locked = {funnel_id: Locked.of(log, held[funnel_id]) for funnel_id, log in logs.items()}
    return locked, [deals[deal_id] for deal_id in deal_ids]


def _judge(logs: Mapping[UUID, events.Log], deal: Deal, held: Held, acted_on: UUID) -> Locked:
    log = logs.get(deal.funnel_id)  # none, when the deal came after we had looked for its funnel
    if log is None or deal.archived or not held.seen or held.funnel.archived:
        raise NotFound(acted_on)
    if not held.usable:
        raise ModuleInactive(funnels.MODULE)
    return Locked.of(log, held)
