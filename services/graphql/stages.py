"""What is done with the stages of a funnel: inputs, answers, mutations, and the refusal of their own."""

from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Info
from services.graphql.billing import ModuleInactive
from services.graphql.deals import AmountRequired, PlaceInput
from services.graphql.errors import (
    Error,
    Forbidden,
    IdempotencyConflict,
    InvalidInput,
    NotAllowedNow,
    NotFound,
    Refusal,
)
from services.graphql.funnel_mutations import StageInput, shown
from services.graphql.funnels import Funnel, Stage
from services.graphql.roots import mutation
from services.graphql.scalars import Color, Cursor
from services.graphql.writing import act
from shared import deals, errors, funnels
from shared.actor import Permission


@strawberry.type(description="A stage with deals is deleted only when it is said where they go.")
class StageNotEmpty(Error):
    deal_count: int = strawberry.field(description="Standing there, not archived.")


@strawberry.input(description="An own stage to be made.")
class CreateStageInput:
    funnel_id: strawberry.ID
    stage: StageInput = strawberry.field(description="What is to be made.")
    place: PlaceInput | None = strawberry.field(default=UNSET, description="Default: last of the own stages.")
    idempotency_key: str | None = UNSET


@strawberry.input(description="What to change of any stage: absent leaves, null clears (idleAfterDays).")
class UpdateStageInput:
    id: strawberry.ID
    name: str | None = UNSET
    color: Color | None = UNSET
    probability: int | None = strawberry.field(default=UNSET, description="Of won and lost it is fixed.")
    idle_after_days: int | None = strawberry.field(
        default=UNSET, description="1 to 3,650: deals that stand longer are idle; null: never."
    )
    requires_amount: bool | None = strawberry.field(default=UNSET, description="Never on the entry.")
    idempotency_key: str | None = UNSET


@strawberry.input(description="Where an own stage is to stand: entry, won and lost keep their places.")
class MoveStageInput:
    id: strawberry.ID
    place: PlaceInput = strawberry.field(description="Next to another own stage, or at an end of the own stages.")
    idempotency_key: str | None = UNSET


@strawberry.input(description="An own stage that is to go.")
class DeleteStageInput:
    id: strawberry.ID
    move_deals_to: strawberry.ID | None = strawberry.field(
        default=UNSET, description="The entry or another own stage: deals that stand here go there, on top."
    )
    idempotency_key: str | None = UNSET


@strawberry.type(description="The stage that was made, and where its funnel's log stands.")
class CreateStagePayload:
    funnel: Funnel
    stage: Stage
    cursor: Cursor
    seq: int


@strawberry.type(description="The stage as it is now, and where its funnel's log stands.")
class UpdateStagePayload:
    funnel: Funnel
    stage: Stage
    cursor: Cursor
    seq: int


@strawberry.type(description="The funnel with its stages in their new order, and where its log stands.")
class MoveStagePayload:
    funnel: Funnel
    cursor: Cursor
    seq: int


@strawberry.type(description="The funnel without the stage, and where its log stands.")
class DeleteStagePayload:
    funnel: Funnel
    cursor: Cursor
    seq: int


CreateStageResult = Annotated[
    CreateStagePayload | InvalidInput | NotFound | Forbidden | ModuleInactive | IdempotencyConflict,
    strawberry.union("CreateStageResult"),
]
UpdateStageResult = Annotated[
    UpdateStagePayload | InvalidInput | NotFound | Forbidden | ModuleInactive | IdempotencyConflict,
    strawberry.union("UpdateStageResult"),
]
MoveStageResult = Annotated[
    MoveStagePayload | InvalidInput | NotFound | Forbidden | NotAllowedNow | ModuleInactive | IdempotencyConflict,
    strawberry.union("MoveStageResult"),
]
DeleteStageResult = Annotated[
    DeleteStagePayload
    | InvalidInput
    | NotFound
    | Forbidden
    | StageNotEmpty
    | AmountRequired
    | NotAllowedNow
    | ModuleInactive
    | IdempotencyConflict,
    strawberry.union("DeleteStageResult"),
]


async def _change(info: Info, input: object, read: Any, do: Any, again: Any = funnels.recall) -> Any:
    return await act(info, input, Permission.FUNNELS_MANAGE, read, do, keep=lambda changed: changed.kept, again=again)


@strawberry.type
class StagesMutation:
    @mutation("Add a stage to a funnel. Needs FUNNELS_MANAGE.")
    async def create_stage(self, info: Info, input: CreateStageInput) -> CreateStageResult:
        made: funnels.ChangedStage = await _change(
            info, input, funnels.StageCreation.read, funnels.create_stage, funnels.recall_stage
        )
        return CreateStagePayload(stage=Stage.of(made.stage), **shown(made.changed))

    @mutation("Change a stage, whichever it is. Needs FUNNELS_MANAGE.")
    async def update_stage(self, info: Info, input: UpdateStageInput) -> UpdateStageResult:
        updated: funnels.ChangedStage = await _change(
            info, input, funnels.StageChanges.read, funnels.update_stage, funnels.recall_stage
        )
        return UpdateStagePayload(stage=Stage.of(updated.stage), **shown(updated.changed))

    @mutation("Move an own stage among the own ones. Needs FUNNELS_MANAGE.")
    async def move_stage(self, info: Info, input: MoveStageInput) -> MoveStageResult:
        return MoveStagePayload(**shown(await _change(info, input, funnels.StageMove.read, funnels.move_stage)))

    @mutation("Take an own stage out of its funnel. Needs FUNNELS_MANAGE.")
    async def delete_stage(self, info: Info, input: DeleteStageInput) -> DeleteStageResult:
        return DeleteStagePayload(**shown(await _change(info, input, deals.StageDeletion.read, deals.delete_stage)))


REFUSALS = [Refusal(errors.StageNotEmpty, StageNotEmpty)]
