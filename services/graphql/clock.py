"""The clock of a test account, which its owners send forward to see what time brings."""

import asyncio
from time import monotonic
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import UNSET

from services.graphql.account_mutations import account_again, keep_account
from services.graphql.accounts import Account, Info
from services.graphql.context import Context
from services.graphql.errors import Forbidden, IdempotencyConflict, InvalidInput, NotAllowedNow, NotFound
from services.graphql.roots import mutation
from services.graphql.scalars import DateTime
from services.graphql.writing import act
from shared import accounts, ids
from shared.actor import Permission

PATIENCE = 20.0  # seconds for a clock to arrive
GLANCE = 0.05


@strawberry.input(description="Where the clock of a test account is to stand.")
class SetClockInput:
    account_id: strawberry.ID
    now: DateTime = strawberry.field(
        description="Forward only; the first time, before anything was done in the account, wherever."
    )
    idempotency_key: str | None = UNSET


@strawberry.type(description="The account, whose `now` tells where its clock stands.")
class SetClockPayload:
    account: Account


SetClockResult = Annotated[
    SetClockPayload | InvalidInput | NotFound | Forbidden | NotAllowedNow | IdempotencyConflict,
    strawberry.union("SetClockResult"),
]


@strawberry.type
class ClockMutation:
    @mutation(
        "Set the clock of a test account forward. What falls due meanwhile is done in order, each at its time. Answers"
        " on arrival, or after 20 s with where the clock stands. Needs ACCOUNTS_MANAGE."
    )
    async def set_clock(self, info: Info, input: SetClockInput) -> SetClockResult:
        account = await act(
            info,
            input,
            Permission.ACCOUNTS_MANAGE,
            lambda given: (ids.read(given["account_id"]), accounts.read_clock(given["now"])),
            lambda tx, read: accounts.set_clock(tx, *read),
            keep=keep_account,
            again=account_again,
        )
        await _arrival(info.context, account.id)
        return SetClockPayload(account=Account.of(account))


async def _arrival(ctx: Context, account_id: UUID) -> None:
    """Until the clock has arrived, but not for ever. No connection is held meanwhile."""
    began = monotonic()
    while monotonic() - began < PATIENCE:
        async with ctx.db.reading(account_id, ctx.viewer.actor) as tx:
            if not await accounts.is_walking(tx):
                return
        await asyncio.sleep(GLANCE)
