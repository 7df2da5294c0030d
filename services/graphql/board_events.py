"""What happens to a board: the events of its log, as the contract shows them."""

from collections.abc import Sequence
from typing import Any, Self
from uuid import UUID

import strawberry

from services.graphql.accounts import Actor
from services.graphql.context import Context
from services.graphql.deals import Deal
from services.graphql.engine.fields import batched
from services.graphql.funnels import Funnel, Stage, funnels_by_id, stages_by_id
from services.graphql.live.hub import Telling
from services.graphql.money import Money
from services.graphql.scalars import Cursor, DateTime, date_time, node_id
from shared import deals, funnels
from shared.events import Recorded

AS_OF = "Its own fields as of this event; what is reached through it is read at delivery."


@strawberry.type(description="What stands in a stage as of an event, without filter.")
class ColumnTotals:
    stage_id: strawberry.ID = strawberry.field(description="Which stage it is.")
    deal_count: int = strawberry.field(description="Standing there, not archived.")
    value: list[Money] = strawberry.field(description="What these are worth, by currency.")

    @classmethod
    def of(cls, column: deals.ColumnTotals) -> Self:
        return cls(
            stage_id=node_id(column.stage_id), deal_count=column.total.deals, value=Money.all(column.total.value)
        )


@strawberry.interface(description="What happened: numbered 1, 2, 3 … within a funnel, in the order of commit.")
class BoardEvent:
    cursor: Cursor
    seq: int
    at: DateTime = strawberry.field(description="When it happened; never before the event before it.")
    actor: Actor

    telling: strawberry.Private[Telling | None] = None  # of an event that many are told of


async def from_stages(ctx: Context, moves: Sequence["DealMoved"]) -> list[Stage]:
    found = await stages_by_id(ctx, [move.from_stage_id for move in moves])
    return [found[move.from_stage_id] for move in moves]


async def to_stages(ctx: Context, moves: Sequence["DealMoved"]) -> list[Stage]:
    found = await stages_by_id(ctx, [move.deal.deal.stage_id for move in moves])
    return [found[move.deal.deal.stage_id] for move in moves]


@strawberry.type(description="A deal was made.")
class DealCreated(BoardEvent):
    deal: Deal = strawberry.field(description=AS_OF)
    placed_after: strawberry.ID | None = strawberry.field(description="The deal directly before it; null: top.")
    columns: list[ColumnTotals]


@strawberry.type(description="A deal went to another place.")
class DealMoved(BoardEvent):
    deal: Deal = strawberry.field(description=AS_OF)
    from_stage: Stage = batched(
        from_stages, description="Where it stood; the same as `toStage` when only its place changed."
    )
    to_stage: Stage = batched(to_stages, description="Where it stands now.")
    placed_after: strawberry.ID | None = strawberry.field(description="The deal directly before it; null: top.")
    columns: list[ColumnTotals]

    from_stage_id: strawberry.Private[UUID]


@strawberry.type(description="A deal's own fields changed, or its notes or tasks.")
class DealUpdated(BoardEvent):
    deal: Deal = strawberry.field(description=AS_OF)
    changed: list[str] = strawberry.field(description="Names of fields of Deal; of a task: openTaskCount.")
    columns: list[ColumnTotals]


@strawberry.type(description="A deal was taken off its board.")
class DealArchived(BoardEvent):
    deal: Deal = strawberry.field(description=AS_OF)
    columns: list[ColumnTotals]


@strawberry.type(description="An archived deal is on its board again, in the stage that it has now.")
class DealRestored(BoardEvent):
    deal: Deal = strawberry.field(description=AS_OF)
    placed_after: strawberry.ID | None = strawberry.field(description="The deal directly before it; null: top.")
    columns: list[ColumnTotals]


@strawberry.type(
    description="A batch of a file: deals on top of the entry stage, the first of the list topmost. One event."
)
class DealsImported(BoardEvent):
    count: int = strawberry.field(description="How many.")
    deals: list[Deal] = strawberry.field(description="As they were made, the topmost first.")
    columns: list[ColumnTotals]


async def funnels_of_changes(ctx: Context, changes: Sequence["FunnelChanged"]) -> list[Funnel]:
    return await funnels_by_id(ctx, [change.funnel_id for change in changes])


@strawberry.type(description="The funnel itself changed.")
class FunnelChanged(BoardEvent):
    funnel: Funnel = batched(funnels_of_changes)
    changed: list[str] = strawberry.field(description="name, viewers, stages, lossReasons, archived.")

    funnel_id: strawberry.Private[UUID]


def event_of(recorded: Recorded, funnel_id: UUID) -> BoardEvent:
    """An event of the log as the contract shows it."""
    common: dict[str, Any] = {
        "cursor": Cursor(recorded.place.cursor),
        "seq": recorded.seq,
        "at": date_time(recorded.at),
        "actor": Actor.of(recorded.actor),
    }
    if recorded.kind == funnels.FunnelChanged.kind:
        return FunnelChanged(**common, changed=list(recorded.payload["changed"]), funnel_id=funnel_id)
    if recorded.kind == deals.DealsImported.kind:
        batch = deals.DealsImported.from_payload(recorded.payload)
        return DealsImported(
            **common,
            count=len(batch.deals),
            deals=[Deal.of(deal) for deal in batch.deals],
            columns=[ColumnTotals.of(column) for column in batch.columns],
        )
    event = deals.DEAL_EVENTS[recorded.kind].from_payload(recorded.payload)
    common["deal"] = Deal.of(event.deal)
    common["columns"] = [ColumnTotals.of(column) for column in event.columns]
    if isinstance(event, deals.PlacedEvent):
        common["placed_after"] = node_id(event.placed_after) if event.placed_after else None
    match event:
        case deals.DealCreated():
            return DealCreated(**common)
        case deals.DealMoved():
            return DealMoved(**common, from_stage_id=event.from_stage_id)
        case deals.DealUpdated():
            return DealUpdated(**common, changed=list(event.changed))
        case deals.DealArchived():
            return DealArchived(**common)
        case deals.DealRestored():
            return DealRestored(**common)
        case _:
            raise AssertionError(f"The contract has no event {event.kind}.")
