"""What a provider says of a payment: folded by rank, so that any order and any number of reports end alike.

Money is never dropped. What does not pay its invoice as it was quoted goes to the balance, and what it was meant for
is bought from there for today, as far as it reaches.
"""

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from shared import ids
from shared.billing import sql_papers, sql_payments, sql_quotes, sql_returns
from shared.billing.books import Books, open_books
from shared.billing.coming import follow
from shared.billing.invoices import issue, pay_off, void
from shared.billing.model import ModuleState
from shared.billing.papers import (
    RANKS,
    Invoice,
    InvoiceState,
    IssuedLine,
    Method,
    Payment,
    PaymentChanged,
    Purpose,
    Rank,
)
from shared.billing.paying import is_good
from shared.billing.planning import Line
from shared.billing.quotes import draw
from shared.billing.returning import take_back
from shared.db import Transaction
from shared.errors import NotAllowedNow, NotFound


@dataclass(frozen=True, slots=True)
class Token:
    """A card that a provider has kept for us."""

    token: str
    label: str
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """`amount` and `currency`: what the provider says was paid; `refunded`: what of it went back, all in all."""

    payment_id: UUID
    rank: Rank
    amount: int
    currency: str
    refunded: int = 0
    failure: str | None = None
    token: Token | None = None


class ForeignMoney(Exception):
    """Money of another currency than was asked for: somebody has to look at it."""


async def told_of(tx: Transaction, payment_id: UUID, currency: str) -> Payment:
    """The payment that money of a currency is said to belong to. Raises NotFound and ForeignMoney."""
    found = await sql_payments.select_payments(tx, [payment_id])
    if not found:
        raise NotFound(payment_id)
    payment = found[0]
    if currency != payment.currency:
        raise ForeignMoney(f"{currency} is told of payment {payment.id}, which is in {payment.currency}")
    return payment


async def settle(tx: Transaction, report: Report) -> Payment:
    """Raises NotFound when the account has no such payment; ForeignMoney."""
    async with open_books(tx) as books:
        payment = await told_of(tx, report.payment_id, report.currency)
        if report.refunded:
            report = await _beside_disputes(tx, payment, report)
        if (RANKS[report.rank], report.refunded) <= (payment.rank, payment.refunded):
            return payment
        after = await _fold(books, payment, report)
        await follow(books)
        return after


async def _beside_disputes(tx: Transaction, payment: Payment, report: Report) -> Report:
    """What a dispute took is not among what a provider says it has refunded."""
    disputed = await sql_returns.sum_disputed(tx, payment.id)
    if not disputed:
        return report
    refunded = report.refunded + disputed
    rank = Rank.REFUNDED if refunded >= payment.received else Rank.PARTIALLY_REFUNDED
    return replace(report, rank=rank, refunded=refunded)


async def _fold(books: Books, before: Payment, report: Report) -> Payment:
    rank = RANKS[report.rank]
    comes = rank >= RANKS[Rank.PAID] > before.rank
    received = report.amount if comes else before.received
    goes = max(0, min(report.refunded, received) - before.refunded)
    after = replace(
        before,
        rank=max(rank, before.rank),
        received=received,
        refunded=before.refunded + goes,
        paid_at=books.now if comes else before.paid_at,
        failure=None if rank >= RANKS[Rank.PAID] else report.failure,
    )
    await sql_payments.update_payment(books.tx, after, flagged=comes and report.amount != before.amount)
    books.tell(PaymentChanged(after.id))
    if comes:
        await _receive(books, after)
        if report.token and before.save_method:
            await _keep_method(books, before.provider, report.token)
    if goes:
        await take_back(books, after)
    if report.rank is Rank.FAILED:
        await _decline(books, after)
    return after


async def _receive(books: Books, payment: Payment) -> None:
    (invoice,) = await sql_papers.select_invoices(books.tx, [payment.invoice_id])
    as_asked = payment.received == payment.amount
    if as_asked and payment.amount == invoice.due and await _is_payable(books, invoice):
        source = "PAYMENT", payment.id
        await books.move_money(source, "received", "OUTSIDE", "INVOICES", payment.received)
        await pay_off(books, replace(invoice, received=payment.received))
        return
    await books.move_money(("PAYMENT", payment.id), "received", "OUTSIDE", "BALANCE", payment.received)
    if as_asked:
        await buy_for_today(books, invoice, is_new=invoice.purpose is Purpose.QUOTE)


async def _is_payable(books: Books, invoice: Invoice) -> bool:
    """Whether it still buys what it says."""
    if invoice.state is not InvoiceState.OPEN:
        return False
    if invoice.quote_id is None:
        return all(_goes_on(books, one) for one in await sql_papers.select_lines(books.tx, [invoice.id]))
    (kept,) = await sql_quotes.select_quotes(books.tx, [invoice.quote_id])
    return await is_good(books, kept)


def _goes_on(books: Books, issued: IssuedLine) -> bool:
    """Whether the module is still what it was issued for: one that is to be renewed then, or a trial at its end."""
    live, start = books.live(issued.line.module_code), issued.line.period.start
    if live is None:
        return False
    if issued.renews is None:
        return live.state is ModuleState.TRIALING and live.trial_ends_on is not None and live.trial_ends_on <= start
    return (
        live.id == issued.renews
        and live.state in (ModuleState.ACTIVE, ModuleState.PAST_DUE)
        and live.period_end == start
    )


async def buy_for_today(books: Books, meant: Invoice, *, is_new: bool) -> None:
    """What the invoice was for, from the balance: each module by itself, and never for more than it was to cost.

    `is_new`: a cart is bought as it is; else only what has not been cancelled since.
    """
    if meant.state is InvoiceState.PAID:
        return
    if meant.state is InvoiceState.OPEN:
        await void(books, meant)
    lines = [one.line for one in await sql_papers.select_lines(books.tx, [meant.id])]
    quoted = [line for line in lines if not line.credited]
    for code, months in {line.module_code: line.months for line in quoted}.items():
        if not is_new and books.live(code) is None:
            continue
        try:
            drawn = await draw(books, [(code, months)], books.today)
        except NotAllowedNow:
            continue  # it is there already, by another payment
        lines = [_at_most(line, quoted) for line in drawn]
        if sum(line.amount for line in lines) <= books.balance:
            await issue(books, Purpose.QUOTE, lines, books.today)


def _at_most(line: Line, quoted: list[Line]) -> Line:
    for one in quoted:
        if (one.module_code, one.period.end) == (line.module_code, line.period.end):
            return replace(line, amount=min(line.amount, one.amount))
    return line


async def _decline(books: Books, payment: Payment) -> None:
    """A trial that was to be bought at its end is over when that fails: nothing was ever paid."""
    (invoice,) = await sql_papers.select_invoices(books.tx, [payment.invoice_id])
    if invoice.purpose is Purpose.TRIAL and invoice.state is InvoiceState.OPEN:
        await give_up_trial(books, invoice)


async def give_up_trial(books: Books, invoice: Invoice) -> None:
    await void(books, invoice)
    for one in await sql_papers.select_lines(books.tx, [invoice.id]):
        trial = books.live(one.line.module_code)
        if trial and trial.state is ModuleState.TRIALING:
            await books.save(trial.moved(ModuleState.CANCELLED))


async def _keep_method(books: Books, provider: str, token: Token) -> None:
    """The first one is the default."""
    is_first = not any(one.is_default for one in await sql_payments.select_methods(books.tx))
    method = Method(ids.new(), provider, token.token, token.label, token.expires_on, is_first)
    await sql_payments.upsert_method(books.tx, method, books.now)
