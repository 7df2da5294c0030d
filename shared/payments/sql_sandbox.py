"""Every SQL statement about the sandbox's books. One a function, no decisions."""

from dataclasses import dataclass
from uuid import UUID

from shared.db import Transaction


@dataclass(frozen=True, slots=True)
class Pretended:
    """An order as the sandbox has it in its books."""

    payment_id: UUID
    amount: int
    currency: str
    state: str
    refunded: int


async def upsert_pretended(tx: Transaction, order: Pretended) -> None:
    """What was paid stays paid."""
    await tx.execute(
        """INSERT INTO sandbox_orders AS kept (payment_id, amount, currency, state)
                VALUES ($1, $2, $3, $4)
           ON CONFLICT (payment_id) DO UPDATE SET state = excluded.state WHERE kept.state <> 'PAID'""",
        order.payment_id,
        order.amount,
        order.currency,
        order.state,
    )


async def add_pretended_refund(tx: Transaction, payment_id: UUID, amount: int) -> bool:
    """False when so much was not paid, or is back already."""
    done = await tx.fetchval(
        """UPDATE sandbox_orders
              SET refunded = refunded + $2
            WHERE payment_id = $1 AND state = 'PAID' AND refunded + $2 <= amount
        RETURNING true""",
        payment_id,
        amount,
    )
    return bool(done)


async def select_pretended(tx: Transaction, payment_id: UUID) -> Pretended | None:
    row = await tx.fetchrow(
        "SELECT payment_id, amount, currency, state, refunded FROM sandbox_orders WHERE payment_id = $1",
        payment_id,
    )
    return Pretended(**row) if row else None
