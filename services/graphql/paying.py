"""Paying, and saved ways to pay: inputs, answers, mutations."""

from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Info
from services.graphql.billing import ModuleSubscription
from services.graphql.errors import Forbidden, IdempotencyConflict, InvalidInput, NotAllowedNow, NotFound
from services.graphql.invoices import Invoice, Payment, PaymentMethod
from services.graphql.quotes import QUOTE_EXPIRED, Quote, QuoteExpired
from services.graphql.roots import mutation
from services.graphql.writing import act
from shared import billing, ids, payments
from shared.actor import Permission
from shared.db import Transaction


@strawberry.input(
    description="One of quoteId and invoiceId; one of provider and paymentMethodId, neither when nothing is due."
)
class PayInput:
    quote_id: strawberry.ID | None = strawberry.field(default=UNSET, description="The quote to be paid.")
    invoice_id: strawberry.ID | None = strawberry.field(default=UNSET, description="The open invoice to be paid.")
    provider: str | None = strawberry.field(
        default=UNSET, description="Code of the one whose page the payer is sent to."
    )
    payment_method_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="A saved one, which is charged without the payer."
    )
    return_url: str | None = strawberry.field(
        default=UNSET,
        description="Where the payer comes back to: an address of http or https. In production, do give one.",
    )
    save_method: bool | None = strawberry.field(default=True, description="Keep the card for renewals.")
    idempotency_key: str | None = UNSET


@strawberry.input(description="The way to pay that renewals are to be charged to.")
class SetDefaultPaymentMethodInput:
    id: strawberry.ID
    idempotency_key: str | None = UNSET


@strawberry.input(description="A way to pay that is not to be used any more.")
class RemovePaymentMethodInput:
    id: strawberry.ID
    idempotency_key: str | None = UNSET


@strawberry.type(description="What was begun. No payment: nothing was due, the modules are active.")
class PayPayload:
    payment: Payment | None = strawberry.field(
        description="The one to go on with, by its `checkout`; null: nothing was due."
    )
    invoice: Invoice
    modules: list[ModuleSubscription] = strawberry.field(description="Of the whole account, as they are now.")


@strawberry.type(description="The ways to pay, as they are now.")
class SetDefaultPaymentMethodPayload:
    payment_methods: list[PaymentMethod]


@strawberry.type(description="The ways to pay that are left.")
class RemovePaymentMethodPayload:
    payment_methods: list[PaymentMethod]


PayResult = Annotated[
    PayPayload | InvalidInput | NotFound | Forbidden | QuoteExpired | NotAllowedNow | IdempotencyConflict,
    strawberry.union("PayResult"),
]
SetDefaultPaymentMethodResult = Annotated[
    SetDefaultPaymentMethodPayload | InvalidInput | NotFound | Forbidden | IdempotencyConflict,
    strawberry.union("SetDefaultPaymentMethodResult"),
]
RemovePaymentMethodResult = Annotated[
    RemovePaymentMethodPayload | InvalidInput | NotFound | Forbidden | IdempotencyConflict,
    strawberry.union("RemovePaymentMethodResult"),
]


def _kept(paid: billing.Paid) -> dict[str, Any]:
    things = {"invoice": paid.invoice, "payment": paid.payment, "expired": paid.expired}
    return {name: str(thing.id) if thing else None for name, thing in things.items()}


async def _paid_again(tx: Transaction, kept: dict[str, Any]) -> billing.Paid:
    def wanted(name: str) -> list[UUID]:
        return [UUID(kept[name])] if kept[name] else []

    invoices = await billing.get_invoices(tx, wanted("invoice"))
    payments = await billing.get_payments(tx, wanted("payment"))
    quotes = await billing.get_quotes(tx, wanted("expired"))
    return billing.Paid(
        next(iter(invoices.values()), None), next(iter(payments.values()), None), next(iter(quotes.values()), None)
    )


async def _methods_again(tx: Transaction, _kept: dict[str, Any]) -> list[billing.Method]:
    return await billing.methods(tx)


@strawberry.type
class PayingMutation:
    @mutation("Pay a quote or an invoice. Needs BILLING_MANAGE.")
    async def pay(self, info: Info, input: PayInput) -> PayResult:
        ctx = info.context
        providers = frozenset(payments.configured(ctx.settings))
        done = await act(
            info,
            input,
            Permission.BILLING_MANAGE,
            lambda given: billing.Pay.read(given, providers),
            billing.pay,
            keep=_kept,
            again=_paid_again,
        )
        if done.expired is not None:
            quote = Quote.of(done.expired, ctx.language)
            return QuoteExpired(message=QUOTE_EXPIRED.to(ctx.language), code="QUOTE_EXPIRED", quote=quote)
        assert done.invoice is not None
        modules = await ctx.read(billing.modules)
        return PayPayload(
            payment=Payment.of(done.payment) if done.payment else None,
            invoice=Invoice.of(done.invoice),
            modules=[ModuleSubscription.of(one) for one in modules],
        )

    @mutation("Charge renewals to another saved way to pay. Needs BILLING_MANAGE.")
    async def set_default_payment_method(
        self, info: Info, input: SetDefaultPaymentMethodInput
    ) -> SetDefaultPaymentMethodResult:
        found = await act(
            info,
            input,
            Permission.BILLING_MANAGE,
            lambda given: ids.read(given["id"]),
            billing.make_default,
            keep=lambda _: {},
            again=_methods_again,
        )
        return SetDefaultPaymentMethodPayload(payment_methods=[PaymentMethod.of(one) for one in found])

    @mutation("Forget a saved way to pay. Needs BILLING_MANAGE.")
    async def remove_payment_method(self, info: Info, input: RemovePaymentMethodInput) -> RemovePaymentMethodResult:
        found = await act(
            info,
            input,
            Permission.BILLING_MANAGE,
            lambda given: ids.read(given["id"]),
            billing.remove_method,
            keep=lambda _: {},
            again=_methods_again,
        )
        return RemovePaymentMethodPayload(payment_methods=[PaymentMethod.of(one) for one in found])
