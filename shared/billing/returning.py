"""Money that leaves again: taken back by whoever paid it, or asked back of the provider in vain.

What is taken back comes from where it went: from the invoice that it paid, as far as that was not credited, else from
the balance, else from what the balance has bought since. An invoice that loses money covers nothing from that day on.
"""

from dataclasses import replace
from uuid import UUID

from shared.billing import sql_coverage, sql_papers, sql_payments, sql_returns
from shared.billing.books import Books, open_books
from shared.billing.coming import follow
from shared.billing.model import ModuleState, Subscription
from shared.billing.papers import Invoice, InvoiceChanged, InvoiceState, Payment, PaymentChanged
from shared.db import Transaction


async def take_back(books: Books, payment: Payment) -> None:
    """Money of a payment went back. What we asked for has left the balance already; the rest is a chargeback."""
    written = await sql_returns.sum_chargebacks(books.tx, payment.id)
    left = payment.refunded - await sql_returns.sum_refunds(books.tx, payment.id) - written
    if left <= 0:
        return
    source, kind = ("PAYMENT", payment.id), f"charged back to {payment.refunded}"
    from_invoices = 0
    paid_for = await sql_papers.select_paid_by(books.tx, payment.id)
    if paid_for is not None:
        from_invoices = min(left, await sql_papers.sum_kept(books.tx, paid_for) - written)
        await _lose(books, paid_for)
    from_balance = min(left - from_invoices, books.balance)
    await books.move_money(source, f"{kind} from the balance", "BALANCE", "OUTSIDE", from_balance)
    left -= from_invoices + from_balance
    for bought in await sql_papers.select_bought_by_balance(books.tx) if left else ():
        part = min(left, bought.from_balance)
        await _lose(books, bought)
        from_invoices, left = from_invoices + part, left - part
        if not left:
            break
    await books.move_money(source, kind, "INVOICES", "OUTSIDE", from_invoices + left)


async def refund_refused(tx: Transaction, refund_id: UUID, why: str) -> None:
    """The provider pays nothing back: the balance has it again, unless it was taken back meanwhile."""
    async with open_books(tx) as books:
        refused = await sql_returns.update_refund_refused(tx, refund_id, why)
        if refused is None:
            return
        payment_id, amount = refused
        await books.move_money(("REFUND", refund_id), "refused", "OUTSIDE", "BALANCE", amount)
        (payment,) = await sql_payments.select_payments(tx, [payment_id])
        await take_back(books, payment)
        await follow(books)
        books.tell(PaymentChanged(payment_id))


async def _lose(books: Books, invoice: Invoice) -> None:
    if invoice.state is not InvoiceState.PAID:  # it covers nothing since the first part went back
        return
    await sql_papers.update_invoice_state(books.tx, invoice.id, InvoiceState.UNCOLLECTIBLE, invoice.received)
    books.tell(InvoiceChanged(invoice.id))
    by_id = {one.id: one for one in books.modules.values()}
    for line_id, subscription_id in await sql_coverage.select_covering(books.tx, invoice.id, books.today):
        await sql_coverage.update_coverage_end(books.tx, line_id, books.today)
        one = by_id.get(subscription_id)
        if one and one.state is ModuleState.ACTIVE:
            await _stop(books, one)


async def _stop(books: Books, one: Subscription) -> None:
    """What other money has paid for is served, and then it ends; without such days it ends now."""
    covered = await sql_coverage.select_coverage(books.tx, one.id, books.today)
    if covered:
        until = max(end for _, end, _ in covered)
        await books.save(replace(one, period_end=until, cancel_at_period_end=True, next_months=None))
        return
    overdue = one.moved(ModuleState.PAST_DUE)
    await books.save(overdue.moved(ModuleState.SUSPENDED, suspended_on=books.today))
