"""Every SQL statement about payments and refunds, as providers know them. One a function, no decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.db import Record, Transaction
from shared.money import Money
from shared.payments.model import Checkout, Order


@dataclass(frozen=True, slots=True)
class Refund:
    """`goal`: how much of the payment is back with the payer once this refund is done; None before its attempt.

    `begun_at`: when its attempt was begun, on the real clock.
    """

    id: UUID
    payment_id: UUID
    amount: int
    refused: str | None
    goal: int | None
    begun_at: datetime | None


async def select_account_of(tx: Transaction, payment_id: UUID) -> UUID | None:
    """Whose the payment is, before the account is known."""
    found: UUID | None = await tx.fetchval("SELECT account_id FROM payment_orders WHERE payment_id = $1", payment_id)
    return found


async def lock_names(tx: Transaction, names: Sequence[str]) -> None:
    """Who learns what a payment is called, and who asks for a payment by that, take turns."""
    await tx.execute(
        """SELECT pg_advisory_xact_lock(key)
             FROM (SELECT DISTINCT hashtextextended(name, 0) AS key
                     FROM unnest($1::text[]) AS name
                    ORDER BY key) AS keys""",
        list(names),
    )


async def insert_names(tx: Transaction, payment_id: UUID, names: Sequence[str]) -> bool:
    """False when all of them were known."""
    added = await tx.fetch(
        """INSERT INTO payment_names (provider, name, payment_id)
           SELECT p.provider, name, p.id
             FROM payments p, unnest($3::text[]) AS name
            WHERE p.account_id = $1 AND p.id = $2
               ON CONFLICT DO NOTHING
        RETURNING name""",
        tx.account_id,
        payment_id,
        list(names),
    )
    return bool(added)


async def select_named(tx: Transaction, provider: str, names: Sequence[str]) -> UUID | None:
    """The payment that the provider calls so."""
    found: UUID | None = await tx.fetchval(
        "SELECT payment_id FROM payment_names WHERE provider = $1 AND name = ANY($2::text[]) LIMIT 1",
        provider,
        list(names),
    )
    return found


async def select_order(tx: Transaction, payment_id: UUID) -> Order | None:
    row = await tx.fetchrow(
        """SELECT p.account_id, p.id, p.provider, p.amount, p.currency, p.rank, p.created_at, p.return_url, p.save_method, m.token,
                  a.reference, a.started_at, i.state = 'OPEN' AND m.removed IS NOT TRUE AS payable
             FROM payments p
             JOIN invoices i ON i.account_id = p.account_id AND i.id = p.invoice_id
             LEFT JOIN payment_methods m ON m.account_id = p.account_id AND m.id = p.method_id
             LEFT JOIN payment_attempts a ON a.account_id = p.account_id AND a.payment_id = p.id
            WHERE p.account_id = $1 AND p.id = $2""",
        tx.account_id,
        payment_id,
    )
    return _order(row) if row else None


async def insert_attempt(tx: Transaction, payment_id: UUID, kind: str) -> datetime | None:
    """When it began; None when it had begun before."""
    began: datetime | None = await tx.fetchval(
        """INSERT INTO payment_attempts (account_id, payment_id, kind)
                VALUES ($1, $2, $3)
           ON CONFLICT DO NOTHING
             RETURNING started_at""",
        tx.account_id,
        payment_id,
        kind,
    )
    return began


async def update_reference(tx: Transaction, payment_id: UUID, reference: str) -> None:
    await tx.execute(
        """UPDATE payment_attempts
              SET reference = $3
            WHERE account_id = $1 AND payment_id = $2 AND reference IS DISTINCT FROM $3""",
        tx.account_id,
        payment_id,
        reference,
    )


async def update_checkout(tx: Transaction, payment_id: UUID, checkout: Checkout, reference: str | None) -> None:
    """The first one stays."""
    await tx.execute(
        """UPDATE payment_attempts
              SET checkout = $3, reference = coalesce($4, reference)
            WHERE account_id = $1 AND payment_id = $2 AND checkout IS NULL""",
        tx.account_id,
        payment_id,
        checkout.to_json(),
        reference,
    )


async def select_checkout(tx: Transaction, payment_id: UUID) -> Checkout | None:
    kept: dict[str, Any] | None = await tx.fetchval(
        "SELECT checkout FROM payment_attempts WHERE account_id = $1 AND payment_id = $2", tx.account_id, payment_id
    )
    return Checkout.from_json(kept) if kept else None


async def select_refund(tx: Transaction, refund_id: UUID) -> Refund | None:
    row = await tx.fetchrow(
        """SELECT r.id, r.payment_id, r.amount, r.refused, a.goal, nullif(a.started_at, '-infinity') AS begun_at
             FROM refunds r
             LEFT JOIN refund_attempts a ON a.account_id = r.account_id AND a.refund_id = r.id
            WHERE r.account_id = $1 AND r.id = $2""",
        tx.account_id,
        refund_id,
    )
    return Refund(**row) if row else None


async def insert_refund_attempt(tx: Transaction, refund: Refund) -> int:
    """Its goal: what was refunded already, or will be, and this. The payment's row is locked for it."""
    goal: int = await tx.fetchval(
        """WITH payment AS (
               SELECT refunded - (SELECT coalesce(sum(amount), 0)
                                    FROM disputes
                                   WHERE account_id = $1 AND payment_id = $3)::bigint AS refunded
                 FROM payments
                WHERE account_id = $1 AND id = $3
                  FOR UPDATE
           ), others AS (
               SELECT max(goal) AS most FROM refund_attempts WHERE account_id = $1 AND payment_id = $3
           )
           INSERT INTO refund_attempts (account_id, refund_id, payment_id, goal)
           SELECT $1, $2, $3, greatest(refunded, coalesce(most, 0)) + $4 FROM payment, others
        RETURNING goal""",
        tx.account_id,
        refund.id,
        refund.payment_id,
        refund.amount,
    )
    return goal


async def delete_refund_attempt(tx: Transaction, refund_id: UUID) -> None:
    await tx.execute("DELETE FROM refund_attempts WHERE account_id = $1 AND refund_id = $2", tx.account_id, refund_id)


def _order(row: Record) -> Order:
    return Order(
        row["account_id"],
        row["id"],
        row["provider"],
        Money(row["amount"], row["currency"]),
        row["rank"],
        row["created_at"],
        row["return_url"],
        row["save_method"],
        row["token"],
        row["reference"],
        row["started_at"],
        row["payable"],
    )
