"""What somebody may do. Known to GraphQL before any type shows it."""

from services.graphql.words import describe_enum
from shared.actor import Permission

__all__ = ["Permission"]

describe_enum(
    Permission,
    "What the host CRM lets a user, or itself, do.",
    FUNNELS_MANAGE="See all funnels, and manage funnels, stages and loss reasons.",
    DEALS_WRITE="In the funnels that one sees: make, change and move deals, notes, tasks and imports.",
    BILLING_MANAGE="Billing, quotes, payments and modules.",
    SOURCES_MANAGE="Sources, the inbox and previews.",
    ACCOUNTS_MANAGE="Of the host CRM's service token, which has no account: set up accounts and users, set clocks, pay back.",
)
