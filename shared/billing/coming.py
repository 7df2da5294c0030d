"""What comes at the next boundary. Its invoice is issued some days before: it can be paid then, and is at any time as
it would be issued now.

What the balance will pay by itself is paid on the boundary: until then it can be cancelled.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from shared.billing import sql_papers
from shared.billing.books import Books, open_books
from shared.billing.invoices import issue, void
from shared.billing.model import ModuleState, Subscription
from shared.billing.papers import Invoice, ModuleChanged, Purpose
from shared.billing.planning import Item, Line, plan
from shared.billing.quotes import ends
from shared.config import rules
from shared.db import Transaction
from shared.jobs import Job


async def issue_early(tx: Transaction, _job: Job) -> None:
    """The first moment of the day on which the invoice of the next boundary can be seen."""
    async with open_books(tx) as books:
        await _issue_again(books)


async def follow(books: Books) -> None:
    """Call it when modules may have changed: an invoice that was issued early is void, and issued again as it is now."""
    if any(isinstance(change, ModuleChanged) for change in books.changed):
        await _issue_again(books)


async def take_over(books: Books, boundary: date, modules: Sequence[Subscription], lines: list[Line]) -> Invoice | None:
    """What was issued early for a boundary that has come; None when there is none, or it is to be issued anew.

    So it is when the balance has something for it, or when we come late: grace counts from the day of the issue.
    """
    ours = {one.id for one in modules}
    wanted = _wanted(modules, lines)
    for invoice in await sql_papers.select_open_renewals(books.tx, boundary) if books.may_have_open_renewal else ():
        issued = await _issued(books, invoice)
        if issued == wanted and not books.balance and books.today == boundary:
            return invoice
        if ours & {renews for _, renews in issued}:
            await void(books, invoice)
    return None


def next_renewal(books: Books) -> tuple[date, list[Subscription]] | None:
    """The next boundary at which something goes on, and what does."""
    lasting = [one for one in going_on(books) if not one.cancel_at_period_end]
    dates = [one.period_end for one in lasting if one.period_end]
    if not dates:
        return None
    boundary = min(dates)
    return boundary, [one for one in lasting if one.period_end == boundary]


def renewal_lines(books: Books, boundary: date, modules: Sequence[Subscription]) -> list[Line]:
    """The next period of each at the prices of that day; a change of length joins its series, or begins one."""
    grid = books.grid
    assert grid is not None
    lines = list[Line]()
    prices = books.prices.on(boundary)
    others = ends(books, {one.module_code for one in modules if _next(one) != one.months})
    for one in modules:
        item = Item(one.module_code, _next(one), boundary)
        lines += plan(grid, others, [item], prices, 0)
        others.setdefault(item.months, lines[-1].period.end)
    return lines


def going_on(books: Books) -> list[Subscription]:
    return sorted(
        (one for one in books.modules.values() if one.state is ModuleState.ACTIVE), key=lambda one: one.module_code
    )


async def _issue_again(books: Books) -> None:
    found = next_renewal(books)
    lines, modules, boundary = list[Line](), list[Subscription](), books.today
    if found is not None and found[0] - rules().early <= books.today < found[0]:
        boundary, modules = found
        lines = renewal_lines(books, boundary, modules)
    kept = await sql_papers.select_early_invoice(books.tx, books.today) if books.may_have_open_renewal else None
    if kept is not None:
        if await _issued(books, kept) == _wanted(modules, lines):
            return
        await void(books, kept)
    if sum(line.amount for line in lines) > books.balance:
        renews = {one.module_code: one.id for one in modules}
        await issue(books, Purpose.RENEWAL, lines, boundary, renews=renews)


def _wanted(modules: Sequence[Subscription], lines: Sequence[Line]) -> list[tuple[Line, UUID | None]]:
    ids = {one.module_code: one.id for one in modules}
    return [(line, ids[line.module_code]) for line in lines]


async def _issued(books: Books, invoice: Invoice) -> list[tuple[Line, UUID | None]]:
    return [(one.line, one.renews) for one in await sql_papers.select_lines(books.tx, [invoice.id])]


def _next(one: Subscription) -> int:
    months = one.next_months or one.months
    assert months is not None
    return months
