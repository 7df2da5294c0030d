"""Every SQL statement about money that leaves again: refunds, chargebacks and disputes. One statement per function."""

from dataclasses import dataclass
from uuid import UUID

from shared.billing.papers import Payment
from shared.db import Transaction


@dataclass(frozen=True, slots=True)
class KnownDispute:
    amount: int
    won: bool


async def insert_refund(tx: Transaction, id: UUID, payment_id: UUID, amount: int, reason: str) -> None:
    await tx.execute(
        "INSERT INTO refunds (account_id, id, payment_id, amount, reason) VALUES ($1, $2, $3, $4, $5)",
        tx.account_id,
        id,
        payment_id,
        amount,
        reason,
    )


async def update_refund_refused(tx: Transaction, id: UUID, why: str) -> tuple[UUID, int] | None:
    """Its payment and amount; None when it was refused before."""
    row = await tx.fetchrow(
        """UPDATE refunds SET refused = $3
            WHERE account_id = $1 AND id = $2 AND refused IS NULL
        RETURNING payment_id, amount""",
        tx.account_id,
        id,
        why,
    )
    return (row["payment_id"], row["amount"]) if row else None


async def sum_refunds(tx: Transaction, payment_id: UUID) -> int:
    """What we asked to be paid back of a payment, and was not refused."""
    total: int = await tx.fetchval(
        """SELECT coalesce(sum(amount), 0)::bigint
             FROM refunds
            WHERE account_id = $1 AND payment_id = $2 AND refused IS NULL""",
        tx.account_id,
        payment_id,
    )
    return total


async def sum_chargebacks(tx: Transaction, payment_id: UUID) -> int:
    """What was taken back of a payment without our asking, and is written down."""
    total: int = await tx.fetchval(
        """SELECT coalesce(sum(amount), 0)::bigint
             FROM ledger
            WHERE account_id = $1 AND source_type = 'PAYMENT' AND source_id = $2 AND to_book = 'OUTSIDE'""",
        tx.account_id,
        payment_id,
    )
    return total


async def select_dispute(tx: Transaction, payment_id: UUID, reference: str) -> KnownDispute | None:
    row = await tx.fetchrow(
        "SELECT amount, won FROM disputes WHERE account_id = $1 AND payment_id = $2 AND reference = $3",
        tx.account_id,
        payment_id,
        reference,
    )
    return KnownDispute(**row) if row else None


async def insert_dispute(tx: Transaction, payment_id: UUID, reference: str, amount: int) -> None:
    await tx.execute(
        "INSERT INTO disputes (account_id, payment_id, reference, amount) VALUES ($1, $2, $3, $4)",
        tx.account_id,
        payment_id,
        reference,
        amount,
    )


async def update_dispute_won(tx: Transaction, payment_id: UUID, reference: str) -> None:
    await tx.execute(
        "UPDATE disputes SET won = true WHERE account_id = $1 AND payment_id = $2 AND reference = $3",
        tx.account_id,
        payment_id,
        reference,
    )


async def sum_disputed(tx: Transaction, payment_id: UUID) -> int:
    """What disputes took of a payment, won or not."""
    total: int = await tx.fetchval(
        "SELECT coalesce(sum(amount), 0)::bigint FROM disputes WHERE account_id = $1 AND payment_id = $2",
        tx.account_id,
        payment_id,
    )
    return total


async def sum_returned(tx: Transaction, payment: Payment) -> int:
    """What a payment put into the balance: itself, or by credit notes of the invoice that it paid."""
    total: int = await tx.fetchval(
        """SELECT coalesce(sum(amount), 0)::bigint
             FROM ledger
            WHERE account_id = $1 AND to_book = 'BALANCE'
              AND (source_type = 'PAYMENT' AND source_id = $2
                   OR source_type = 'CREDIT_NOTE'
                      AND source_id IN (SELECT id FROM credit_notes WHERE account_id = $1 AND invoice_id = $3))""",
        tx.account_id,
        payment.id,
        payment.invoice_id,
    )
    return total
