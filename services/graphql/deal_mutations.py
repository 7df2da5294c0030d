"""What is done with one deal: inputs, answers, mutations."""

from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Info
from services.graphql.billing import ModuleInactive
from services.graphql.deals import AmountRequired, Deal, LossReasonRequired, PlaceInput, StageNotInFunnel, StaleDeal
from services.graphql.errors import Forbidden, IdempotencyConflict, InvalidInput, NotFound
from services.graphql.money import MoneyInput
from services.graphql.roots import mutation
from services.graphql.scalars import JSON, Cursor, Date, PhoneNumber
from services.graphql.words import NEW_ID
from services.graphql.writing import Given, act
from shared import deals, funnels
from shared.actor import Permission


@strawberry.input(description="Whom a deal is with.")
class ContactInput:
    name: str
    phone: PhoneNumber | None = UNSET
    email: str | None = UNSET


@strawberry.input(description="A deal to be made: it lands in the entry stage, on top. A client may choose its id.")
class CreateDealInput:
    id: strawberry.ID | None = strawberry.field(default=UNSET, description=NEW_ID)
    funnel_id: strawberry.ID
    title: str
    contact: ContactInput = strawberry.field(description="Whom it is with.")
    assignee_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Default: the viewer.")
    amount: MoneyInput | None = strawberry.field(default=UNSET, description="What it is worth; null: not known yet.")
    expected_close_on: Date | None = UNSET
    custom_fields: JSON | None = strawberry.field(
        default=UNSET, description="A JSON object of at most 32,768 bytes, 20 levels deep; absent: `{}`."
    )
    idempotency_key: str | None = UNSET


@strawberry.input(description="What to change: absent leaves, null clears (amount, expectedCloseOn).")
class UpdateDealInput:
    id: strawberry.ID
    title: str | None = UNSET
    contact: ContactInput | None = strawberry.field(default=UNSET, description="What is given replaces the whole.")
    assignee_id: strawberry.ID | None = UNSET
    amount: MoneyInput | None = strawberry.field(
        default=UNSET, description="null clears it, unless its stage requires one: AmountRequired."
    )
    expected_close_on: Date | None = UNSET
    custom_fields: JSON | None = strawberry.field(
        default=UNSET, description="A JSON object of at most 32,768 bytes, 20 levels deep; it replaces the whole."
    )
    expected_version: int | None = strawberry.field(default=UNSET, description="Differs: StaleDeal, nothing happens.")
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

    changed: deals.Changed = await act(
        info, input, Permission.DEALS_WRITE, of_country, do, keep=lambda changed: changed.kept, again=deals.recall
    )
    if changed.locked is not None:  # what the command has just looked at need not be looked up for its answer
        info.context.knows(funnels.stages_by_id, changed.locked.stages)
        info.context.knows(funnels.get_many, {changed.deal.funnel_id: changed.locked.funnel})
    return changed


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
