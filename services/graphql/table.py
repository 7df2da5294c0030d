"""The table of deals: filters, orders, pages."""

from enum import Enum

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Info
from services.graphql.context import Context
from services.graphql.deals import Deal
from services.graphql.engine.answers import BadUserInput
from services.graphql.pages import FIRST, NO_CURSOR, Connection, connection, decode
from services.graphql.roots import query
from services.graphql.scalars import Date, DateTime, Decimal
from services.graphql.words import describe_enum
from services.graphql.writing import given_of
from shared import deals
from shared.deals import DealOrderField, DealSource, DealStatus

describe_enum(
    DealOrderField,
    "What deals are sorted by.",
    CREATED_AT="When it was made.",
    UPDATED_AT="When it was changed last.",
    AMOUNT="What it is worth, one currency after the other by their codes.",
    EXPECTED_CLOSE_ON="The day on which it should be won.",
    TITLE="Its title, in Ukrainian order.",
    NUMBER="Its number within the account.",
)


class OrderDirection(Enum):
    ASC = "ASC"
    DESC = "DESC"


describe_enum(
    OrderDirection,
    "Which way a list is sorted.",
    ASC="The smallest, oldest or first of the alphabet on top.",
    DESC="The largest, newest or last of the alphabet on top.",
)


@strawberry.input(description="Which deals: those that meet every condition given. Bounds are included.")
class DealFilter:
    search: str | None = strawberry.field(
        default=UNSET, description="Words, or parts of them, of title, contact name, phone, e-mail, number."
    )
    ids: list[strawberry.ID] | None = strawberry.field(default=UNSET, description="These; at most 500.")
    funnel_id: strawberry.ID | None = strawberry.field(default=UNSET, description="In this funnel.")
    stage_ids: list[strawberry.ID] | None = strawberry.field(
        default=UNSET, description="In one of these stages; at most 500."
    )
    assignee_ids: list[strawberry.ID] | None = strawberry.field(
        default=UNSET, description="Of one of these users; at most 500."
    )
    status: list[DealStatus] | None = strawberry.field(default=UNSET, description="In one of these states.")
    sources: list[DealSource] | None = strawberry.field(default=UNSET, description="Which came in one of these ways.")
    loss_reason_ids: list[strawberry.ID] | None = strawberry.field(
        default=UNSET, description="Lost for one of these reasons; at most 500."
    )
    amount_min: Decimal | None = strawberry.field(default=UNSET, description="In the account's currency.")
    amount_max: Decimal | None = strawberry.field(default=UNSET, description="In the account's currency.")
    created_from: DateTime | None = strawberry.field(default=UNSET, description="Made then or later.")
    created_to: DateTime | None = strawberry.field(default=UNSET, description="Made then or earlier.")
    close_on_from: Date | None = strawberry.field(default=UNSET, description="Expected to close on that day or later.")
    close_on_to: Date | None = strawberry.field(default=UNSET, description="Expected to close on that day or earlier.")
    idle: bool | None = strawberry.field(default=UNSET, description="Whether it has stood too long in its stage.")
    archived: bool | None = strawberry.field(default=False, description="null: both.")


@strawberry.input(description="Nulls stand last both ways, equals by their ids.")
class DealOrder:
    field: DealOrderField = strawberry.field(description="What decides.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.DESC, description="Which end comes first.")


def read_filter(ctx: Context, given: DealFilter | None) -> deals.DealFilter:
    """Raises InvalidInput."""
    return deals.DealFilter.read(given_of(given) if given else {}, ctx.viewer.require_account().currency)


@strawberry.type
class TableQuery:
    @query("Deals of the funnels that the viewer sees; the newest first, unless another order is asked.")
    async def deals(
        self,
        info: Info,
        filter: DealFilter | None = UNSET,
        order_by: DealOrder | None = UNSET,
        first: int | None = FIRST,
        after: str | None = UNSET,
    ) -> Connection[Deal]:
        ctx, place = info.context, decode(after or None)
        asked = read_filter(ctx, filter or None)
        order = (
            deals.DealOrder(order_by.field, order_by.direction is OrderDirection.DESC)
            if order_by
            else deals.DealOrder()
        )
        if place is not None and not order.holds(place[0]):
            raise BadUserInput(NO_CURSOR)
        page = await ctx.read(lambda tx: deals.page(tx, asked, order, first or FIRST, place))

        async def count() -> int:
            return await ctx.read(lambda tx: deals.count(tx, asked))

        return connection(
            [Deal.of(deal) for deal in page.deals], page.places, count, has_more=page.has_more, after=place
        )
