"""The roots, gathered from the features; and the SDL: `python -m services.graphql.schema` writes schema.graphql."""

from pathlib import Path

import strawberry
from graphql import (
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    value_from_ast_untyped,
)
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema_converter import GraphQLCoreConverter

from services.graphql import deals, errors, funnel_mutations, stages
from services.graphql.account_mutations import AccountsMutation
from services.graphql.accounts import AccountsQuery
from services.graphql.balance import BillingQuery
from services.graphql.billing import REFUSALS as BILLING_REFUSALS
from services.graphql.billing import BillingMutation
from services.graphql.billing_events import BillingSubscription
from services.graphql.board import BoardQuery
from services.graphql.board_events import (
    DealArchived,
    DealCreated,
    DealMoved,
    DealRestored,
    DealsImported,
    DealUpdated,
    FunnelChanged,
)
from services.graphql.board_log import BoardEventsQuery, BoardSubscription
from services.graphql.bulk import BulkMutation
from services.graphql.clock import ClockMutation
from services.graphql.deal_mutations import DealsMutation
from services.graphql.deals import DealsQuery
from services.graphql.funnel_mutations import FunnelsMutation
from services.graphql.funnels import FunnelsQuery
from services.graphql.imports import ImportsMutation, ImportsQuery, ImportsSubscription
from services.graphql.ingest import IngestQuery
from services.graphql.invoices import PaymentsQuery
from services.graphql.nodes import NodesQuery
from services.graphql.notes import NotesMutation
from services.graphql.pages import Names
from services.graphql.past import PastQuery
from services.graphql.paying import PayingMutation
from services.graphql.quotes import QuotesMutation, QuotesQuery
from services.graphql.refunds import RefundsMutation
from services.graphql.scalars import SCALARS
from services.graphql.source_mutations import SourcesMutation
from services.graphql.stages import StagesMutation
from services.graphql.subscriptions import SubscriptionsMutation
from services.graphql.table import TableQuery
from services.graphql.tasks import TasksMutation, TasksQuery
from services.graphql.templates import TemplatesQuery
from services.graphql.users import UsersQuery
from services.graphql.words import explain

SDL = Path(__file__).with_name("schema.graphql")

# The domain's refusals and the types that they are shown as, of all features.
REFUSALS = [*errors.REFUSALS, *BILLING_REFUSALS, *funnel_mutations.REFUSALS, *stages.REFUSALS, *deals.REFUSALS]


@strawberry.type(description="What can be asked.")
class Query(
    AccountsQuery,
    NodesQuery,
    UsersQuery,
    FunnelsQuery,
    TemplatesQuery,
    BoardQuery,
    BoardEventsQuery,
    PastQuery,
    DealsQuery,
    TableQuery,
    TasksQuery,
    BillingQuery,
    QuotesQuery,
    PaymentsQuery,
    IngestQuery,
    ImportsQuery,
):
    pass


@strawberry.type(
    description="What can be done. Each input may carry an `idempotencyKey`, 1 to 200 characters, that lives for"
    " 7 days: the same key with the same input does nothing again and answers with the same things as they are now."
)
class Mutation(
    AccountsMutation,
    ClockMutation,
    FunnelsMutation,
    StagesMutation,
    DealsMutation,
    BulkMutation,
    NotesMutation,
    TasksMutation,
    BillingMutation,
    SourcesMutation,
    ImportsMutation,
    QuotesMutation,
    PayingMutation,
    RefundsMutation,
    SubscriptionsMutation,
):
    pass


@strawberry.type(description="What can be followed.")
class Subscription(BoardSubscription, BillingSubscription, ImportsSubscription):
    pass


schema = strawberry.Schema(
    Query,
    Mutation,
    Subscription,
    config=StrawberryConfig(scalar_map=SCALARS, name_converter=Names()),
    types=[DealCreated, DealMoved, DealUpdated, DealArchived, DealRestored, DealsImported, FunnelChanged],
    exception_handlers=REFUSALS,
)
executable: GraphQLSchema = schema._schema  # noqa: SLF001  # what graphql-core executes; Strawberry has no public name for it
explain(executable)


def tell(schema: GraphQLSchema) -> None:
    """Tell graphql-core what Strawberry does not.

    Which inputs are choices of one thing (`@oneOf`), so that it judges and shows them, and that null is shown of what
    is no input; and how JSON that is written into a document is read: as an input object is, without the fields whose
    variables are absent.
    """
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLInputObjectType):
            type_.is_one_of = type_.extensions[GraphQLCoreConverter.DEFINITION_BACKREF].is_one_of
    json = schema.type_map["JSON"]
    assert isinstance(json, GraphQLScalarType)
    json.coerce_input_literal = value_from_ast_untyped
    introspection = schema.type_map["__Type"]
    assert isinstance(introspection, GraphQLObjectType)
    introspection.fields["isOneOf"].resolve = lambda type_, _info: getattr(type_, "is_one_of", None)


tell(executable)


def sdl() -> str:
    return schema.as_str() + "\n"


if __name__ == "__main__":
    SDL.write_text(sdl(), encoding="utf-8")
