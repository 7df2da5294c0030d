"""Who speaks to providers: jobs that are done one by one, and what they have made of a payment."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from shared import billing, jobs, payments
from shared.config import Settings
from shared.db import Database
from tests.shared.payments import stories
from tests.shared.payments.standing_in import StandIn


@dataclass(frozen=True)
class House:
    db: Database
    settings: Settings
    bank: StandIn

    async def do(self, kind: str, ref: UUID) -> bool:
        """The job of that kind is done, as if it were due now."""
        async with self.db.transaction(None) as tx:
            job_id = await tx.fetchval(
                """UPDATE jobs SET run_at = clock_timestamp()
                    WHERE id = (SELECT id FROM jobs WHERE kind = $1 AND ref = $2 AND state = 'queued' LIMIT 1)
                RETURNING id""",
                kind,
                ref,
            )
        return job_id is not None and await jobs.perform(self.db, payments.kinds(lambda: self.settings), job_id)

    async def checkout(self, begun: stories.Begun) -> payments.Checkout | None:
        return await payments.checkout(self.db, payments.configured(self.settings), begun.account_id, begun.id)


async def with_card(db: Database, provider: str, token: str = "card-1") -> stories.Begun:
    """A payment by a saved card, which is to be charged."""
    first = await stories.begun(db, provider)
    async with db.transaction(first.account_id) as tx:
        report = billing.Report(first.id, billing.Rank.PAID, 500_00, "UAH", token=billing.Token(token, "4242"))
        await billing.settle(tx, report)
        (method,) = await billing.methods(tx)
        quoted = await billing.create_quote(tx, [("telephony", 1)])
        wanted = billing.Pay.read({"quote_id": str(quoted.id), "payment_method_id": str(method.id)}, frozenset())
        payment = (await billing.pay(tx, wanted)).payment
    assert payment is not None
    return stories.Begun(payment.id, first.account_id)


def liqpay_answer(begun: stories.Begun, status: str) -> dict[str, Any]:
    return {
        "result": "ok",
        "status": status,
        "order_id": str(begun.id),
        "payment_id": 7,
        "amount": 300,
        "currency": "UAH",
    }


async def state(house: House, begun: stories.Begun) -> str:
    return (await stories.payment_of(house.db, begun.id, begun.account_id)).state


async def polls(house: House, begun: stories.Begun) -> list[timedelta]:
    """After how long it is asked for, as far as that is planned."""
    async with house.db.transaction(begun.account_id) as tx:
        rows = await tx.fetch(
            """SELECT j.due_at - a.started_at AS age FROM jobs j JOIN payment_attempts a ON a.payment_id = j.ref
                WHERE j.kind = $1 AND j.ref = $2 ORDER BY 1""",
            payments.POLL,
            begun.id,
        )
    return [row["age"] for row in rows]
