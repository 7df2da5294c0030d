"""What happens by itself: renewal at a boundary, charges, the end of grace, and the end of what was not paid.

Each is a job at the first moment of a day of the account's zone. What was missed is made up in the order of the
boundaries, and however often a job runs, a boundary is renewed once.
"""

from datetime import date, timedelta

from shared.billing import sql_papers
from shared.billing.books import Books, open_books
from shared.billing.invoices import issue, void
from shared.billing.model import ModuleState, Subscription
from shared.billing.papers import Invoice, InvoiceState, Purpose
from shared.billing.paying import begin_charge, default_method
from shared.billing.planning import Item, Line, plan
from shared.billing.quotes import ends, prices_on
from shared.billing.settling import give_up_trial
from shared.config import rules
from shared.db import Transaction
from shared.jobs import Job

DUN = "billing.dun"
SUSPEND = "billing.suspend"


async def renew(tx: Transaction, _job: Job) -> None:
    """All boundaries that have come, in their order."""
    async with open_books(tx) as books:
        while (boundary := _earliest(books)) is not None and boundary <= books.today:
            due = [one for one in _going_on(books) if one.period_end == boundary]
            for one in due:
                if one.cancel_at_period_end:
                    await books.save(one.moved(ModuleState.CANCELLED))
            await renew_at(books, boundary, [one for one in due if not one.cancel_at_period_end])


async def renew_at(books: Books, boundary: date, modules: list[Subscription]) -> None:
    """One invoice for all of them, and whatever follows when it is not paid at once."""
    if not modules:
        return
    lines = await renewal_lines(books, boundary, modules)
    renews = {one.module_code: one.id for one in modules}
    invoice = await issue(books, Purpose.RENEWAL, lines, boundary, renews=renews)
    if invoice.state is InvoiceState.PAID:
        return
    ends_on = invoice.counts_from + rules().grace
    for one in modules:
        await books.save(one.moved(ModuleState.PAST_DUE), ends_on)
    for days in rules().voronka_charge_days:
        await books.at_dawn(DUN, invoice.counts_from + timedelta(days=days), invoice.id)
    await books.at_dawn(SUSPEND, ends_on, invoice.id)


async def renewal_lines(books: Books, boundary: date, modules: list[Subscription]) -> list[Line]:
    """The next period of each at the prices of that day; a change of length joins its series, or begins one."""
    grid = books.grid
    assert grid is not None
    lines = list[Line]()
    prices = await prices_on(books, boundary)
    others = ends(books, {one.module_code for one in modules if _next(one) != one.months})
    for one in modules:
        item = Item(one.module_code, _next(one), boundary)
        lines += plan(grid, others, [item], prices, 0)
        others.setdefault(item.months, lines[-1].period.end)
    return lines


async def dun(tx: Transaction, job: Job) -> None:
    """Charge the default method for an invoice that is still open: once a day, whoever runs this."""
    async with open_books(tx) as books:
        invoice = await _open_invoice(books, job)
        method = await default_method(tx)
        if invoice and method:
            await begin_charge(books, invoice, method, books.today)


async def suspend(tx: Transaction, job: Job) -> None:
    """Grace is over. There is no debt; what the balance gave goes back."""
    async with open_books(tx) as books:
        invoice = await _open_invoice(books, job)
        if invoice is None:
            return
        await void(books, invoice)
        lines = await sql_papers.select_lines(tx, [invoice.id])
        renewed = {one.renews for one in lines}
        for one in [each for each in books.modules.values() if each.id in renewed]:
            if one.state is ModuleState.PAST_DUE:
                await books.save(one.moved(ModuleState.SUSPENDED, suspended_on=books.today))


async def forget(tx: Transaction, job: Job) -> None:
    """A module that was suspended for long is cancelled."""
    async with open_books(tx) as books:
        for one in list(books.modules.values()):
            over = one.suspended_on is not None and one.suspended_on + rules().suspended <= books.today
            if one.id == job.ref and one.state is ModuleState.SUSPENDED and over:
                await books.save(one.moved(ModuleState.CANCELLED))


async def void_unpaid(tx: Transaction, job: Job) -> None:
    """Nobody paid what a quote was made for."""
    async with open_books(tx) as books:
        invoice = await _open_invoice(books, job)
        if invoice is None:
            return
        if invoice.purpose is Purpose.TRIAL:
            await give_up_trial(books, invoice)
        else:
            await void(books, invoice)


def next_renewal(books: Books) -> tuple[date, list[Subscription]] | None:
    """The next boundary at which something goes on, and what does."""
    going_on = [one for one in _going_on(books) if not one.cancel_at_period_end]
    dates = [one.period_end for one in going_on if one.period_end]
    if not dates:
        return None
    boundary = min(dates)
    return boundary, [one for one in going_on if one.period_end == boundary]


def _going_on(books: Books) -> list[Subscription]:
    return sorted(
        (one for one in books.modules.values() if one.state is ModuleState.ACTIVE), key=lambda one: one.module_code
    )


def _earliest(books: Books) -> date | None:
    return min((one.period_end for one in _going_on(books) if one.period_end), default=None)


def _next(one: Subscription) -> int:
    months = one.next_months or one.months
    assert months is not None
    return months


async def _open_invoice(books: Books, job: Job) -> Invoice | None:
    assert job.ref is not None
    found = await sql_papers.select_invoices(books.tx, [job.ref])
    return found[0] if found and found[0].state is InvoiceState.OPEN else None
