"""An account's billing at a glance: its modules, what the next renewal costs, its invoices and its balance."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Info
from services.graphql.billing import Module, ModuleSubscription
from services.graphql.context import Context
from services.graphql.engine.answers import BadUserInput
from services.graphql.engine.fields import batched
from services.graphql.invoices import CreditNote, Invoice, Payment, PaymentMethod, invoices_by_id, payments_by_id
from services.graphql.money import Money
from services.graphql.pages import NO_CURSOR, Connection, connection, decode, moment
from services.graphql.quotes import Quote
from services.graphql.roots import query
from services.graphql.scalars import Date, DateTime, Decimal, date_time, optional_date
from shared import billing, money, payments
from shared.actor import Permission
from shared.billing import CATALOGUE, Entry
from shared.errors import Sentence

FIRST = 20
REASONS: Mapping[str, Sentence] = {
    "received": Sentence("A payment", "Платіж"),
    "covered": Sentence("Paid an invoice", "Оплата рахунку"),
    "voided": Sentence("An invoice is void", "Рахунок скасовано"),
    "rest": Sentence("The rest of a change", "Залишок після зміни"),
    "credited": Sentence("Unused days", "Невикористані дні"),
    "refunded": Sentence("Paid back", "Повернення коштів"),
    "refused": Sentence("Could not be paid back", "Кошти не вдалося повернути"),
    "charged": Sentence("Charged back", "Примусове повернення"),
    "won": Sentence("A disputed payment came again", "Оскаржений платіж повернувся"),
}


async def invoices_of_entries(ctx: Context, asked: Sequence["BalanceEntry"]) -> list[Invoice | None]:
    found = await invoices_by_id(ctx, _sources(asked, "INVOICE"))
    return [found.get(one.entry.source_id) for one in asked]


async def payments_of_entries(ctx: Context, asked: Sequence["BalanceEntry"]) -> list[Payment | None]:
    found = await payments_by_id(ctx, _sources(asked, "PAYMENT"))
    return [found.get(one.entry.source_id) for one in asked]


async def notes_of_entries(ctx: Context, asked: Sequence["BalanceEntry"]) -> list[CreditNote | None]:
    currency = ctx.viewer.require_account().currency
    found = await ctx.read(lambda tx: billing.get_credit_notes(tx, _sources(asked, "CREDIT_NOTE")))
    notes = {note.id: CreditNote.of(note, currency, ctx.language) for note in found}
    return [notes.get(one.entry.source_id) for one in asked]


def _sources(asked: Sequence["BalanceEntry"], of_type: str) -> list[UUID]:
    return [one.entry.source_id for one in asked if one.entry.source_type == of_type]


@strawberry.type(description="What came to the balance, or was taken from it.")
class BalanceEntry:
    at: DateTime
    amount: Decimal = strawberry.field(description="Negative where it was taken.")
    reason: str = strawberry.field(description="Why: a sentence in the viewer's language.")
    invoice: Invoice | None = batched(
        invoices_of_entries, description="The one that it settled, or that is void; null: none."
    )
    payment: Payment | None = batched(
        payments_of_entries, description="The one that brought it, or was paid back; null: none."
    )
    credit_note: CreditNote | None = batched(notes_of_entries, description="The one that gave it; null: none.")

    entry: strawberry.Private[Entry]


async def entries_of_billing(
    ctx: Context, asked: Sequence["Billing"], *, first: int | None = FIRST, after: str | None = UNSET
) -> list[Connection[BalanceEntry]]:
    place, limit = decode(after or None), first or FIRST
    currency = ctx.viewer.require_account().currency
    found = await ctx.read(lambda tx: billing.entries(tx, moment(place), limit + 1))
    shown = [
        BalanceEntry(
            at=date_time(entry.at),
            amount=Decimal(money.text_of(entry.amount, currency)),
            reason=REASONS[entry.kind.split()[0]].to(ctx.language),
            entry=entry,
        )
        for entry in found[:limit]
    ]
    page: Connection[BalanceEntry] = connection(
        shown,
        [(entry.at.isoformat(), entry.id) for entry in found[:limit]],
        lambda: ctx.read(billing.count_entries),
        has_more=len(found) > limit,
        after=place,
    )
    return [page for _ in asked]


async def invoices_of_billing(
    ctx: Context, asked: Sequence["Billing"], *, first: int | None = FIRST, after: str | None = UNSET
) -> list[Connection[Invoice]]:
    place, limit = decode(after or None), first or FIRST
    if place and not place[0].isdecimal():
        raise BadUserInput(NO_CURSOR)
    below = int(place[0]) if place else None
    found = await ctx.read(lambda tx: billing.invoice_page(tx, below, limit + 1))
    page: Connection[Invoice] = connection(
        [Invoice.of(one) for one in found[:limit]],
        [(str(one.number), one.id) for one in found[:limit]],
        lambda: ctx.read(billing.count_invoices),
        has_more=len(found) > limit,
        after=place,
    )
    return [page for _ in asked]


async def modules_of_billing(ctx: Context, asked: Sequence["Billing"]) -> list[list[ModuleSubscription]]:
    found = await ctx.read(billing.modules)
    return [[ModuleSubscription.of(one) for one in found] for _ in asked]


async def methods_of_billing(ctx: Context, asked: Sequence["Billing"]) -> list[list[PaymentMethod]]:
    found = await ctx.read(billing.methods)
    return [[PaymentMethod.of(one) for one in found] for _ in asked]


@strawberry.type(description="A way to pay that a payer can be sent to.")
class PaymentProvider:
    code: str = strawberry.field(description="For `provider` of pay.")
    name: str = strawberry.field(description="What payers know it by.")


async def providers_of_billing(ctx: Context, asked: Sequence["Billing"]) -> list[list[PaymentProvider]]:
    found = payments.configured(ctx.settings)
    return [[PaymentProvider(code=code, name=one.name) for code, one in found.items()] for _ in asked]


@strawberry.type(description="What an account has, pays and owns.")
class Billing:
    today: Date = strawberry.field(description="In the account's time zone.")
    renews_on: Date | None = strawberry.field(description="The one date on which the next modules renew.")
    next_renewal: Quote | None = strawberry.field(description="What that renewal will cost, as of now.")
    balance: Money = strawberry.field(description="What was paid in advance or given back, and pays what is due next.")
    balance_entries: Connection[BalanceEntry] = batched(entries_of_billing, description="The newest first.")
    providers: list[PaymentProvider] = batched(providers_of_billing, description="That are configured here.")
    modules: list[ModuleSubscription] = batched(modules_of_billing, description="Connected, or once connected.")
    catalog: list[Module] = strawberry.field(description="All modules that there are.")
    payment_methods: list[PaymentMethod] = batched(methods_of_billing)
    invoices: Connection[Invoice] = batched(invoices_of_billing, description="The newest first.")


@strawberry.type
class BillingQuery:
    @query("The account's modules and money. Needs BILLING_MANAGE.")
    async def billing(self, info: Info) -> Billing | None:
        ctx = info.context
        ctx.require(Permission.BILLING_MANAGE)
        seen: billing.Overview = await ctx.read(billing.overview)
        return Billing(
            today=Date(seen.today.isoformat()),
            renews_on=optional_date(seen.renews_on),
            next_renewal=Quote.of(seen.renewal, ctx.language) if seen.renewal else None,
            balance=Money.of(money.Money(seen.balance, ctx.viewer.require_account().currency)),
            catalog=[Module.of(code, ctx.language) for code in CATALOGUE],
        )
