"""Paying back, which the host CRM does: out of the balance, at most what the payment put there."""

from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Info
from services.graphql.errors import Forbidden, IdempotencyConflict, InvalidInput, NotAllowedNow, NotFound
from services.graphql.invoices import Invoice, Payment
from services.graphql.money import MoneyInput
from services.graphql.roots import mutation
from services.graphql.writing import act
from shared import billing
from shared.actor import Permission
from shared.db import Transaction

Refunded = tuple[billing.Payment, billing.Invoice, UUID]  # and the account's id


@strawberry.input(description="What to pay back. For days that are still covered, cancel the module first.")
class RefundPaymentInput:
    payment_id: strawberry.ID = strawberry.field(
        description="What is to be paid back, or a part of it; NotFound when there is none."
    )
    amount: MoneyInput = strawberry.field(description="At most what the payment brought and is still in the balance.")
    reason: str = strawberry.field(description="1 to 200 characters, for the provider and the books.")
    idempotency_key: str | None = UNSET


@strawberry.type(description="The payment; what was paid back shows once the provider has said so.")
class RefundPaymentPayload:
    payment: Payment = strawberry.field(description="As it is now.")


RefundPaymentResult = Annotated[
    RefundPaymentPayload | InvalidInput | NotFound | Forbidden | NotAllowedNow | IdempotencyConflict,
    strawberry.union("RefundPaymentResult"),
]


async def _refund(tx: Transaction, wanted: billing.Refund) -> Refunded:
    return await _with_invoice(tx, await billing.refund(tx, wanted))


async def _again(tx: Transaction, kept: dict[str, Any]) -> Refunded:
    await tx.enter(UUID(kept["account"]))
    id = UUID(kept["payment"])
    return await _with_invoice(tx, (await billing.get_payments(tx, [id]))[id])


async def _with_invoice(tx: Transaction, payment: billing.Payment) -> Refunded:
    assert tx.account_id is not None
    invoices = await billing.get_invoices(tx, [payment.invoice_id])
    return payment, invoices[payment.invoice_id], tx.account_id


@strawberry.type
class RefundsMutation:
    @mutation("Pay back what is in the balance. Needs ACCOUNTS_MANAGE.")
    async def refund_payment(self, info: Info, input: RefundPaymentInput) -> RefundPaymentResult:
        payment, invoice, _ = await act(
            info,
            input,
            Permission.ACCOUNTS_MANAGE,
            billing.Refund.read,
            _refund,
            keep=lambda done: {"payment": str(done[0].id), "account": str(done[2])},
            again=_again,
        )
        return RefundPaymentPayload(payment=Payment.of(payment, Invoice.of(invoice)))
