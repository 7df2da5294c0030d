"""Paying a quote or an invoice: by the balance, on a provider's page, or with a saved method."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self
from uuid import UUID

from shared import ids, jobs
from shared.billing import sql_coverage, sql_papers, sql_payments, sql_quotes
from shared.billing.books import Books, open_books
from shared.billing.coming import follow
from shared.billing.invoices import issue
from shared.billing.model import ModuleState
from shared.billing.papers import Invoice, InvoiceState, Method, Payment, PaymentChanged, Purpose, Quote
from shared.billing.planning import credit
from shared.billing.quotes import quote
from shared.config import rules
from shared.db import Transaction
from shared.errors import InvalidInput, NotAllowedNow, NotFound, Problem, Sentence
from shared.forms import Form

CHARGE = "payments.charge"  # a job whose ref is the payment: its saved method is charged
VOID = "billing.void"

ONE_OF_TWO = Sentence("Give one of quoteId and invoiceId.", "Вкажіть щось одне: quoteId або invoiceId.")
HOW = Sentence("Give one of provider and paymentMethodId.", "Вкажіть щось одне: provider або paymentMethodId.")
NO_PROVIDER = Sentence("There is no such way to pay here.", "Такого способу оплати тут немає.")
NO_METHOD = Sentence("There is no such saved payment method.", "Такого збереженого способу оплати немає.")
SETTLED = Sentence("this invoice is not open any more.", "цей рахунок уже не відкритий.")


@dataclass(frozen=True, slots=True)
class Pay:
    """What to pay, and how; `providers`: those that a payer can be sent to."""

    quote_id: UUID | None
    invoice_id: UUID | None
    provider: str | None
    method_id: UUID | None
    return_url: str | None
    save_method: bool
    providers: frozenset[str]

    @classmethod
    def read(cls, given: Mapping[str, Any], providers: frozenset[str]) -> Self:
        """Raises InvalidInput."""
        form = Form()
        quote_id, invoice_id = given.get("quote_id"), given.get("invoice_id")
        provider, method_id = given.get("provider"), given.get("payment_method_id")
        if (quote_id is None) == (invoice_id is None):
            form.refuse(("quoteId",), ONE_OF_TWO)
        if provider is not None and method_id is not None:
            form.refuse(("provider",), HOW)
        if provider is not None and provider not in providers:
            form.refuse(("provider",), NO_PROVIDER)
        return_url = form.web_address(("returnUrl",), given.get("return_url"))
        form.check()
        return cls(
            _id(quote_id),
            _id(invoice_id),
            provider,
            _id(method_id),
            return_url,
            given.get("save_method") is not False,
            providers,
        )


@dataclass(frozen=True, slots=True)
class Paid:
    """`payment`: None when nothing was due. `expired`: the quote was; nothing is done, and here is a fresh one."""

    invoice: Invoice | None = None
    payment: Payment | None = None
    expired: Quote | None = None


async def pay(tx: Transaction, wanted: Pay) -> Paid:
    """Raises NotFound, NotAllowedNow, and InvalidInput for a way to pay that is not there."""
    async with open_books(tx) as books:
        if wanted.invoice_id:
            found = await sql_papers.select_invoices(tx, [wanted.invoice_id])
            if not found:
                raise NotFound(wanted.invoice_id)
            return await _start(books, found[0], wanted)
        assert wanted.quote_id is not None
        quotes = await sql_quotes.select_quotes(tx, [wanted.quote_id])
        if not quotes:
            raise NotFound(wanted.quote_id)
        invoice = await sql_papers.select_invoice_of_quote(tx, wanted.quote_id)
        if invoice and invoice.state in (InvoiceState.PAID, InvoiceState.UNCOLLECTIBLE):
            raise NotAllowedNow("ALREADY_PAID", SETTLED)
        kept = quotes[0]
        if not await is_good(books, kept) or (invoice is None and books.balance < kept.from_balance):
            cart = {line.module_code: line.months for line in kept.lines if not line.credited}
            return Paid(expired=await quote(books, list(cart.items())))
        if invoice is None:
            if kept.due:
                _require_way(wanted)
            invoice = await issue(books, Purpose.QUOTE, kept.lines, books.today, quote_id=kept.id)
            if invoice.due:
                await _void_later(books, kept, invoice)
                return await _start(books, invoice, wanted)
            await follow(books)
            return Paid(invoice)
        return await _start(books, invoice, wanted)


async def is_good(books: Books, kept: Quote) -> bool:
    """Whether what was quoted can still be bought as it was quoted."""
    if books.now >= kept.valid_until or books.grid_version != kept.grid_version:
        return False
    if books.today >= min(line.period.end for line in kept.lines if not line.credited):  # in another zone by now
        return False
    if books.prices.version(books.today) != kept.price_version:
        return False
    codes = {line.module_code for line in kept.lines}
    return all([await _fits(books, kept, code) for code in sorted(codes)])


async def _fits(books: Books, kept: Quote, code: str) -> bool:
    """Whether the module is still what it was when the quote was made: bought, or not, for the same days."""
    lines = [line for line in kept.lines if line.module_code == code]
    given_back = [line for line in lines if line.credited]
    bought = next(line for line in lines if not line.credited)
    live = books.live(code)
    if live is None or live.state is ModuleState.SUSPENDED:
        return not given_back
    if live.state is ModuleState.TRIALING:
        return not given_back and live.trial_ends_on is not None and live.trial_ends_on <= bought.period.start
    if not given_back or live.state is not ModuleState.ACTIVE or live.months == bought.months:
        return False
    covered = await sql_coverage.select_coverage(books.tx, live.id, bought.period.start)
    now = [credit(one.line, one.id, bought.period.start, until, already) for one, until, already in covered]
    return now == given_back


async def begin_charge(books: Books, invoice: Invoice, method: Method, attempt_on: date | None) -> Payment | None:
    """A payment by a saved method; the charge itself is a job's. None when that day's was begun before.

    While nobody knows what became of a charge there is no other: answers with that one.
    """
    under_way = await sql_payments.select_charge_under_way(books.tx, invoice.id)
    if under_way is not None:
        return under_way
    payment = _payment(books, invoice, method.provider, method.id, None, save_method=False)
    if not await sql_payments.insert_payment(books.tx, payment, attempt_on):
        return None
    await jobs.add(books.tx, CHARGE, ref=payment.id, dedupe_key=f"{CHARGE}:{payment.id}")
    books.tell(PaymentChanged(payment.id))
    return payment


async def default_method(tx: Transaction) -> Method | None:
    return next((one for one in await sql_payments.select_methods(tx) if one.is_default), None)


async def _start(books: Books, invoice: Invoice, wanted: Pay) -> Paid:
    if invoice.state is not InvoiceState.OPEN:
        raise NotAllowedNow("ALREADY_PAID", SETTLED)
    _require_way(wanted)
    if wanted.method_id:
        methods = {one.id: one for one in await sql_payments.select_methods(books.tx)}
        if wanted.method_id not in methods:
            raise InvalidInput(Problem(("paymentMethodId",), NO_METHOD))
        return Paid(invoice, await begin_charge(books, invoice, methods[wanted.method_id], None))
    assert wanted.provider is not None
    payment = _payment(books, invoice, wanted.provider, None, wanted.return_url, save_method=wanted.save_method)
    await sql_payments.insert_payment(books.tx, payment, None)
    books.tell(PaymentChanged(payment.id))
    return Paid(invoice, payment)


def _id(text: str | None) -> UUID | None:
    return None if text is None else ids.read(text)


def _require_way(wanted: Pay) -> None:
    if wanted.provider is None and wanted.method_id is None:
        raise InvalidInput(Problem(("provider",), HOW))


def _payment(
    books: Books, invoice: Invoice, provider: str, method_id: UUID | None, return_url: str | None, *, save_method: bool
) -> Payment:
    return Payment(
        ids.new(), provider, invoice.id, method_id, save_method, return_url, 0, invoice.due, 0, 0, invoice.currency,
        books.now, None, None,
    )  # fmt: skip


async def _void_later(books: Books, kept: Quote, invoice: Invoice) -> None:
    due_at = kept.valid_until + rules().unpaid
    await jobs.add(books.tx, VOID, ref=invoice.id, due_at=due_at, dedupe_key=f"{VOID}:{invoice.id}")
