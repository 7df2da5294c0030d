"""Deals: types, queries, mutations, and the refusals of their own."""

from collections.abc import Sequence
from typing import Annotated, Any, Self, cast
from uuid import UUID

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Info, User, users_by_id
from services.graphql.billing import ModuleInactive
from services.graphql.context import Context
from services.graphql.engine.fields import batched
from services.graphql.errors import Error, Forbidden, IdempotencyConflict, InvalidInput, NotFound, Refusal
from services.graphql.funnels import Funnel, LossReason, Stage, funnels_by_id, loss_reasons_by_id, stages_by_id
from services.graphql.money import Money, MoneyInput
from services.graphql.node import Node
from services.graphql.roots import mutation, query
from services.graphql.scalars import (
    JSON,
    Cursor,
    Date,
    DateTime,
    PhoneNumber,
    date_time,
    node_id,
    optional_date,
    optional_date_time,
)
from services.graphql.writing import Given, act
from shared import deals, errors, funnels, ids
from shared.actor import Permission
from shared.deals import DealSource, DealStatus

strawberry.enum(DealStatus, description="Whether a deal is still walking through its funnel.")
strawberry.enum(DealSource, description="How a deal came in.")


@strawberry.type(description="Whom a deal is with.")
class Contact:
    name: str
    phone: PhoneNumber | None
    email: str | None


async def assignees_of_deals(ctx: Context, asked: Sequence["Deal"]) -> list[User | None]:
    return await users_by_id(ctx, [deal.deal.assignee_id for deal in asked])


async def funnels_of_deals(ctx: Context, asked: Sequence["Deal"]) -> list[Funnel]:
    return await funnels_by_id(ctx, [deal.deal.funnel_id for deal in asked])


async def stages_of_deals(ctx: Context, asked: Sequence["Deal"]) -> list[Stage]:
    found = await stages_by_id(ctx, [deal.deal.stage_id for deal in asked])
    return [found[deal.deal.stage_id] for deal in asked]


async def closed_from_stages_of_deals(ctx: Context, asked: Sequence["Deal"]) -> list[Stage | None]:
    wanted = [deal.deal.closed_from_stage_id for deal in asked]
    found = await stages_by_id(ctx, [id for id in wanted if id is not None])
    return [found.get(id) if id else None for id in wanted]


async def loss_reasons_of_deals(ctx: Context, asked: Sequence["Deal"]) -> list[LossReason | None]:
    wanted = [deal.deal.loss_reason_id for deal in asked]
    found = await loss_reasons_by_id(ctx, [id for id in wanted if id is not None])
    return [found.get(id) if id else None for id in wanted]


async def idle_from_of_deals(ctx: Context, asked: Sequence["Deal"]) -> list[DateTime | None]:
    found = await ctx.read(lambda tx: funnels.stages_by_id(tx, list({deal.deal.stage_id for deal in asked})))
    return [optional_date_time(deals.idle_from(deal.deal, found[deal.deal.stage_id])) for deal in asked]


@strawberry.type(description="Something that may be sold: it walks through the stages of its funnel.")
class Deal(Node):
    number: int = strawberry.field(description="Counts within the account, for people.")
    title: str
    contact: Contact
    assignee: User | None = batched(assignees_of_deals)
    amount: Money | None
    expected_close_on: Date | None
    source: DealSource
    source_name: str | None
    funnel: Funnel = batched(funnels_of_deals)
    stage: Stage = batched(stages_of_deals)
    status: DealStatus
    loss_reason: LossReason | None = batched(loss_reasons_of_deals)
    loss_note: str | None
    closed_from_stage: Stage | None = batched(
        closed_from_stages_of_deals, description="Where it stood when it was won or lost."
    )
    open_task_count: int
    archived: bool
    idle_from: DateTime | None = batched(
        idle_from_of_deals, description="From then on it has stood too long; null: never. Compare with your clock."
    )
    entered_stage_at: DateTime
    created_at: DateTime
    updated_at: DateTime
    closed_at: DateTime | None
    version: int = strawberry.field(description="Rises by one with every change of the deal.")
    custom_fields: JSON

    deal: strawberry.Private[deals.Deal]

    @classmethod
    def of(cls, deal: deals.Deal) -> Self:
        return cls(
            id=node_id(deal.id),
            number=deal.number,
            title=deal.title,
            contact=Contact(
                name=deal.contact.name,
                phone=PhoneNumber(deal.contact.phone) if deal.contact.phone else None,
                email=deal.contact.email,
            ),
            amount=Money.of(deal.amount) if deal.amount else None,
            expected_close_on=optional_date(deal.expected_close_on),
            source=deal.source,
            source_name=deal.source_name,
            status=deal.status,
            loss_note=deal.loss_note,
            open_task_count=deal.open_task_count,
            archived=deal.archived,
            entered_stage_at=date_time(deal.entered_stage_at),
            created_at=date_time(deal.created_at),
            updated_at=date_time(deal.updated_at),
            closed_at=optional_date_time(deal.closed_at),
            version=deal.version,
            custom_fields=cast("JSON", deal.custom_fields),
            deal=deal,
        )


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
    stage_id: strawberry.ID


@strawberry.type(description="A deal is not lost without a reason, or without the note that the reason wants.")
class LossReasonRequired(Error):
    loss_reasons: list[LossReason] = batched(reasons_of_refusals, description="Of which one is to be chosen.")

    funnel_id: strawberry.Private[UUID]


@strawberry.type(description="The stage takes no deal without an amount.")
class AmountRequired(Error):
    stage: Stage = batched(stages_of_refusals)

    stage_id: strawberry.Private[UUID]


@strawberry.input(description="Whom a deal is with.")
class ContactInput:
    name: str
    phone: PhoneNumber | None = UNSET
    email: str | None = UNSET


@strawberry.input(one_of=True, description="Where in a column: next to another deal, or at an end (true).")
class PlaceInput:
    after: strawberry.ID | None = UNSET
    before: strawberry.ID | None = UNSET
    top: bool | None = UNSET
    bottom: bool | None = UNSET


@strawberry.input(description="A deal to be made: it lands in the entry stage, on top. A client may choose its id.")
class CreateDealInput:
    id: strawberry.ID | None = UNSET
    funnel_id: strawberry.ID
    title: str
    contact: ContactInput
    assignee_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Default: the viewer.")
    amount: MoneyInput | None = UNSET
    expected_close_on: Date | None = UNSET
    custom_fields: JSON | None = UNSET
    idempotency_key: str | None = UNSET


@strawberry.input(description="What to change: absent leaves, null clears (amount, expectedCloseOn).")
class UpdateDealInput:
    id: strawberry.ID
    title: str | None = UNSET
    contact: ContactInput | None = UNSET
    assignee_id: strawberry.ID | None = UNSET
    amount: MoneyInput | None = UNSET
    expected_close_on: Date | None = UNSET
    custom_fields: JSON | None = UNSET
    expected_version: int | None = UNSET
    idempotency_key: str | None = UNSET


@strawberry.input(description="Where a deal is to stand.")
class MoveDealInput:
    id: strawberry.ID
    to_stage_id: strawberry.ID
    place: PlaceInput | None = strawberry.field(default=UNSET, description="Default: on top.")
    expected_version: int | None = strawberry.field(default=UNSET, description="Differs: StaleDeal, nothing happens.")
    loss_reason_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Needed to enter LOST.")
    loss_note: str | None = UNSET
    amount: MoneyInput | None = strawberry.field(default=UNSET, description="Filled in on the way.")
    idempotency_key: str | None = UNSET


@strawberry.type(description="The deal that was made, and where its funnel's log stands.")
class CreateDealPayload:
    deal: Deal
    cursor: Cursor
    seq: int


@strawberry.type(description="The deal as it is now, and where its funnel's log stands.")
class UpdateDealPayload:
    deal: Deal
    cursor: Cursor
    seq: int


@strawberry.type(description="The deal where it stands now, and where its funnel's log stands.")
class MoveDealPayload:
    deal: Deal
    cursor: Cursor
    seq: int
    missing: list[str] = strawberry.field(description='What the product would ask for: "amount".')


CreateDealResult = Annotated[
    CreateDealPayload | InvalidInput | NotFound | Forbidden | ModuleInactive | IdempotencyConflict,
    strawberry.union("CreateDealResult"),
]
UpdateDealResult = Annotated[
    UpdateDealPayload
    | InvalidInput
    | NotFound
    | Forbidden
    | StaleDeal
    | AmountRequired
    | ModuleInactive
    | IdempotencyConflict,
    strawberry.union("UpdateDealResult"),
]
MoveDealResult = Annotated[
    MoveDealPayload
    | InvalidInput
    | NotFound
    | Forbidden
    | StaleDeal
    | StageNotInFunnel
    | LossReasonRequired
    | AmountRequired
    | ModuleInactive
    | IdempotencyConflict,
    strawberry.union("MoveDealResult"),
]


async def _change(info: Info, input: object, read: Any, do: Any) -> deals.Changed:
    """Do something with one deal. `read`: of what was given and the account's country."""
    country = info.context.viewer.country

    def of_country(given: Given) -> Any:
        return read(given, country)

    return await act(
        info, input, Permission.DEALS_WRITE, of_country, do, keep=lambda changed: changed.kept, again=deals.recall
    )


@strawberry.type
class DealsQuery:
    @query("A deal; null when it is not there or not the viewer's to see.")
    async def deal(self, info: Info, id: strawberry.ID) -> Deal | None:
        found = await info.context.read(lambda tx: deals.find(tx, ids.read(id)))
        return Deal.of(found) if found else None


@strawberry.type
class DealsMutation:
    @mutation("Make a deal. Needs DEALS_WRITE.")
    async def create_deal(self, info: Info, input: CreateDealInput) -> CreateDealResult:
        made = await _change(info, input, deals.NewDeal.read, deals.create)
        return CreateDealPayload(deal=Deal.of(made.deal), cursor=Cursor(made.place.cursor), seq=made.place.seq)

    @mutation("Change a deal's own fields. Needs DEALS_WRITE.")
    async def update_deal(self, info: Info, input: UpdateDealInput) -> UpdateDealResult:
        updated = await _change(info, input, deals.Changes.read, deals.update)
        place = updated.place
        return UpdateDealPayload(deal=Deal.of(updated.deal), cursor=Cursor(place.cursor), seq=place.seq)

    @mutation("Move a deal to another place of its funnel. Needs DEALS_WRITE.")
    async def move_deal(self, info: Info, input: MoveDealInput) -> MoveDealResult:
        moved = await _change(info, input, lambda given, _country: deals.Move.read(given), deals.move)
        place = moved.place
        return MoveDealPayload(
            deal=Deal.of(moved.deal), cursor=Cursor(place.cursor), seq=place.seq, missing=list(moved.missing)
        )


REFUSALS = [
    Refusal(errors.StaleDeal, StaleDeal),
    Refusal(errors.StageNotInFunnel, StageNotInFunnel),
    Refusal(errors.LossReasonRequired, LossReasonRequired),
    Refusal(errors.AmountRequired, AmountRequired),
]
