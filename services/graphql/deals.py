"""Deals: types, queries, and the refusals of their own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self, cast
from uuid import UUID

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Info, User, users_by_id
from services.graphql.context import Context
from services.graphql.engine.fields import batched, shows
from services.graphql.errors import Error, Refusal
from services.graphql.funnels import Funnel, LossReason, Stage, funnels_by_id, loss_reasons_by_id, stages_by_id
from services.graphql.history import DealHistoryConnection, history_of_deals
from services.graphql.items import Note, Task, notes_of_deals, tasks_of_deals
from services.graphql.money import Money
from services.graphql.node import Node
from services.graphql.pages import Connection
from services.graphql.roots import query
from services.graphql.scalars import JSON, Date, DateTime, PhoneNumber
from services.graphql.words import describe_enum
from shared import accounts, deals, errors, funnels, ids
from shared.deals import DealSource, DealStatus

describe_enum(
    DealStatus,
    "Whether a deal is still walking through its funnel.",
    OPEN="It stands in the entry or in an own stage.",
    WON="It was sold.",
    LOST="It will not be sold; `lossReason` says why.",
)
describe_enum(
    DealSource,
    "How a deal came in.",
    MANUAL="A person made it.",
    FORM="From a form, a page or an advertisement.",
    CALL="From a telephone call.",
    IMPORT="From a file.",
    API="From another program, as JSON.",
)


@strawberry.type(description="Whom a deal is with.")
@shows(deals.Contact)
class Contact:
    name: str = strawberry.field(description="What they are called.")
    phone: PhoneNumber | None
    email: str | None

    @classmethod
    def of(cls, contact: deals.Contact) -> Self:
        return cast("Self", contact)


async def assignees_of_deals(ctx: Context, asked: Sequence[deals.Deal]) -> list[User | None]:
    return await users_by_id(ctx, [deal.assignee_id for deal in asked])


async def funnels_of_deals(ctx: Context, asked: Sequence[deals.Deal]) -> list[Funnel]:
    return await funnels_by_id(ctx, [deal.funnel_id for deal in asked])


async def stages_of_deals(ctx: Context, asked: Sequence[deals.Deal]) -> list[Stage]:
    found = await stages_by_id(ctx, [deal.stage_id for deal in asked])
    return [found[deal.stage_id] for deal in asked]


async def closed_from_stages_of_deals(ctx: Context, asked: Sequence[deals.Deal]) -> list[Stage | None]:
    wanted = [deal.closed_from_stage_id for deal in asked]
    found = await stages_by_id(ctx, wanted)
    return [found.get(id) if id else None for id in wanted]


async def loss_reasons_of_deals(ctx: Context, asked: Sequence[deals.Deal]) -> list[LossReason | None]:
    wanted = [deal.loss_reason_id for deal in asked]
    found = await loss_reasons_by_id(ctx, wanted)
    return [found.get(id) if id else None for id in wanted]


async def idle_from_of_deals(ctx: Context, asked: Sequence[deals.Deal]) -> list[datetime | None]:
    found = await ctx.known(funnels.stages_by_id, [deal.stage_id for deal in asked])
    return [deals.idle_from(deal, found[deal.stage_id]) for deal in asked]


@strawberry.type(description="Something that may be sold: it walks through the stages of its funnel.")
@shows(deals.Deal)
class Deal(Node):
    number: int = strawberry.field(description="Counts within the account, for people.")
    title: str
    contact: Contact
    assignee: User | None = batched(
        assignees_of_deals, reads=("assignee_id",), description="Who works on it; null: nobody."
    )
    amount: Money | None = strawberry.field(description="What it is worth; null: not known yet.")
    expected_close_on: Date | None
    source: DealSource = strawberry.field(description="How it came in.")
    source_name: str | None = strawberry.field(
        description="The source's or the file's name, as it was then; null: people made it."
    )
    funnel: Funnel = batched(funnels_of_deals, reads=("funnel_id",), description="It never changes.")
    stage: Stage = batched(stages_of_deals, reads=("stage_id",), description="Where it stands, or was closed.")
    status: DealStatus = strawberry.field(description="Whether it is still walking.")
    loss_reason: LossReason | None = batched(
        loss_reasons_of_deals, reads=("loss_reason_id",), description="Why it was lost; null: it is not lost."
    )
    loss_note: str | None
    closed_from_stage: Stage | None = batched(
        closed_from_stages_of_deals,
        reads=("closed_from_stage_id",),
        description="Where it stood when it was won or lost.",
    )
    open_task_count: int = strawberry.field(description="Tasks that are not done.")
    archived: bool = strawberry.field(description="Whether it was taken off its board.")
    idle_from: DateTime | None = batched(
        idle_from_of_deals,
        reads=("stage_id", "entered_stage_at"),
        description="From then on it has stood too long; null: never. Compare with your clock.",
    )
    entered_stage_at: DateTime = strawberry.field(description="Since when it has stood in its stage.")
    created_at: DateTime
    updated_at: DateTime
    closed_at: DateTime | None = strawberry.field(description="When it was won or lost; null: it is open.")
    version: int = strawberry.field(description="Rises by one with every change of the deal.")
    custom_fields: JSON
    notes: Connection[Note] = batched(notes_of_deals, reads=("id",), description="Newest first.")
    tasks: list[Task] = batched(
        tasks_of_deals, reads=("id",), description="The open ones first, then by when they are due."
    )
    history: DealHistoryConnection = batched(
        history_of_deals, reads=("id",), description="What happened to it, newest first."
    )

    @classmethod
    def of(cls, deal: deals.Deal) -> Self:
        return cast("Self", deal)

    @classmethod
    def all(cls, many: list[deals.Deal]) -> list[Self]:
        return cast("list[Self]", many)


async def deals_of_refusals(ctx: Context, refusals: Sequence[Any]) -> list[Deal | Exception]:
    """Each as it is now."""
    found = await ctx.read(lambda tx: deals.get_many(tx, [refusal.deal_id for refusal in refusals]))
    return [
        Deal.of(found[refusal.deal_id]) if refusal.deal_id in found else errors.NotFound(refusal.deal_id)
        for refusal in refusals
    ]


async def reasons_of_refusals(ctx: Context, refusals: Sequence[Any]) -> list[list[LossReason]]:
    found = await ctx.read(lambda tx: funnels.loss_reasons(tx, [refusal.funnel_id for refusal in refusals]))
    return [
        [LossReason.of(reason) for reason in found[refusal.funnel_id] if not reason.archived] for refusal in refusals
    ]


async def stages_of_refusals(ctx: Context, refusals: Sequence[Any]) -> list[Stage]:
    found = await stages_by_id(ctx, [refusal.stage_id for refusal in refusals])
    return [found[refusal.stage_id] for refusal in refusals]


@strawberry.type(description="Someone else changed the deal first.")
class StaleDeal(Error):
    deal: Deal = batched(deals_of_refusals, description="As it is now.")

    deal_id: strawberry.Private[UUID]


@strawberry.type(description="The stage does not belong to the deal's funnel.")
class StageNotInFunnel(Error):
    stage_id: strawberry.ID = strawberry.field(description="What was given.")


@strawberry.type(description="A deal is not lost without a reason, or without the note that the reason wants.")
class LossReasonRequired(Error):
    loss_reasons: list[LossReason] = batched(reasons_of_refusals, description="Of which one is to be chosen.")

    funnel_id: strawberry.Private[UUID]


@strawberry.type(description="The stage takes no deal without an amount.")
class AmountRequired(Error):
    stage: Stage = batched(stages_of_refusals, description="The one that wants an amount.")

    stage_id: strawberry.Private[UUID]


@strawberry.input(
    one_of=True,
    description="Where in a row of deals or stages: next to another one, or at an end (true). Not there: InvalidInput.",
)
class PlaceInput:
    after: strawberry.ID | None = strawberry.field(
        default=UNSET, description="Directly below this deal of the column, or behind this stage."
    )
    before: strawberry.ID | None = strawberry.field(
        default=UNSET, description="Directly above this deal of the column, or before this stage."
    )
    top: bool | None = strawberry.field(default=UNSET, description="true; false: InvalidInput.")
    bottom: bool | None = strawberry.field(default=UNSET, description="true; false: InvalidInput.")


@strawberry.type
class DealsQuery:
    @query("A deal; null when it is not there or not the viewer's to see.")
    async def deal(self, info: Info, id: strawberry.ID) -> Deal | None:
        ctx = info.context
        found = await ctx.read(lambda tx: deals.view(tx, ids.read(id)))
        if found is None:
            return None
        ctx.knows(funnels.stages_by_id, {found.stage.id: found.stage})
        ctx.knows(funnels.get_many, {found.funnel.id: found.funnel})
        if found.assignee is not None:
            ctx.knows(accounts.users, {found.assignee.id: found.assignee})
        return Deal.of(found.deal)


REFUSALS = [
    Refusal(errors.StaleDeal, StaleDeal),
    Refusal(errors.StageNotInFunnel, StageNotInFunnel),
    Refusal(errors.LossReasonRequired, LossReasonRequired),
    Refusal(errors.AmountRequired, AmountRequired),
]
