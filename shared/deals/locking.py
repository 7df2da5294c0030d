"""How a write on deals begins: the logs of their funnels are held, then they are."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from shared import accounts, events, funnels
from shared.db import Transaction
from shared.deals import sql
from shared.deals.model import Deal
from shared.errors import NotFound


async def lock_deal(tx: Transaction, deal_id: UUID, acted_on: UUID | None = None) -> tuple[events.Log, Deal]:
    """Hold a deal that is on a board that the actor sees, and its funnel's log before it.

    `acted_on`: what is not found when the deal is not, such as a note of it; without it the deal.
    Raises NotFound (also when the deal or its funnel is archived), then ModuleInactive.
    """
    try:
        logs, (deal,) = await lock_deals(tx, [deal_id])
    except NotFound:
        raise NotFound(acted_on or deal_id) from None
    return logs[deal.funnel_id], deal


async def lock_deals(
    tx: Transaction, deal_ids: Sequence[UUID], *, also_archived: bool = False
) -> tuple[Mapping[UUID, events.Log], list[Deal]]:
    """The same for many: the logs by funnel, and the deals in the order of the ids. `also_archived`: take those too.

    Raises NotFound for the first that is missing, then ModuleInactive.
    """
    # Heads first: they serialise order, totals and the log. A deal never changes its funnel.
    logs = await events.lock_all(tx, await sql.select_funnel_ids(tx, deal_ids))
    held = await sql.lock_deals(tx, deal_ids)
    seen = await funnels.visible(tx, list(logs))
    for deal_id in deal_ids:
        deal = held.get(deal_id)
        funnel = seen.get(deal.funnel_id) if deal else None
        if deal is None or (deal.archived and not also_archived) or funnel is None or funnel.archived:
            raise NotFound(deal_id)
    await accounts.require_module(tx, funnels.MODULE)
    return logs, [held[deal_id] for deal_id in deal_ids]
