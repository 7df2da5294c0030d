"""The roots, gathered from the features; and the SDL: `python -m services.graphql.schema` writes schema.graphql."""

from pathlib import Path

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from services.graphql import deals, errors
from services.graphql.accounts import AccountsMutation, AccountsQuery
from services.graphql.billing import REFUSALS as BILLING_REFUSALS
from services.graphql.billing import BillingMutation
from services.graphql.board import (
    BoardQuery,
    BoardSubscription,
    DealCreated,
    DealMoved,
    DealUpdated,
    FunnelChanged,
)
from services.graphql.deals import DealsMutation, DealsQuery
from services.graphql.funnels import FunnelsMutation, FunnelsQuery
from services.graphql.ingest import IngestMutation, IngestQuery
from services.graphql.nodes import NodesQuery
from services.graphql.pages import Names
from services.graphql.scalars import SCALARS

SDL = Path(__file__).with_name("schema.graphql")

# The domain's refusals and the types that they are shown as, of all features.
REFUSALS = [*errors.REFUSALS, *BILLING_REFUSALS, *deals.REFUSALS]


@strawberry.type(description="What can be asked.")
class Query(AccountsQuery, NodesQuery, FunnelsQuery, BoardQuery, DealsQuery, IngestQuery):
    pass


@strawberry.type(
    description="What can be done. Each input may carry an `idempotencyKey`, 1 to 200 characters, that lives for"
    " 7 days: the same key with the same input does nothing again and answers with the same things as they are now."
)
class Mutation(AccountsMutation, FunnelsMutation, DealsMutation, BillingMutation, IngestMutation):
    pass


@strawberry.type(description="What can be followed.")
class Subscription(BoardSubscription):
    pass


schema = strawberry.Schema(
    Query,
    Mutation,
    Subscription,
    config=StrawberryConfig(scalar_map=SCALARS, name_converter=Names()),
    types=[DealCreated, DealMoved, DealUpdated, FunnelChanged],
    exception_handlers=REFUSALS,
)
executable: GraphQLSchema = schema._schema  # noqa: SLF001  # what graphql-core executes; Strawberry has no public name for it


def sdl() -> str:
    return schema.as_str() + "\n"


if __name__ == "__main__":
    SDL.write_text(sdl(), encoding="utf-8")
