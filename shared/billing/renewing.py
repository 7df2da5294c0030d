"""What happens by itself: renewal at a boundary, charges, the end of grace, and the end of what was not paid.

Each is a job at the first moment of a day of the account's zone. What was missed is made up in the order of the
boundaries, and however often a job runs, a boundary is renewed once.
"""

from datetime import date, timedelta

from shared.billing import sql_papers
from shared.billing.books import Books, open_books
from shared.billing.coming import going_on, renewal_lines, take_over
from shared.billing.invoices import issue, void
from shared.billing.model import ModuleState, Subscription
from shared.billing.papers import Invoice, InvoiceState, Purpose
from shared.billing.paying import begin_charge, default_method
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
            due = [one for one in going_on(books) if one.period_end == boundary]
            for one in due:
                if one.cancel_at_period_end:
                    await books.save(one.moved(ModuleState.CANCELLED))
            await renew_at(books, boundary, [one for one in due if not one.cancel_at_period_end])


async def renew_at(books: Books, boundary: date, modules: list[Subscription], grace_from: date | None = None) -> None:
    """One invoice for all of them, and whatever follows when it is not paid at once."""
    if not modules:
        return
    lines = renewal_lines(books, boundary, modules)
    renews = {one.module_code: one.id for one in modules}
    invoice = await take_over(books, boundary, modules, lines)
    if invoice is None:
        invoice = await issue(books, Purpose.RENEWAL, lines, boundary, renews=renews, grace_from=grace_from)
    if invoice.state is InvoiceState.PAID:
        return
    ends_on = invoice.counts_from + rules().grace
    for one in modules:
        if one.state is not ModuleState.PAST_DUE:
            await books.save(one.moved(ModuleState.PAST_DUE), ends_on)
    if invoice.counts_from == books.today and 0 in rules().voronka_charge_days:
        await _charge(books, invoice)
    _charge_later(books, invoice)
    books.at_dawn(SUSPEND, ends_on, invoice.id)


async def dun(tx: Transaction, job: Job) -> None:
    """Charge the default method for an invoice that is still open: once a day, whoever runs this."""
    async with open_books(tx) as books:
        invoice = await _open_invoice(books, job)
        if invoice and not await _pay_from_balance(books, invoice):
            await _charge(books, invoice)
            _charge_later(books, invoice)


async def suspend(tx: Transaction, job: Job) -> None:
    """Grace is over. There is no debt; what the balance gave goes back."""
    async with open_books(tx) as books:
        invoice = await _open_invoice(books, job)
        if invoice is None or await _pay_from_balance(books, invoice):
            return
        await void(books, invoice)
        for one in await _past_due(books, invoice):
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


async def _pay_from_balance(books: Books, invoice: Invoice) -> bool:
    """What has come to the balance since it was issued pays it, if it is enough: it is void, and issued again."""
    if books.balance < invoice.due:
        return False
    modules = await _past_due(books, invoice)
    await void(books, invoice)
    await renew_at(books, invoice.due_on, modules, invoice.counts_from)
    return True


async def _past_due(books: Books, invoice: Invoice) -> list[Subscription]:
    renewed = {one.renews for one in await sql_papers.select_lines(books.tx, [invoice.id])}
    return [one for one in books.modules.values() if one.id in renewed and one.state is ModuleState.PAST_DUE]


async def _charge(books: Books, invoice: Invoice) -> None:
    method = await default_method(books.tx)
    if method:
        await begin_charge(books, invoice, method, books.today)


def _charge_later(books: Books, invoice: Invoice) -> None:
    days = (invoice.counts_from + timedelta(days=after) for after in sorted(rules().voronka_charge_days))
    following = next((day for day in days if day > books.today), None)
    if following:
        books.at_dawn(DUN, following, invoice.id)


def _earliest(books: Books) -> date | None:
    return min((one.period_end for one in going_on(books) if one.period_end), default=None)


async def _open_invoice(books: Books, job: Job) -> Invoice | None:
    assert job.ref is not None
    found = await sql_papers.select_invoices(books.tx, [job.ref])
    return found[0] if found and found[0].state is InvoiceState.OPEN else None
