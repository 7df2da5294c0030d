"""Invoices: issued with a number, taken from the balance first, paid, or void. A paid one opens its modules."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import groupby
from uuid import UUID

from shared import ids
from shared.billing import sql_papers
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
    new = Invoice(
        ids.new(),
        books.invoice_number,
        purpose,
        quote_id,
        InvoiceState.OPEN,
        books.today,
        due_on,
        books.account.currency,
        total,
        min(books.balance, total),
        0,
        grace_from,
    )
    await sql_papers.insert_invoice(books.tx, new)
    issued = [IssuedLine(ids.new(), new.id, line, renews.get(line.module_code)) for line in lines]
    await sql_papers.insert_lines(books.tx, issued)
    await books.move_money(("INVOICE", new.id), "covered", "BALANCE", "INVOICES", new.from_balance)
    books.tell(InvoiceChanged(new.id))
    return await pay_off(books, new) if not new.due else new


async def pay_off(books: Books, invoice: Invoice) -> Invoice:
    """Nothing is due any more: its modules are there."""
    paid = replace(invoice, state=InvoiceState.PAID)
    await sql_papers.update_invoice_state(books.tx, paid.id, paid.state, paid.received)
    books.tell(InvoiceChanged(paid.id))
    issued = await sql_papers.select_lines(books.tx, [paid.id])
    await _give_back(books, paid, [one for one in issued if one.line.credited])
    bought = [one for one in issued if not one.line.credited]
    if books.origin is None:
        books.origin = min(one.line.period.start for one in bought)
        books.grid_version += 1
    for _, of_module in groupby(bought, key=lambda one: one.line.module_code):
        await _activate(books, list(of_module))
    return paid


async def void(books: Books, invoice: Invoice) -> None:
    """What the balance gave for it goes back."""
    await sql_papers.update_invoice_state(books.tx, invoice.id, InvoiceState.VOID, invoice.received)
    await sql_papers.update_lines_void(books.tx, invoice.id)
    await books.move_money(("INVOICE", invoice.id), "voided", "INVOICES", "BALANCE", invoice.from_balance)
    books.tell(InvoiceChanged(invoice.id))


async def get_invoices(tx: Transaction, invoice_ids: Sequence[UUID]) -> dict[UUID, Invoice]:
    return {one.id: one for one in await sql_papers.select_invoices(tx, invoice_ids)}


async def _give_back(books: Books, invoice: Invoice, credits: Sequence[IssuedLine]) -> None:
    """What an invoice takes off is credited to the lines that it comes from; what is more than it costs is kept."""
    for one in credits:
        assert one.line.credited is not None
        await sql_papers.insert_line_credit(books.tx, one.line.credited, invoice.id, -one.line.amount)
        await sql_papers.update_coverage_end(books.tx, one.line.credited, one.line.period.start)
    if credits:
        lines = await sql_papers.select_lines(books.tx, [invoice.id])
        rest = -min(0, sum(one.line.amount for one in lines))
        await books.move_money(("INVOICE", invoice.id), "rest", "INVOICES", "BALANCE", rest)


async def _activate(books: Books, issued: Sequence[IssuedLine]) -> None:
    """One module, for the days of its lines."""
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
    for each in issued:
        await sql_papers.insert_coverage(books.tx, each.id, one.id, each.line.period)
