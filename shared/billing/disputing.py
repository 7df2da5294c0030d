"""Payments that a payer's bank takes back, and may have to give again: each dispute is entered once, in any order.

What a dispute takes is a chargeback. What is won goes to the balance, and buys from there what it was meant for.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from shared.billing import sql_papers, sql_payments, sql_returns
from shared.billing.books import Books, open_books
from shared.billing.coming import follow
from shared.billing.papers import RANKS, Payment, PaymentChanged, Rank
from shared.billing.returning import take_back
from shared.billing.settling import buy_for_today, told_of
from shared.db import Transaction


@dataclass(frozen=True, slots=True)
class Dispute:
    """What a provider says of one. `reference`: its own id of it; `is_won`: the money came again."""

    payment_id: UUID
    reference: str
    amount: int
    currency: str
    is_won: bool


async def dispute(tx: Transaction, told: Dispute) -> Payment:
    """Raises NotFound when the account has no such payment; ForeignMoney."""
    async with open_books(tx) as books:
        payment = await told_of(tx, told.payment_id, told.currency)
        known = await sql_returns.select_dispute(tx, payment.id, told.reference)
        if known is None:
            amount = min(told.amount, payment.received - payment.refunded)
            await sql_returns.insert_dispute(tx, payment.id, told.reference, amount)
            payment = await _take(books, payment, amount)
        else:
            amount = known.amount
        if told.is_won and (known is None or not known.won):
            await sql_returns.update_dispute_won(tx, payment.id, told.reference)
            await _win(books, payment, told.reference, amount)
        await follow(books)
        return payment


async def _take(books: Books, payment: Payment, amount: int) -> Payment:
    if not amount:
        return payment
    refunded = payment.refunded + amount
    rank = RANKS[Rank.REFUNDED if refunded == payment.received else Rank.PARTIALLY_REFUNDED]
    after = replace(payment, refunded=refunded, rank=max(rank, payment.rank))
    await sql_payments.update_payment(books.tx, after, flagged=False)
    books.tell(PaymentChanged(after.id))
    await take_back(books, after)
    return after


async def _win(books: Books, payment: Payment, reference: str, amount: int) -> None:
    await books.move_money(("PAYMENT", payment.id), f"won {reference}", "OUTSIDE", "BALANCE", amount)
    (invoice,) = await sql_papers.select_invoices(books.tx, [payment.invoice_id])
    await buy_for_today(books, invoice, is_new=False)
