"""What is done with a module that an account has: cancel, resume, change for how long it is paid."""

from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Info
from services.graphql.billing import BillingInterval, ModuleSubscription, subscription_again
from services.graphql.errors import Forbidden, IdempotencyConflict, InvalidInput, NotAllowedNow, NotFound
from services.graphql.invoices import CreditNote
from services.graphql.roots import mutation
from services.graphql.writing import act
from shared import billing
from shared.actor import Permission
from shared.db import Transaction


@strawberry.input(description="A module that is not wanted any more: at the end of what is paid, or at once.")
class CancelModuleInput:
    module_code: str
    immediately: bool | None = strawberry.field(default=False, description="Unused days become balance.")
    idempotency_key: str | None = UNSET


@strawberry.input(description="A module that is to go on after all.")
class ResumeModuleInput:
    module_code: str
    idempotency_key: str | None = UNSET


@strawberry.input(description="For how long a module is to be paid from its next boundary on.")
class ChangeIntervalInput:
    module_code: str
    interval: BillingInterval
    idempotency_key: str | None = UNSET


@strawberry.type(description="The module, and what was given back.")
class CancelModulePayload:
    module: ModuleSubscription = strawberry.field(description="As it is now.")
    credit_note: CreditNote | None = strawberry.field(description="What became balance; null: nothing did.")


@strawberry.type(description="The module, which goes on.")
class ResumeModulePayload:
    module: ModuleSubscription = strawberry.field(description="As it is now.")


@strawberry.type(description="The module, with its next interval.")
class ChangeIntervalPayload:
    module: ModuleSubscription = strawberry.field(description="As it is now.")


CancelModuleResult = Annotated[
    CancelModulePayload | InvalidInput | NotFound | Forbidden | NotAllowedNow | IdempotencyConflict,
    strawberry.union("CancelModuleResult"),
]
ResumeModuleResult = Annotated[
    ResumeModulePayload | InvalidInput | NotFound | Forbidden | NotAllowedNow | IdempotencyConflict,
    strawberry.union("ResumeModuleResult"),
]
ChangeIntervalResult = Annotated[
    ChangeIntervalPayload | InvalidInput | NotFound | Forbidden | NotAllowedNow | IdempotencyConflict,
    strawberry.union("ChangeIntervalResult"),
]


async def _cancelled_again(tx: Transaction, kept: dict[str, Any]) -> billing.Cancelled:
    module = await subscription_again(tx, kept)
    if not kept["note"]:
        return billing.Cancelled(module, None)
    notes = await billing.credit_notes_of(tx, [UUID(kept["invoice"])])
    return billing.Cancelled(module, next(note for note in notes if str(note.id) == kept["note"]))


def _kept(done: billing.Cancelled) -> dict[str, Any]:
    note = done.credit_note
    return {
        "subscription": str(done.module.id),
        "note": str(note.id) if note else None,
        "invoice": str(note.invoice_id) if note else None,
    }


@strawberry.type
class SubscriptionsMutation:
    @mutation("Let a module end. Needs BILLING_MANAGE.")
    async def cancel_module(self, info: Info, input: CancelModuleInput) -> CancelModuleResult:
        done = await act(
            info,
            input,
            Permission.BILLING_MANAGE,
            lambda given: (str(given["module_code"]), bool(given.get("immediately"))),
            lambda tx, wanted: billing.cancel(tx, wanted[0], immediately=wanted[1]),
            keep=_kept,
            again=_cancelled_again,
        )
        currency = info.context.viewer.require_account().currency
        note = CreditNote.of(done.credit_note, currency, info.context.language) if done.credit_note else None
        return CancelModulePayload(module=ModuleSubscription.of(done.module), credit_note=note)

    @mutation("Let a module go on that was to end. Needs BILLING_MANAGE.")
    async def resume_module(self, info: Info, input: ResumeModuleInput) -> ResumeModuleResult:
        module = await act(
            info,
            input,
            Permission.BILLING_MANAGE,
            lambda given: str(given["module_code"]),
            billing.resume,
            keep=lambda module: {"subscription": str(module.id)},
            again=subscription_again,
        )
        return ResumeModulePayload(module=ModuleSubscription.of(module))

    @mutation("Pay for a module for another length, from its next boundary on. Needs BILLING_MANAGE.")
    async def change_interval(self, info: Info, input: ChangeIntervalInput) -> ChangeIntervalResult:
        module = await act(
            info,
            input,
            Permission.BILLING_MANAGE,
            lambda given: (str(given["module_code"]), billing.MONTHS[given["interval"].value]),
            lambda tx, wanted: billing.change_interval(tx, *wanted),
            keep=lambda module: {"subscription": str(module.id)},
            again=subscription_again,
        )
        return ChangeIntervalPayload(module=ModuleSubscription.of(module))
