"""What is done with a funnel itself and its loss reasons: inputs, answers, mutations, and the refusal of their own."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Info
from services.graphql.billing import ModuleInactive
from services.graphql.context import Context
from services.graphql.engine.fields import batched
from services.graphql.errors import Error, Forbidden, IdempotencyConflict, InvalidInput, NotFound, Refusal
from services.graphql.funnels import Funnel, LossReason
from services.graphql.roots import mutation
from services.graphql.scalars import Color, Cursor
from services.graphql.words import NEW_ID
from services.graphql.writing import act
from shared import errors, funnels, ids
from shared.actor import Permission
from shared.db import Transaction


async def funnels_of_refusals(ctx: Context, refusals: Sequence["StaleFunnel"]) -> list[Funnel | Exception]:
    """Each as it is now."""
    found = await ctx.read(lambda tx: funnels.visible(tx, [refusal.funnel_id for refusal in refusals]))
    return [
        Funnel.of(found[refusal.funnel_id]) if refusal.funnel_id in found else errors.NotFound(refusal.funnel_id)
        for refusal in refusals
    ]


@strawberry.type(description="Someone else changed the funnel first.")
class StaleFunnel(Error):
    funnel: Funnel = batched(funnels_of_refusals, description="As it is now.")

    funnel_id: strawberry.Private[UUID]


@strawberry.input(description="A stage to be made. Without a probability, probabilities rise evenly.")
class StageInput:
    id: strawberry.ID | None = strawberry.field(default=UNSET, description=NEW_ID)
    name: str
    color: Color
    probability: int | None = strawberry.field(
        default=UNSET, description="0 to 100. Absent: between its neighbours, so that probabilities rise evenly."
    )
    idle_after_days: int | None = strawberry.field(
        default=UNSET, description="1 to 3,650: deals that stand longer are idle; null: never."
    )
    requires_amount: bool | None = strawberry.field(
        default=False, description="true: a deal without an amount may not enter. On the entry: InvalidInput."
    )


@strawberry.input(description="A funnel to be made. Won and lost are made by themselves, the entry when it is absent.")
class CreateFunnelInput:
    id: strawberry.ID | None = strawberry.field(default=UNSET, description=NEW_ID)
    name: str
    viewer_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Users who may see it, besides those with FUNNELS_MANAGE; at most 200."
    )
    entry: StageInput | None = strawberry.field(
        default=UNSET, description="Where every deal begins. Absent: the template's, or one that is made."
    )
    stages: list[StageInput] = strawberry.field(
        default_factory=list, description="The own ones in order, at most 50 beside entry, won and lost."
    )
    loss_reasons: list[str] = strawberry.field(
        default_factory=list, description="At most 100. Empty, and no template: one, «Інше» or «Other»."
    )
    template_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Fills what is not given.")
    idempotency_key: str | None = UNSET


@strawberry.input(description="What to change of a funnel: absent leaves.")
class UpdateFunnelInput:
    id: strawberry.ID
    name: str | None = UNSET
    viewer_ids: list[strawberry.ID] | None = strawberry.field(default=UNSET, description="These, and nobody else.")
    expected_version: int | None = strawberry.field(default=UNSET, description="Differs: StaleFunnel, nothing happens.")
    idempotency_key: str | None = UNSET


@strawberry.input(description="An archived funnel can be read, and not changed until it is brought back.")
class ArchiveFunnelInput:
    id: strawberry.ID
    archived: bool = strawberry.field(default=True, description="false brings it back.")
    idempotency_key: str | None = UNSET


@strawberry.input(description="A loss reason to be made, or to be changed to what is given.")
class SaveLossReasonInput:
    funnel_id: strawberry.ID
    id: strawberry.ID | None = strawberry.field(default=UNSET, description="One that the funnel has is changed.")
    name: str
    requires_note: bool | None = strawberry.field(default=False, description="No deal is lost by it without a note.")
    archived: bool | None = strawberry.field(
        default=False, description="No deal is lost by it any more. The last one that is not: InvalidInput."
    )
    idempotency_key: str | None = UNSET


@strawberry.type(description="The funnel that was made.")
class CreateFunnelPayload:
    funnel: Funnel


@strawberry.type(description="The funnel as it is now, and where its log stands.")
class UpdateFunnelPayload:
    funnel: Funnel
    cursor: Cursor
    seq: int


@strawberry.type(description="The funnel as it is now.")
class ArchiveFunnelPayload:
    funnel: Funnel


@strawberry.type(description="The loss reason as it is now, and where its funnel's log stands.")
class SaveLossReasonPayload:
    funnel: Funnel
    loss_reason: LossReason
    cursor: Cursor
    seq: int


CreateFunnelResult = Annotated[
    CreateFunnelPayload | InvalidInput | Forbidden | ModuleInactive | IdempotencyConflict,
    strawberry.union("CreateFunnelResult"),
]
UpdateFunnelResult = Annotated[
    UpdateFunnelPayload | InvalidInput | NotFound | Forbidden | StaleFunnel | ModuleInactive | IdempotencyConflict,
    strawberry.union("UpdateFunnelResult"),
]
ArchiveFunnelResult = Annotated[
    ArchiveFunnelPayload | InvalidInput | NotFound | Forbidden | ModuleInactive | IdempotencyConflict,
    strawberry.union("ArchiveFunnelResult"),
]
SaveLossReasonResult = Annotated[
    SaveLossReasonPayload | InvalidInput | NotFound | Forbidden | ModuleInactive | IdempotencyConflict,
    strawberry.union("SaveLossReasonResult"),
]


def shown(changed: funnels.Changed) -> dict[str, Any]:
    """What the payloads of all changes of a funnel hold."""
    place = changed.place
    return {"funnel": Funnel.of(changed.funnel), "cursor": Cursor(place.cursor), "seq": place.seq}


async def _funnel_again(tx: Transaction, kept: dict[str, Any]) -> funnels.Funnel:
    return await funnels.require_visible(tx, UUID(kept["funnel"]))


@strawberry.type
class FunnelsMutation:
    @mutation("Make a funnel. Needs FUNNELS_MANAGE.")
    async def create_funnel(self, info: Info, input: CreateFunnelInput) -> CreateFunnelResult:
        language = info.context.language
        funnel = await act(
            info,
            input,
            Permission.FUNNELS_MANAGE,
            lambda given: funnels.NewFunnel.read(given, language),
            funnels.create,
            keep=lambda funnel: {"funnel": str(funnel.id)},
            again=_funnel_again,
        )
        return CreateFunnelPayload(funnel=Funnel.of(funnel))

    @mutation("Name a funnel anew, and say who sees it. Needs FUNNELS_MANAGE.")
    async def update_funnel(self, info: Info, input: UpdateFunnelInput) -> UpdateFunnelResult:
        updated = await act(
            info,
            input,
            Permission.FUNNELS_MANAGE,
            funnels.FunnelChanges.read,
            funnels.update,
            keep=lambda changed: changed.kept,
            again=funnels.recall,
        )
        return UpdateFunnelPayload(**shown(updated))

    @mutation("Put a funnel away, or bring it back. Needs FUNNELS_MANAGE.")
    async def archive_funnel(self, info: Info, input: ArchiveFunnelInput) -> ArchiveFunnelResult:
        archived = await act(
            info,
            input,
            Permission.FUNNELS_MANAGE,
            lambda given: (ids.read(given["id"]), bool(given["archived"])),
            lambda tx, read: funnels.archive(tx, *read),
            keep=lambda changed: changed.kept,
            again=funnels.recall,
        )
        return ArchiveFunnelPayload(funnel=Funnel.of(archived.funnel))

    @mutation("Make or change a reason for which deals of a funnel are lost. Needs FUNNELS_MANAGE.")
    async def save_loss_reason(self, info: Info, input: SaveLossReasonInput) -> SaveLossReasonResult:
        saved = await act(
            info,
            input,
            Permission.FUNNELS_MANAGE,
            funnels.ReasonDraft.read,
            funnels.save_loss_reason,
            keep=lambda saved: saved.kept,
            again=funnels.recall_reason,
        )
        return SaveLossReasonPayload(loss_reason=LossReason.of(saved.reason), **shown(saved.changed))


REFUSALS = [Refusal(errors.StaleFunnel, StaleFunnel)]
