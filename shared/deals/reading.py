"""Which deals the actor sees: those of the funnels that they see."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from shared import funnels
from shared.accounts import User
from shared.db import Transaction
from shared.deals import sql, sql_contacts, sql_views
from shared.deals.model import Contact, Deal
from shared.funnels import Funnel, Stage


async def find(tx: Transaction, deal_id: UUID) -> Deal | None:
    """The deal, if the actor sees its funnel."""
    return (await get_many(tx, [deal_id])).get(deal_id)


@dataclass(frozen=True, slots=True)
class DealView:
    """A deal and what stands beside it: its stage, its funnel, and whose it is."""

    deal: Deal
    stage: Stage
    funnel: Funnel
    assignee: User | None


async def view(tx: Transaction, deal_id: UUID) -> DealView | None:
    """The same with what people look at beside it."""
    found = await sql_views.select_view(tx, deal_id, funnels.viewer_of(tx.actor))
    return DealView(*found) if found else None


async def get_many(tx: Transaction, deal_ids: Iterable[UUID]) -> dict[UUID, Deal]:
    """Those of the deals whose funnels the actor sees."""
    return {deal.id: deal for deal in await sql.select_deals(tx, deal_ids, funnels.viewer_of(tx.actor))}


async def deals_by_id(tx: Transaction, deal_ids: Iterable[UUID]) -> dict[UUID, Deal]:
    """Whoever reached something of a deal may also read the deal."""
    return {deal.id: deal for deal in await sql.select_deals(tx, deal_ids, None)}


async def last_open(tx: Transaction, contact: Contact, funnel_id: UUID | None = None) -> Deal | None:
    """The newest open deal with the contact's phone, or, where there is no phone, with the e-mail; of any funnel."""
    if contact.phone is not None:
        return await sql_contacts.select_open_by_phone(tx, contact.phone, funnel_id)
    if contact.email is not None:
        return await sql_contacts.select_open_by_email(tx, contact.email, funnel_id)
    return None
