"""The sandbox from the inside: what it writes into its books, and how it calls back."""

from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

import httpx
import orjson

from shared import certificates, jobs
from shared.config import Settings
from shared.db import JOB, Database, Transaction
from shared.money import Money
from shared.payments import sql_sandbox
from shared.payments.model import OutcomeUnknown
from shared.payments.providers.sandbox import SIGNATURE, key_of, sign

CALL = "payments.sandbox_call"  # a payment, by its id, of which the sandbox tells us
LATE = timedelta(seconds=20)
PATIENCE = 8.0


class Choice(StrEnum):
    """What a payer can do on the page."""

    PAY = "pay"
    DECLINE = "decline"
    PAY_LATE = "pay-late"  # at once, but we hear of it late
    PAY_TWICE = "pay-twice"  # and we hear of it twice


async def choose(tx: Transaction, payment_id: UUID, amount: Money, choice: Choice) -> None:
    state = "DECLINED" if choice is Choice.DECLINE else "PAID"
    await sql_sandbox.upsert_pretended(tx, sql_sandbox.Pretended(payment_id, amount.minor, amount.currency, state, 0))
    due_at = await tx.now() + LATE if choice is Choice.PAY_LATE else None
    for _ in range(2 if choice is Choice.PAY_TWICE else 1):
        await jobs.add(tx, CALL, ref=payment_id, due_at=due_at)


async def answer(tx: Transaction, verb: str, payment_id: UUID, amount: Money) -> sql_sandbox.Pretended | None:
    """What a shop is told that asks, charges a card or pays back; None for an order that nobody began, or cannot be paid back."""
    if verb in ("pay", "decline") and await sql_sandbox.select_pretended(tx, payment_id) is None:
        await choose(tx, payment_id, amount, Choice(verb))
    if verb == "refund":
        if not await sql_sandbox.add_pretended_refund(tx, payment_id, amount.minor):
            return None
        await jobs.add(tx, CALL, ref=payment_id)
    return await sql_sandbox.select_pretended(tx, payment_id)


def body_of(order: sql_sandbox.Pretended) -> bytes:
    return orjson.dumps(
        {
            "order": str(order.payment_id),
            "amount": order.amount,
            "currency": order.currency,
            "state": order.state,
            "refunded": order.refunded,
        }
    )


async def call_back(settings: Callable[[], Settings], db: Database, _kinds: jobs.Kinds, job: jobs.Job) -> None:
    """As a real provider does: over HTTP, signed, and again until it is heard."""
    given = settings()
    assert job.ref is not None
    async with db.transaction(None, limits=JOB) as tx:
        order = await sql_sandbox.select_pretended(tx, job.ref)
    assert order is not None
    body = body_of(order)
    headers = {"content-type": "application/json", SIGNATURE: sign(key_of(given), body)}
    url = f"{given.voronka_public_url.rstrip('/')}/callbacks/sandbox"
    async with httpx.AsyncClient(timeout=PATIENCE, verify=certificates.trusted()) as client:
        response = await client.post(url, content=body, headers=headers)
    if response.status_code != 200:
        raise OutcomeUnknown(f"HTTP {response.status_code}")
