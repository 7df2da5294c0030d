"""What a funnel did in a period: types, and the field of Funnel."""

from collections.abc import Mapping, Sequence
from typing import Self
from uuid import UUID

import strawberry

from services.graphql.context import Context
from services.graphql.engine.answers import BadUserInput
from services.graphql.funnels import LossReason, Stage, loss_reasons_by_id
from services.graphql.money import Money
from shared import deals
from shared.deals import DealSource
from shared.forms import NO_DATE, read_date


@strawberry.type(description="What became of the visits to a stage that began in the period; each re-entry is a visit.")
class StageAnalytics:
    stage: Stage
    entered: int = strawberry.field(description="Visits that began in the period.")
    moved: int = strawberry.field(description="Left for a later open stage.")
    won: int = strawberry.field(description="Left for won.")
    lost: int = strawberry.field(description="Left for lost.")
    conversion: float | None = strawberry.field(
        description="Of the deals that entered, the share that later stood in a later stage or was won."
    )
    median_hours: float | None = strawberry.field(description="Of finished visits.")
    average_hours: float | None = strawberry.field(description="Of finished visits.")

    @classmethod
    def of(cls, one: deals.StageAnalytics) -> Self:
        return cls(
            stage=Stage.of(one.stage),
            entered=one.entered,
            moved=one.moved,
            won=one.won,
            lost=one.lost,
            conversion=one.conversion,
            median_hours=one.median_hours,
            average_hours=one.average_hours,
        )


@strawberry.type(description="How many deals were lost for a reason.")
class LossReasonCount:
    reason: LossReason | None = strawberry.field(description="null: none was given.")
    count: int = strawberry.field(description="Deals that were lost for it.")
    value: list[Money] = strawberry.field(description="What these would have been worth, by currency.")


@strawberry.type(description="How many deals a source brought in the period, and how many of its deals were won in it.")
class SourceCount:
    source: DealSource = strawberry.field(description="How these deals came in.")
    created: int = strawberry.field(description="Deals that were made in the period.")
    won: int = strawberry.field(description="Deals that were won in the period, whenever they were made.")


@strawberry.type(
    description="Won and lost: deals that were closed in the period and still are. Archived deals count too."
)
class FunnelAnalytics:
    created: int = strawberry.field(description="Deals that were made in the period.")
    won: int = strawberry.field(description="Deals that were won in the period.")
    lost: int = strawberry.field(description="Deals that were lost in the period.")
    won_value: list[Money] = strawberry.field(description="Of what was won, by currency.")
    win_rate: float | None = strawberry.field(description="Of the deals that were closed, the share that was won.")
    average_days_to_win: float | None = strawberry.field(
        description="From when a deal was made until it was won; null: none was won."
    )
    stages: list[StageAnalytics] = strawberry.field(description="All of the funnel's, in their order.")
    loss_reasons: list[LossReasonCount] = strawberry.field(description="The most frequent one first.")
    sources: list[SourceCount] = strawberry.field(description="Those that brought a deal or won one.")
    forecast: list[Money] = strawberry.field(description="Open deals as of now: amount × the stage's probability.")

    @classmethod
    def of(cls, found: deals.FunnelAnalytics, reasons: Mapping[UUID, LossReason]) -> Self:
        return cls(
            created=found.created,
            won=found.won,
            lost=found.lost,
            won_value=Money.all(found.won_value),
            win_rate=found.win_rate,
            average_days_to_win=found.average_days_to_win,
            stages=[StageAnalytics.of(one) for one in found.stages],
            loss_reasons=[
                LossReasonCount(
                    reason=reasons[one.reason_id] if one.reason_id else None,
                    count=one.count,
                    value=Money.all(one.value),
                )
                for one in found.loss_reasons
            ],
            sources=[SourceCount(source=one.source, created=one.created, won=one.won) for one in found.sources],
            forecast=Money.all(found.forecast),
        )


async def of_funnels(ctx: Context, funnel_ids: Sequence[UUID], first_day: str, last_day: str) -> list[FunnelAnalytics]:
    """From the first day to the last one. Raises BadUserInput."""
    first, last = read_date(first_day), read_date(last_day)
    if first is None or last is None:
        raise BadUserInput(f"`from` and `to`: {NO_DATE.to(ctx.language)}")
    if first > last:
        raise BadUserInput("`from` is a day after `to`.")
    found = [await ctx.read(lambda tx, id=id: deals.analytics(tx, id, first, last)) for id in funnel_ids]  # type: ignore[misc]  # mypy cannot infer a lambda's default
    wanted = {reason.reason_id for one in found for reason in one.loss_reasons if reason.reason_id is not None}
    reasons = await loss_reasons_by_id(ctx, wanted)
    return [FunnelAnalytics.of(one, reasons) for one in found]
