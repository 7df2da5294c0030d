"""Funnels and their parts: types and queries."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Self
from uuid import UUID

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Info, User, users_by_id
from services.graphql.context import Context
from services.graphql.engine.fields import batched
from services.graphql.money import Money
from services.graphql.node import Node
from services.graphql.pages import FIRST, Connection, connection, decode, known, read_search
from services.graphql.roots import query
from services.graphql.scalars import Color, Date, DateTime, date_time, node_id
from shared import funnels, ids
from shared.funnels import StageKind, Total

if TYPE_CHECKING:
    from services.graphql.analytics import FunnelAnalytics
from services.graphql.words import describe_enum

describe_enum(
    StageKind,
    "Entry, won and lost are built in, once each; a funnel's own stages are PROGRESS.",
    ENTRY="Where every deal begins.",
    PROGRESS="One of the funnel's own.",
    WON="Where deals are that were sold.",
    LOST="Where deals are that will not be sold.",
)


async def totals_of_stages(ctx: Context, stages: Sequence["Stage"]) -> list[Total]:
    """What stands in each, kept by counters."""
    found = await ctx.read(lambda tx: funnels.board_totals(tx, list({stage.funnel_id for stage in stages})))
    return [found.get(stage.stage_id, Total()) for stage in stages]


async def deal_counts_of_stages(ctx: Context, stages: Sequence["Stage"]) -> list[int]:
    return [total.deals for total in await totals_of_stages(ctx, stages)]


async def values_of_stages(ctx: Context, stages: Sequence["Stage"]) -> list[list[Money]]:
    return [Money.all(total.value) for total in await totals_of_stages(ctx, stages)]


@strawberry.type(description="A stage of a funnel: a column of its board.")
class Stage(Node):
    name: str
    color: Color
    kind: StageKind = strawberry.field(description="Whether it is built in, and as what.")
    probability: int = strawberry.field(description="How likely a deal that stands here is won: 0 to 100.")
    idle_after_days: int | None = strawberry.field(description="Deals that stand longer are idle.")
    requires_amount: bool = strawberry.field(description="A deal without an amount may not enter.")
    deal_count: int = batched(deal_counts_of_stages, description="Standing here, not archived.")
    value: list[Money] = batched(values_of_stages, description="Of what stands here, by currency.")

    funnel_id: strawberry.Private[UUID]
    stage_id: strawberry.Private[UUID]

    @classmethod
    def of(cls, stage: funnels.Stage) -> Self:
        return cls(
            id=node_id(stage.id),
            name=stage.name,
            color=Color(stage.color),
            kind=stage.kind,
            probability=stage.probability,
            idle_after_days=stage.idle_after_days,
            requires_amount=stage.requires_amount,
            funnel_id=stage.funnel_id,
            stage_id=stage.id,
        )


@strawberry.type(description="Why deals of a funnel are lost.")
class LossReason(Node):
    name: str
    requires_note: bool = strawberry.field(description="No deal is lost by it without a note.")
    archived: bool = strawberry.field(description="Whether it can no longer be chosen.")

    @classmethod
    def of(cls, reason: funnels.LossReason) -> Self:
        return cls(
            id=node_id(reason.id), name=reason.name, requires_note=reason.requires_note, archived=reason.archived
        )


async def viewers_of_funnels(ctx: Context, asked: Sequence["Funnel"]) -> list[list[User]]:
    by_funnel = await ctx.read(lambda tx: funnels.viewer_ids(tx, [funnel.funnel_id for funnel in asked]))
    users = await users_by_id(ctx, {id for ids in by_funnel.values() for id in ids})
    by_id = {user.id: user for user in users if user is not None}
    return [[by_id[node_id(id)] for id in by_funnel[funnel.funnel_id]] for funnel in asked]


async def stages_of_funnels(ctx: Context, asked: Sequence["Funnel"]) -> list[list[Stage]]:
    found = await ctx.read(lambda tx: funnels.stages(tx, [funnel.funnel_id for funnel in asked]))
    return [[Stage.of(stage) for stage in found[funnel.funnel_id]] for funnel in asked]


async def loss_reasons_of_funnels(ctx: Context, asked: Sequence["Funnel"]) -> list[list[LossReason]]:
    found = await ctx.read(lambda tx: funnels.loss_reasons(tx, [funnel.funnel_id for funnel in asked]))
    return [[LossReason.of(reason) for reason in found[funnel.funnel_id]] for funnel in asked]


async def open_totals(ctx: Context, asked: Sequence["Funnel"]) -> list[Total]:
    """Of the open stages of each funnel together."""
    ids_asked = [funnel.funnel_id for funnel in asked]
    stages = await ctx.read(lambda tx: funnels.stages(tx, ids_asked))
    totals = await ctx.read(lambda tx: funnels.board_totals(tx, ids_asked))
    return [
        sum((totals.get(stage.id, Total()) for stage in stages[id] if stage.is_open), start=Total()) for id in ids_asked
    ]


async def open_deal_counts(ctx: Context, asked: Sequence["Funnel"]) -> list[int]:
    return [total.deals for total in await open_totals(ctx, asked)]


async def open_values(ctx: Context, asked: Sequence["Funnel"]) -> list[list[Money]]:
    return [Money.all(total.value) for total in await open_totals(ctx, asked)]


async def analytics_of_funnels(
    ctx: Context,
    asked: Sequence["Funnel"],
    *,
    from_: Annotated[Date, strawberry.argument(name="from")],
    to: Date,
) -> list["FunnelAnalytics"]:
    from services.graphql import analytics  # noqa: PLC0415  # a funnel shows its analytics, and they its stages

    return await analytics.of_funnels(ctx, [funnel.funnel_id for funnel in asked], from_, to)


@strawberry.type(description="A row of stages that deals walk through, and its board.")
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

    funnel_id: strawberry.Private[UUID]

    @classmethod
    def of(cls, funnel: funnels.Funnel) -> Self:
        return cls(
            id=node_id(funnel.id),
            name=funnel.name,
            archived=funnel.archived,
            created_at=date_time(funnel.created_at),
            updated_at=date_time(funnel.updated_at),
            version=funnel.version,
            funnel_id=funnel.id,
        )


async def funnels_by_id(ctx: Context, wanted: Sequence[UUID]) -> list[Funnel]:
    found = await ctx.known(funnels.get_many, wanted)
    return [Funnel.of(found[id]) for id in wanted]


async def stages_by_id(ctx: Context, wanted: Iterable[UUID]) -> dict[UUID, Stage]:
    found = await ctx.known(funnels.stages_by_id, wanted)
    return {id: Stage.of(stage) for id, stage in found.items()}


async def loss_reasons_by_id(ctx: Context, wanted: Iterable[UUID]) -> dict[UUID, LossReason]:
    found = await ctx.read(lambda tx: funnels.loss_reasons_by_id(tx, list(set(wanted))))
    return {id: LossReason.of(reason) for id, reason in found.items()}


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
        page, places = await info.context.read(
            lambda tx: funnels.page(tx, search, asked.archived, place, first or FIRST)
        )
        return connection(
            [Funnel.of(funnel) for funnel in page.funnels],
            places,
            known(page.count),
            has_more=page.has_more,
            after=place,
        )

    @query("A funnel; null when it is not there or not the viewer's to see.")
    async def funnel(self, info: Info, id: strawberry.ID) -> Funnel | None:
        found = await info.context.read(lambda tx: funnels.find(tx, ids.read(id)))
        return Funnel.of(found) if found else None
