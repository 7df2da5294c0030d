"""Saved ways to pay, and money that is paid back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from shared import ids, jobs
from shared.billing import sql_payments, sql_returns
from shared.billing.books import Books, open_books
from shared.billing.papers import Method, Payment, PaymentChanged
from shared.db import Transaction
from shared.errors import InvalidInput, NotAllowedNow, NotFound, Problem, Sentence
from shared.forms import Form
from shared.money import minor_units

REFUND = "payments.refund"  # a job whose ref is the refund: the provider is asked to pay it back

TOO_MUCH = Sentence("the balance holds less of this payment.", "на балансі залишилося менше з цього платежу.")
NO_AMOUNT = Sentence(
    "An amount above zero, in the payment's currency, is expected.",
    "Потрібна сума, більша за нуль, у валюті платежу.",
)


@dataclass(frozen=True, slots=True)
class Refund:
    payment_id: UUID
    amount: str
    currency: str
    reason: str

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Raises InvalidInput."""
        form = Form()
        reason = form.text(("reason",), given["reason"])
        amount, currency = str(given["amount"]["amount"]), str(given["amount"]["currency"])
        form.check()
        return cls(ids.read(given["payment_id"]), amount, currency, reason)


async def refund(tx: Transaction, wanted: Refund) -> Payment:
    """Pay out of the balance, at most what the payment put there. The transaction goes on inside its account.

    Raises NotFound; InvalidInput for an amount that is none; NotAllowedNow with the reason TOO_MUCH.
    """
    account_id = await sql_payments.select_account_of_payment(tx, wanted.payment_id)
    if account_id is None:
        raise NotFound(wanted.payment_id)
    await tx.enter(account_id)
    async with open_books(tx) as books:
        (payment,) = await sql_payments.select_payments(tx, [wanted.payment_id])
        amount = minor_units(wanted.amount, payment.currency) if wanted.currency == payment.currency else None
        if not amount:
            raise InvalidInput(Problem(("amount",), NO_AMOUNT))
        gone = await sql_returns.sum_refunds(tx, payment.id) + await sql_returns.sum_chargebacks(tx, payment.id)
        put_there = min(await sql_returns.sum_returned(tx, payment), payment.received)
        if amount > min(books.balance, put_there - gone):
            raise NotAllowedNow("TOO_MUCH", TOO_MUCH)
        refund_id = ids.new()
        await sql_returns.insert_refund(tx, refund_id, payment.id, amount, wanted.reason)
        await books.move_money(("REFUND", refund_id), "refunded", "BALANCE", "OUTSIDE", amount)
        await jobs.add(tx, REFUND, ref=refund_id, dedupe_key=f"{REFUND}:{refund_id}")
        books.tell(PaymentChanged(payment.id))
        return payment


async def make_default(tx: Transaction, method_id: UUID) -> list[Method]:
    """Renewals are charged to it from now on. Raises NotFound."""
    async with open_books(tx) as books:
        await _require(books, method_id)
        await sql_payments.update_no_default(tx)
        await sql_payments.update_default(tx, method_id)
        return await sql_payments.select_methods(tx)


async def remove_method(tx: Transaction, method_id: UUID) -> list[Method]:
    """It is not charged any more. Raises NotFound."""
    async with open_books(tx) as books:
        await _require(books, method_id)
        await sql_payments.update_removed(tx, method_id)
        return await sql_payments.select_methods(tx)


async def methods(tx: Transaction) -> list[Method]:
    return await sql_payments.select_methods(tx)


async def get_payments(tx: Transaction, payment_ids: Sequence[UUID]) -> dict[UUID, Payment]:
    return {one.id: one for one in await sql_payments.select_payments(tx, payment_ids)}


async def _require(books: Books, method_id: UUID) -> None:
    if method_id not in {one.id for one in await sql_payments.select_methods(books.tx)}:
        raise NotFound(method_id)
