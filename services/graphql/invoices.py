"""Invoices, credit notes, payments and ways to pay, as people see them."""

from collections.abc import Sequence
from enum import Enum
from typing import Any, Self
from uuid import UUID

import strawberry

from services.graphql.accounts import Info
from services.graphql.checkouts import Checkout, checkouts
from services.graphql.context import Context
from services.graphql.engine.fields import batched
from services.graphql.money import Money
from services.graphql.node import Node
from services.graphql.quotes import InvoiceLine
from services.graphql.roots import query
from services.graphql.scalars import Date, DateTime, date_time, node_id, optional_date, optional_date_time
from services.graphql.words import describe_enum
from shared import billing, ids, money
from shared.actor import Permission
from shared.billing import CATALOGUE, InvoiceState
from shared.billing.proration import vat
from shared.errors import Sentence

CANCELLED = Sentence("Cancelled: {module}", "Скасовано: {module}")

describe_enum(
    InvoiceState,
    "Void: it need not be paid. Uncollectible: its money was taken back.",
    OPEN="It is to be paid.",
    PAID="It is paid in full.",
    VOID="It need not be paid.",
    UNCOLLECTIBLE="It was paid, and the payer's bank took the money back.",
)


class PaymentState(Enum):
    CREATED = "CREATED"
    PENDING = "PENDING"
    FAILED = "FAILED"
    PAID = "PAID"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    REFUNDED = "REFUNDED"


describe_enum(
    PaymentState,
    "How far a payment is; it never goes back.",
    CREATED="The provider does not know of it yet.",
    PENDING="The payer or the provider has it in hand.",
    FAILED="No money came; it may still come.",
    PAID="The money came.",
    PARTIALLY_REFUNDED="A part of it was paid back.",
    REFUNDED="All of it was paid back.",
)


@strawberry.type(description="A saved way to pay.")
class PaymentMethod:
    id: strawberry.ID = strawberry.field(description="For `paymentMethodId` of pay.")
    provider: str
    label: str = strawberry.field(description="The card, as far as it may be shown.")
    expires_on: Date | None = strawberry.field(description="The last day that it works; null: not known.")
    is_default: bool = strawberry.field(description="Renewals are charged to it.")

    @classmethod
    def of(cls, method: billing.Method) -> Self:
        return cls(
            id=node_id(method.id),
            provider=method.provider,
            label=method.label,
            expires_on=optional_date(method.expires_on),
            is_default=method.is_default,
        )


@strawberry.type(description="What is given back, to the balance.")
class CreditNote:
    number: str = strawberry.field(description="Counted within the account, without gaps.")
    issued_on: Date = strawberry.field(description="A day of the account's time zone.")
    total: Money = strawberry.field(description="What is given back, VAT contained.")
    reason: str = strawberry.field(description="Why it is given back: a sentence in the viewer's language.")

    @classmethod
    def of(cls, note: billing.CreditNote, currency: str, language: str) -> Self:
        return cls(
            number=f"CN-{note.number:06}",
            issued_on=Date(note.issued_on.isoformat()),
            total=Money.of(money.Money(note.total, currency)),
            reason=CANCELLED.filled(module=CATALOGUE[note.module_code].name.to(language)).to(language),
        )


async def invoices_of_payments(ctx: Context, asked: Sequence["Payment"]) -> list["Invoice"]:
    wanted = [payment.invoice_id for payment in asked if payment.known_invoice is None]
    found = await invoices_by_id(ctx, wanted) if wanted else {}
    return [payment.known_invoice or found[payment.invoice_id] for payment in asked]


async def lines_of_invoices(ctx: Context, asked: Sequence["Invoice"]) -> list[list[InvoiceLine]]:
    found = await ctx.read(lambda tx: billing.lines_of(tx, [one.invoice.id for one in asked]))
    return [
        [
            InvoiceLine.of(line.line, one.invoice.currency, ctx.language)
            for line in found
            if line.invoice_id == one.invoice.id
        ]
        for one in asked
    ]


async def taxes_of_invoices(ctx: Context, asked: Sequence["Invoice"]) -> list[Money]:
    found = await ctx.read(lambda tx: billing.lines_of(tx, [one.invoice.id for one in asked]))
    return [
        Money.of(
            money.Money(
                sum(vat(line.line.amount) for line in found if line.invoice_id == one.invoice.id), one.invoice.currency
            )
        )
        for one in asked
    ]


async def notes_of_invoices(ctx: Context, asked: Sequence["Invoice"]) -> list[list[CreditNote]]:
    found = await ctx.read(lambda tx: billing.credit_notes_of(tx, [one.invoice.id for one in asked]))
    return [
        [CreditNote.of(note, one.invoice.currency, ctx.language) for note in found if note.invoice_id == one.invoice.id]
        for one in asked
    ]


async def payments_of_invoices(ctx: Context, asked: Sequence["Invoice"]) -> list[list["Payment"]]:
    found = await ctx.read(lambda tx: billing.payments_of(tx, [one.invoice.id for one in asked]))
    return [[Payment.of(payment) for payment in found if payment.invoice_id == one.invoice.id] for one in asked]


@strawberry.type(description="Money that is on its way, came, or did not.")
class Payment(Node):
    provider: str
    invoice: "Invoice" = batched(invoices_of_payments)
    state: PaymentState = strawberry.field(description="How far it is.")
    amount: Money = strawberry.field(description="What was asked for.")
    refunded: Money = strawberry.field(description="What was paid back of it.")
    created_at: DateTime
    paid_at: DateTime | None = strawberry.field(description="When the money came; null: it has not.")
    checkout: Checkout | None = batched(checkouts, description="How the payer goes on, while it can be paid.")
    failure: str | None = strawberry.field(description="What the provider said; null: it did not fail.")

    payment_id: strawberry.Private[UUID]
    invoice_id: strawberry.Private[UUID]
    known_invoice: strawberry.Private["Invoice | None"] = None

    @classmethod
    def of(cls, payment: billing.Payment, invoice: "Invoice | None" = None) -> Self:
        return cls(
            id=node_id(payment.id),
            provider=payment.provider,
            state=PaymentState[payment.state],
            amount=Money.of(money.Money(payment.amount, payment.currency)),
            refunded=Money.of(money.Money(payment.refunded, payment.currency)),
            created_at=date_time(payment.created_at),
            paid_at=optional_date_time(payment.paid_at),
            failure=payment.failure,
            payment_id=payment.id,
            invoice_id=payment.invoice_id,
            known_invoice=invoice,
        )


@strawberry.type(description="What is to be paid for modules, or was.")
class Invoice(Node):
    number: str = strawberry.field(description="Counted within the account, without gaps.")
    state: InvoiceState = strawberry.field(description="How far it is.")
    issued_on: Date = strawberry.field(description="A day of the account's time zone.")
    due_on: Date = strawberry.field(description="The day by which it should be paid.")
    lines: list[InvoiceLine] = batched(lines_of_invoices, description="What it is made of.")
    total: Money = strawberry.field(description="Of all lines together, VAT contained.")
    vat: Money = batched(taxes_of_invoices, description="Contained in the total.")
    paid: Money = strawberry.field(description="By the balance and by payments.")
    credit_notes: list[CreditNote] = batched(notes_of_invoices, description="What was given back of it.")
    payments: list[Payment] = batched(payments_of_invoices, description="Every try to pay it.")

    invoice: strawberry.Private[billing.Invoice]

    @classmethod
    def of(cls, invoice: billing.Invoice) -> Self:
        settled = invoice.received if invoice.state is InvoiceState.VOID else invoice.from_balance + invoice.received
        return cls(
            id=node_id(invoice.id),
            number=f"{invoice.number:06}",
            state=invoice.state,
            issued_on=Date(invoice.issued_on.isoformat()),
            due_on=Date(invoice.due_on.isoformat()),
            total=Money.of(money.Money(invoice.total, invoice.currency)),
            paid=Money.of(money.Money(settled, invoice.currency)),
            invoice=invoice,
        )


async def invoices_by_id(ctx: Context, wanted: Sequence[UUID]) -> dict[UUID, Invoice]:
    found = await ctx.read(lambda tx: billing.get_invoices(tx, wanted))
    return {id: Invoice.of(one) for id, one in found.items()}


async def payments_by_id(ctx: Context, wanted: Sequence[UUID]) -> dict[UUID, Payment]:
    found: dict[UUID, Any] = await ctx.read(lambda tx: billing.get_payments(tx, wanted))
    return {id: Payment.of(one) for id, one in found.items()}


@strawberry.type
class PaymentsQuery:
    @query("A payment; null when it is not there. Needs BILLING_MANAGE.")
    async def payment(self, info: Info, id: strawberry.ID) -> Payment | None:
        info.context.require(Permission.BILLING_MANAGE)
        wanted = ids.read(id)
        return (await payments_by_id(info.context, [wanted])).get(wanted)
