"""Every SQL statement about balances, payments and ways to pay. One statement per function, no decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from shared.billing.papers import Method, Payment
from shared.db import Transaction

PAYMENT = """id, provider, invoice_id, method_id, save_method, return_url, rank, amount, refunded, received, currency,
             created_at, paid_at, failure"""
METHOD = "id, provider, token, label, expires_on, is_default"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the ledger that moved the balance; `amount` is negative where it was taken from it."""

    id: UUID
    at: datetime
    amount: int
    kind: str
    source_type: str
    source_id: UUID


@dataclass(frozen=True, slots=True)
class KnownDispute:
    amount: int
    won: bool


async def upsert_account(tx: Transaction) -> None:
    """Also the head of the account's billing: from then on it can be locked."""
    await tx.execute(
        """WITH head AS (
               INSERT INTO stream_heads (account_id, stream_id, last_at)
                    VALUES ($1, $1, account_now())
               ON CONFLICT DO NOTHING
           )
           INSERT INTO billing_accounts (account_id) VALUES ($1) ON CONFLICT DO NOTHING""",
        tx.account_id,
    )


async def insert_entry(
    tx: Transaction, id: UUID, at: datetime, source: tuple[str, UUID], kind: str, books: tuple[str, str], amount: int
) -> None:
    await tx.later(
        """INSERT INTO ledger (account_id, id, at, source_type, source_id, kind, from_book, to_book, amount)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
        tx.account_id,
        id,
        at,
        *source,
        kind,
        *books,
        amount,
    )


async def select_entries(tx: Transaction, after: tuple[datetime, UUID] | None, limit: int) -> list[Entry]:
    """What moved the balance, the newest first."""
    at, id = after or (None, None)
    rows = await tx.fetch(
        """SELECT id, at, CASE WHEN to_book = 'BALANCE' THEN amount ELSE -amount END AS amount, kind, source_type,
                  source_id
             FROM ledger
            WHERE account_id = $1 AND 'BALANCE' IN (from_book, to_book)
              AND ($2::timestamptz IS NULL OR (at, id) < ($2, $3::uuid))
            ORDER BY at DESC, id DESC
            LIMIT $4""",
        tx.account_id,
        at,
        id,
        limit,
    )
    return [Entry(**row) for row in rows]


async def count_entries(tx: Transaction) -> int:
    counted: int = await tx.fetchval(
        "SELECT count(*) FROM ledger WHERE account_id = $1 AND 'BALANCE' IN (from_book, to_book)", tx.account_id
    )
    return counted


async def insert_payment(tx: Transaction, new: Payment, attempt_on: date | None) -> bool:
    """False when that day's charge was made already."""
    inserted = await tx.fetchval(
        f"""WITH made AS (
                INSERT INTO payments (account_id, attempt_on, {PAYMENT})
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
                ON CONFLICT ON CONSTRAINT payments_attempt DO NOTHING
                  RETURNING id
            )
            INSERT INTO payment_orders (payment_id, account_id) SELECT id, $1 FROM made RETURNING true""",
        tx.account_id,
        attempt_on,
        new.id,
        new.provider,
        new.invoice_id,
        new.method_id,
        new.save_method,
        new.return_url,
        new.rank,
        new.amount,
        new.refunded,
        new.received,
        new.currency,
        new.created_at,
        new.paid_at,
        new.failure,
    )
    return bool(inserted)


async def select_account_of_payment(tx: Transaction, payment_id: UUID) -> UUID | None:
    found: UUID | None = await tx.fetchval("SELECT account_id FROM payment_orders WHERE payment_id = $1", payment_id)
    return found


async def select_payments(tx: Transaction, ids: Sequence[UUID]) -> list[Payment]:
    rows = await tx.fetch(
        f"SELECT {PAYMENT} FROM payments WHERE account_id = $1 AND id = ANY($2::uuid[])", tx.account_id, list(ids)
    )
    return [Payment(**row) for row in rows]


async def select_charge_under_way(tx: Transaction, invoice_id: UUID) -> Payment | None:
    """A charge of a saved method of which we have not heard the end."""
    row = await tx.fetchrow(
        f"""SELECT {PAYMENT}
              FROM payments
             WHERE account_id = $1 AND invoice_id = $2 AND method_id IS NOT NULL AND rank < 20
             ORDER BY created_at
             LIMIT 1""",
        tx.account_id,
        invoice_id,
    )
    return Payment(**row) if row else None


async def select_payments_of(tx: Transaction, invoice_ids: Sequence[UUID]) -> list[Payment]:
    rows = await tx.fetch(
        f"""SELECT {PAYMENT}
              FROM payments
             WHERE account_id = $1 AND invoice_id = ANY($2::uuid[])
             ORDER BY created_at, id""",
        tx.account_id,
        list(invoice_ids),
    )
    return [Payment(**row) for row in rows]


async def update_payment(tx: Transaction, payment: Payment, *, flagged: bool) -> None:
    await tx.execute(
        """UPDATE payments
              SET rank = $3, refunded = $4, received = $5, paid_at = $6, failure = $7, flagged = flagged OR $8
            WHERE account_id = $1 AND id = $2""",
        tx.account_id,
        payment.id,
        payment.rank,
        payment.refunded,
        payment.received,
        payment.paid_at,
        payment.failure,
        flagged,
    )


async def select_methods(tx: Transaction) -> list[Method]:
    rows = await tx.fetch(
        f"""SELECT {METHOD}
              FROM payment_methods
             WHERE account_id = $1 AND NOT removed
             ORDER BY created_at, id""",
        tx.account_id,
    )
    return [Method(**row) for row in rows]


async def upsert_method(tx: Transaction, new: Method, at: datetime) -> None:
    """A card that was removed and is used again comes back."""
    await tx.execute(
        """INSERT INTO payment_methods (account_id, created_at, id, provider, token, label, expires_on, is_default)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
           ON CONFLICT ON CONSTRAINT payment_methods_token DO UPDATE
                   SET label = excluded.label, expires_on = excluded.expires_on, removed = false""",
        tx.account_id,
        at,
        new.id,
        new.provider,
        new.token,
        new.label,
        new.expires_on,
        new.is_default,
    )


async def update_no_default(tx: Transaction) -> None:
    await tx.execute(
        "UPDATE payment_methods SET is_default = false WHERE account_id = $1 AND is_default", tx.account_id
    )


async def update_default(tx: Transaction, method_id: UUID) -> None:
    await tx.execute(
        "UPDATE payment_methods SET is_default = true WHERE account_id = $1 AND id = $2", tx.account_id, method_id
    )


async def update_removed(tx: Transaction, method_id: UUID) -> None:
    await tx.execute(
        "UPDATE payment_methods SET removed = true, is_default = false WHERE account_id = $1 AND id = $2",
        tx.account_id,
        method_id,
    )


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
