"""Every SQL statement about payments and ways to pay. One statement per function, no decisions."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from shared.billing.papers import Method, Payment
from shared.db import Transaction

PAYMENT = """id, provider, invoice_id, method_id, save_method, return_url, rank, amount, refunded, received, currency,
             created_at, paid_at, failure"""
METHOD = "id, provider, token, label, expires_on, is_default"


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
    """A card that was removed and is used again comes back, as any new one."""
    await tx.execute(
        """INSERT INTO payment_methods AS kept (account_id, created_at, id, provider, token, label, expires_on, is_default)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
           ON CONFLICT ON CONSTRAINT payment_methods_token DO UPDATE
                   SET label = excluded.label, expires_on = excluded.expires_on, removed = false,
                       is_default = kept.is_default OR excluded.is_default""",
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
