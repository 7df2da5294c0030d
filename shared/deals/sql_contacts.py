"""SQL about whose deals are open. One statement per function, no decisions."""

from uuid import UUID

from shared.db import Transaction
from shared.deals.model import Deal
from shared.deals.rows import DEAL, deal_of

OF_DEAL = ", ".join(f"d.{name.strip()}" for name in DEAL.split(","))


async def select_open_by_phone(tx: Transaction, phone: str, funnel_id: UUID | None) -> Deal | None:
    """The newest; `funnel_id` None: of any funnel that is not archived."""
    row = await tx.fetchrow(
        f"""SELECT {OF_DEAL}
              FROM deals d
              JOIN funnels f ON f.account_id = d.account_id AND f.id = d.funnel_id
             WHERE d.account_id = $1 AND d.contact_phone = $2 AND d.status = 'OPEN' AND NOT d.archived
               AND ($3::uuid IS NULL OR d.funnel_id = $3) AND NOT f.archived
             ORDER BY d.created_at DESC, d.id DESC
             LIMIT 1""",
        tx.account_id,
        phone,
        funnel_id,
    )
    return deal_of(row) if row else None


async def select_open_by_email(tx: Transaction, email: str, funnel_id: UUID | None) -> Deal | None:
    """The same by an e-mail address, in whatever case it is written."""
    row = await tx.fetchrow(
        f"""SELECT {OF_DEAL}
              FROM deals d
              JOIN funnels f ON f.account_id = d.account_id AND f.id = d.funnel_id
             WHERE d.account_id = $1 AND lower(d.contact_email) = lower($2) AND d.status = 'OPEN' AND NOT d.archived
               AND ($3::uuid IS NULL OR d.funnel_id = $3) AND NOT f.archived
             ORDER BY d.created_at DESC, d.id DESC
             LIMIT 1""",
        tx.account_id,
        email,
        funnel_id,
    )
    return deal_of(row) if row else None
