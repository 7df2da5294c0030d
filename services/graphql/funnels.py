"""Funnels and their parts: types and queries."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Self, cast
from uuid import UUID

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Info, User
from services.graphql.context import Context
from services.graphql.engine.fields import batched, shows
from services.graphql.money import Money
from services.graphql.node import Node
from services.graphql.pages import FIRST, Connection, connection, decode, read_search
from services.graphql.roots import query
from services.graphql.scalars import Color, Date, DateTime
from services.graphql.words import describe_enum
from shared import accounts, funnels, ids
from shared.funnels import StageKind, Total

if TYPE_CHECKING:
    from services.graphql.analytics import FunnelAnalytics

NOTHING = Total()

describe_enum(
    StageKind,
    "Entry, won and lost are built in, once each; a funnel's own stages are PROGRESS.",
    ENTRY="Where every deal begins.",
    PROGRESS="One of the funnel's own.",
    WON="Where deals are that were sold.",
    LOST="Where deals are that will not be sold.",
)


async def totals_of_stages(ctx: Context, stages: Sequence[funnels.Stage]) -> list[Total]:
    """What stands in each, kept by counters."""
    found = await ctx.known(funnels.totals_of_boards, {stage.funnel_id for stage in stages})
    return [found[stage.funnel_id].get(stage.id, NOTHING) for stage in stages]


async def deal_counts_of_stages(ctx: Context, stages: Sequence[funnels.Stage]) -> list[int]:
    return [total.deals for total in await totals_of_stages(ctx, stages)]


async def values_of_stages(ctx: Context, stages: Sequence[funnels.Stage]) -> list[list[Money]]:
    return [Money.all(total.value) for total in await totals_of_stages(ctx, stages)]


@strawberry.type(description="A stage of a funnel: a column of its board.")
@shows(funnels.Stage)
class Stage(Node):
    name: str
    color: Color
    kind: StageKind = strawberry.field(description="Whether it is built in, and as what.")
    probability: int = strawberry.field(description="How likely a deal that stands here is won: 0 to 100.")
    idle_after_days: int | None = strawberry.field(description="Deals that stand longer are idle.")
    requires_amount: bool = strawberry.field(description="A deal without an amount may not enter.")
    deal_count: int = batched(deal_counts_of_stages, description="Standing here, not archived.")
    value: list[Money] = batched(values_of_stages, description="Of what stands here, by currency.")

    @classmethod
    def of(cls, stage: funnels.Stage) -> Self:
        return cast("Self", stage)


@strawberry.type(description="Why deals of a funnel are lost.")
@shows(funnels.LossReason)
class LossReason(Node):
    name: str
    requires_note: bool = strawberry.field(description="No deal is lost by it without a note.")
    archived: bool = strawberry.field(description="Whether it can no longer be chosen.")

    @classmethod
    def of(cls, reason: funnels.LossReason) -> Self:
        return cast("Self", reason)


async def viewers_of_funnels(ctx: Context, asked: Sequence[funnels.Funnel]) -> list[list[User]]:
    by_funnel = await ctx.read(lambda tx: funnels.viewer_ids(tx, [funnel.id for funnel in asked]))
    users = await ctx.known(accounts.users, {id for ids in by_funnel.values() for id in ids})
    return [[User.of(users[id]) for id in by_funnel[funnel.id]] for funnel in asked]


async def stages_of_funnels(ctx: Context, asked: Sequence[funnels.Funnel]) -> list[list[funnels.Stage]]:
    found = await ctx.known(funnels.stages, [funnel.id for funnel in asked])
    for stages in found.values():
        ctx.knows(funnels.stages_by_id, {stage.id: stage for stage in stages})
    return [found[funnel.id] for funnel in asked]


async def loss_reasons_of_funnels(ctx: Context, asked: Sequence[funnels.Funnel]) -> list[list[funnels.LossReason]]:
    found = await ctx.read(lambda tx: funnels.loss_reasons(tx, [funnel.id for funnel in asked]))
    return [found[funnel.id] for funnel in asked]


async def open_totals(ctx: Context, asked: Sequence[funnels.Funnel]) -> list[Total]:
    """Of the open stages of each funnel together."""
    found = await ctx.known(funnels.open_totals, [funnel.id for funnel in asked])
    return [found.get(funnel.id, NOTHING) for funnel in asked]


async def open_deal_counts(ctx: Context, asked: Sequence[funnels.Funnel]) -> list[int]:
    return [total.deals for total in await open_totals(ctx, asked)]


async def open_values(ctx: Context, asked: Sequence[funnels.Funnel]) -> list[list[Money]]:
    return [Money.all(total.value) for total in await open_totals(ctx, asked)]


async def analytics_of_funnels(
    ctx: Context,
    asked: Sequence[funnels.Funnel],
    *,
    from_: Annotated[Date, strawberry.argument(name="from")],
    to: Date,
) -> list["FunnelAnalytics"]:
    from services.graphql import analytics  # noqa: PLC0415  # a funnel shows its analytics, and they its stages

    return await analytics.of_funnels(ctx, [funnel.id for funnel in asked], from_, to)


@strawberry.type(description="A row of stages that deals walk through, and its board.")
@shows(funnels.Funnel)
class Funnel(Node):
    name: str
    viewers: list[User] = batched(viewers_of_funnels, description="Who may see it, besides those with FUNNELS_MANAGE.")
    stages: list[Stage] = batched(
        stages_of_funnels, description="Entry first, then the own stages in order, then won, then lost."
    )
    loss_reasons: list[LossReason] = batched(loss_reasons_of_funnels, description="Archived ones too.")
    deal_count: int = batched(open_deal_counts, description="Open deals.")
    open_value: list[Money] = batched(open_values, description="Of open deals, by currency.")
    archived: bool = strawberry.field(description="Whether it can only be read.")
    created_at: DateTime
    updated_at: DateTime
    version: int = strawberry.field(
        description="Rises by one with every change of the funnel itself, its stages and loss reasons."
    )
    analytics: Annotated["FunnelAnalytics", strawberry.lazy("services.graphql.analytics")] = batched(
        analytics_of_funnels, description="What it did in a period: days of the account's time zone, both included."
    )

    @classmethod
    def of(cls, funnel: funnels.Funnel) -> Self:
        return cast("Self", funnel)


async def funnels_by_id(ctx: Context, wanted: Sequence[UUID]) -> list[Funnel]:
    found = await ctx.known(funnels.get_many, wanted)
    return [Funnel.of(found[id]) for id in wanted]


async def stages_by_id(ctx: Context, wanted: Iterable[UUID | None]) -> Mapping[UUID, Stage]:
    return cast("Mapping[UUID, Stage]", await ctx.known(funnels.stages_by_id, wanted))


async def loss_reasons_by_id(ctx: Context, wanted: Iterable[UUID | None]) -> Mapping[UUID, LossReason]:
    return cast("Mapping[UUID, LossReason]", await ctx.known(funnels.loss_reasons_by_id, wanted))


@strawberry.input(description="Which funnels to list.")
class FunnelFilter:
    search: str | None = strawberry.field(default=UNSET, description="A part of the name.")
    archived: bool | None = strawberry.field(default=False, description="null: both.")


@strawberry.type
class FunnelsQuery:
    @query("Funnels that the viewer sees, by name.")
    async def funnels(
        self, info: Info, filter: FunnelFilter | None = UNSET, first: int | None = FIRST, after: str | None = UNSET
    ) -> Connection[Funnel]:
        place, asked = decode(after or None), filter or FunnelFilter()
        search = read_search(asked.search or None, info.context.language)
        ctx, archived = info.context, asked.archived
        page, places = await ctx.read(lambda tx: funnels.page(tx, search, archived, place, first or FIRST))

        async def count() -> int:
            return await ctx.read(lambda tx: funnels.count(tx, search, archived))

        return connection(
            [Funnel.of(funnel) for funnel in page.funnels], places, count, has_more=page.has_more, after=place
        )

    @query("A funnel; null when it is not there or not the viewer's to see.")
    async def funnel(self, info: Info, id: strawberry.ID) -> Funnel | None:
        found = await info.context.read(lambda tx: funnels.find(tx, ids.read(id)))
        return Funnel.of(found) if found else None
