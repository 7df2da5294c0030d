"""Invoices: issued with a number, taken from the balance first, paid, or void. A paid one opens its modules."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from uuid import UUID

from shared import ids
from shared.billing import sql_coverage, sql_papers
from shared.billing.books import Books
from shared.billing.grid import Period
from shared.billing.model import ModuleState, Subscription
from shared.billing.papers import Invoice, InvoiceChanged, InvoiceState, IssuedLine, Purpose
from shared.billing.planning import Line
from shared.db import Transaction

NOTHING: Mapping[str, UUID] = {}


async def issue(
    books: Books,
    purpose: Purpose,
    lines: Sequence[Line],
    due_on: date,
    *,
    quote_id: UUID | None = None,
    renews: Mapping[str, UUID] = NOTHING,
    grace_from: date | None = None,
) -> Invoice:
    """`renews`: subscriptions that go on, by module code. One that the balance pays is paid at once."""
    books.invoice_number += 1
    total = max(0, sum(line.amount for line in lines))
    from_balance = min(books.balance, total)
    new = Invoice(
        ids.new(),
        books.invoice_number,
        purpose,
        quote_id,
        InvoiceState.OPEN if from_balance < total else InvoiceState.PAID,
        books.today,
        due_on,
        books.account.currency,
        total,
        from_balance,
        0,
        grace_from,
    )
    await sql_papers.insert_invoice(books.tx, new)
    issued = [IssuedLine(ids.new(), new.id, line, renews.get(line.module_code)) for line in lines]
    await sql_papers.insert_lines(books.tx, issued)
    await books.move_money(("INVOICE", new.id), "covered", "BALANCE", "INVOICES", new.from_balance)
    books.tell(InvoiceChanged(new.id))
    if new.state is InvoiceState.OPEN:
        books.may_have_open_renewal |= purpose is Purpose.RENEWAL
    else:
        await _open_modules(books, new, issued)
    return new


async def pay_off(books: Books, invoice: Invoice) -> None:
    """Nothing is due any more: its modules are there."""
    await sql_papers.update_invoice_state(books.tx, invoice.id, InvoiceState.PAID, invoice.received)
    books.tell(InvoiceChanged(invoice.id))
    await _open_modules(books, invoice, await sql_papers.select_lines(books.tx, [invoice.id]))


async def void(books: Books, invoice: Invoice) -> None:
    """What the balance gave for it goes back."""
    await sql_papers.update_invoice_state(books.tx, invoice.id, InvoiceState.VOID, invoice.received)
    await sql_papers.update_lines_void(books.tx, invoice.id)
    await books.move_money(("INVOICE", invoice.id), "voided", "INVOICES", "BALANCE", invoice.from_balance)
    books.tell(InvoiceChanged(invoice.id))


async def get_invoices(tx: Transaction, invoice_ids: Sequence[UUID]) -> dict[UUID, Invoice]:
    return {one.id: one for one in await sql_papers.select_invoices(tx, invoice_ids)}


async def _open_modules(books: Books, invoice: Invoice, issued: Sequence[IssuedLine]) -> None:
    await _give_back(books, invoice, issued)
    bought = [one for one in issued if not one.line.credited]
    if books.origin is None:
        books.origin = min(one.line.period.start for one in bought)
        books.grid_version += 1
    covered = list[tuple[UUID, UUID, Period]]()
    for _, of_module in groupby(bought, key=lambda one: one.line.module_code):
        lines = list(of_module)
        subscription_id = await _activate(books, lines)
        covered += [(one.id, subscription_id, one.line.period) for one in lines]
    await sql_coverage.insert_coverage(books.tx, covered)


async def _give_back(books: Books, invoice: Invoice, issued: Sequence[IssuedLine]) -> None:
    """What an invoice takes off is credited to the lines that it comes from; what is more than it costs is kept."""
    for one in issued:
        if one.line.credited is not None:
            await sql_coverage.insert_line_credit(books.tx, one.line.credited, invoice.id, -one.line.amount)
            await sql_coverage.update_coverage_end(books.tx, one.line.credited, one.line.period.start)
    rest = -min(0, sum(one.line.amount for one in issued))
    await books.move_money(("INVOICE", invoice.id), "rest", "INVOICES", "BALANCE", rest)


async def _activate(books: Books, issued: Sequence[IssuedLine]) -> UUID:
    """One module, for the days of its lines. Answers with its subscription."""
    first, last = issued[0].line, issued[-1].line
    period = Period(first.period.start, last.period.end)
    paid = {"months": first.months, "period_start": period.start, "period_end": period.end}
    kept = books.live(first.module_code)
    if kept is None:
        one = Subscription(
            ids.new(), first.module_code, ModuleState.ACTIVE, first.months, period.start, period.end, None, False, None
        )
    else:
        one = kept.moved(
            ModuleState.ACTIVE,
            **paid,
            cancel_at_period_end=False,
            next_months=None,
            suspended_on=None,
            trial_months=None,
        )
    await books.save(one)
    return one.id
