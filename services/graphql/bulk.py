"""What is done with many deals at once: inputs, answers, mutations."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Info
from services.graphql.billing import ModuleInactive
from services.graphql.deals import AmountRequired, Deal, LossReasonRequired, StageNotInFunnel
from services.graphql.errors import Forbidden, IdempotencyConflict, InvalidInput, NotFound
from services.graphql.roots import mutation
from services.graphql.scalars import Cursor
from services.graphql.writing import act
from shared import deals
from shared.actor import Permission
from shared.db import Transaction


@strawberry.input(description="All of them, at most 500, to the top of one stage in the order of their ids; or none.")
class MoveDealsInput:
    ids: list[strawberry.ID] = strawberry.field(description="Of deals of one funnel, each once.")
    to_stage_id: strawberry.ID
    loss_reason_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Needed to enter LOST.")
    loss_note: str | None = UNSET
    idempotency_key: str | None = UNSET


@strawberry.input(description="Deals, at most 500, to be taken off their boards; all or none.")
class ArchiveDealsInput:
    ids: list[strawberry.ID] = strawberry.field(description="Each once. They may be of several funnels.")
    idempotency_key: str | None = UNSET


@strawberry.input(description="Deals, at most 500, to be put back on top of where they stood; all or none.")
class RestoreDealsInput:
    ids: list[strawberry.ID] = strawberry.field(description="Each once. They may be of several funnels.")
    idempotency_key: str | None = UNSET


@strawberry.type(description="The deals where they stand now, in the order of their ids, and where the log stands.")
class MoveDealsPayload:
    deals: list[Deal]
    cursor: Cursor
    seq: int


@strawberry.type(description="The deals as they are now, in the order of their ids.")
class ArchiveDealsPayload:
    deals: list[Deal]


@strawberry.type(description="The deals as they are now, in the order of their ids.")
class RestoreDealsPayload:
    deals: list[Deal]


MoveDealsResult = Annotated[
    MoveDealsPayload
    | InvalidInput
    | NotFound
    | Forbidden
    | StageNotInFunnel
    | LossReasonRequired
    | AmountRequired
    | ModuleInactive
    | IdempotencyConflict,
    strawberry.union("MoveDealsResult"),
]
ArchiveDealsResult = Annotated[
    ArchiveDealsPayload | InvalidInput | NotFound | Forbidden | ModuleInactive | IdempotencyConflict,
    strawberry.union("ArchiveDealsResult"),
]
RestoreDealsResult = Annotated[
    RestoreDealsPayload | InvalidInput | NotFound | Forbidden | ModuleInactive | IdempotencyConflict,
    strawberry.union("RestoreDealsResult"),
]


async def _put(
    info: Info, input: object, do: Callable[[Transaction, deals.Many], Awaitable[list[deals.Deal]]]
) -> list[Deal]:
    done = await act(
        info, input, Permission.DEALS_WRITE, deals.Many.read, do, keep=deals.kept_of, again=deals.recall_many
    )
    return [Deal.of(deal) for deal in done]


@strawberry.type
class BulkMutation:
    @mutation("Move many deals of one funnel at once: all or none. Needs DEALS_WRITE.")
    async def move_deals(self, info: Info, input: MoveDealsInput) -> MoveDealsResult:
        moved = await act(
            info,
            input,
            Permission.DEALS_WRITE,
            deals.MoveMany.read,
            deals.move_many,
            keep=lambda moved: moved.kept,
            again=deals.recall_moved,
        )
        return MoveDealsPayload(
            deals=[Deal.of(deal) for deal in moved.deals], cursor=Cursor(moved.place.cursor), seq=moved.place.seq
        )

    @mutation("Take deals off their boards: all or none. Needs DEALS_WRITE.")
    async def archive_deals(self, info: Info, input: ArchiveDealsInput) -> ArchiveDealsResult:
        return ArchiveDealsPayload(deals=await _put(info, input, deals.archive))

    @mutation("Put archived deals back: all or none; to the entry, where their stage is gone. Needs DEALS_WRITE.")
    async def restore_deals(self, info: Info, input: RestoreDealsInput) -> RestoreDealsResult:
        return RestoreDealsPayload(deals=await _put(info, input, deals.restore))
