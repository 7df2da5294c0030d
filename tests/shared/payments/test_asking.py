"""Speaking to providers: what was begun is asked about, and money is asked for once."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared import billing, jobs, payments
from shared.config import Settings
from shared.db import Database
from shared.payments.asking import POLLS
from tests.shared.payments import signing, stories
from tests.shared.payments.standing_in import StandIn, standing_in


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


@pytest.fixture
async def house(db: Database) -> AsyncIterator[House]:
    async with standing_in() as bank:
        urls = {f"voronka_{name}_url": bank.url for name in ("liqpay", "wayforpay", "monobank", "stripe", "sandbox")}
        yield House(db, signing.settings(**urls), bank)


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


async def test_a_checkout_is_a_signed_form(house: House, db: Database) -> None:
    begun = await stories.begun(db, "liqpay")

    checkout = await house.checkout(begun)

    assert checkout is not None
    assert (checkout.url, checkout.method) == (f"{house.bank.url}/api/3/checkout", "POST")
    assert sorted(checkout.fields) == ["data", "signature"]
    assert await house.checkout(begun) == checkout
    assert await polls(house, begun) == [timedelta(minutes=1)]


async def test_a_page_of_the_bank_is_asked_for_once(house: House, db: Database) -> None:
    begun = await stories.begun(db, "monobank")
    page = {"invoiceId": "p2_1", "pageUrl": "https://pay.example/p2_1"}
    house.bank.replies["/api/merchant/invoice/create"] = lambda _path, _body: page

    assert await house.checkout(begun) == payments.Checkout("https://pay.example/p2_1", "GET", {})
    assert await house.checkout(begun) == payments.Checkout("https://pay.example/p2_1", "GET", {})
    assert house.bank.asked == ["POST /api/merchant/invoice/create"]


async def test_a_lost_callback_is_found_by_asking(house: House, db: Database) -> None:
    begun = await stories.begun(db, "monobank")
    page = {"invoiceId": "p2_1", "pageUrl": "https://pay.example/p2_1"}
    house.bank.replies["/api/merchant/invoice/create"] = lambda _path, _body: page
    await house.checkout(begun)
    said = {"invoiceId": "p2_1", "status": "processing", "amount": 500_00, "ccy": 980, "reference": str(begun.id)}
    house.bank.replies["/api/merchant/invoice/status"] = lambda _path, _body: said

    assert await house.do(payments.POLL, begun.id) is True
    assert await state(house, begun) == "PENDING"
    assert await polls(house, begun) == list(POLLS[:2])
    said["status"] = "success"
    assert await house.do(payments.POLL, begun.id) is True

    assert await stories.end(db, begun) == stories.End("PAID", 0, ["sales_funnel"], 1, 0)
    assert await polls(house, begun) == list(POLLS[:2])
    assert await house.do(payments.POLL, begun.id) is False


async def test_who_does_not_answer_is_asked_for_a_week(house: House, db: Database) -> None:
    begun = await stories.begun(db, "liqpay")
    await house.checkout(begun)

    for _ in POLLS:
        assert await house.do(payments.POLL, begun.id) is True

    assert await polls(house, begun) == list(POLLS)
    assert await house.do(payments.POLL, begun.id) is False


@pytest.mark.parametrize(("status", "ends"), [("success", "PAID"), ("failure", "FAILED"), ("processing", "PENDING")])
async def test_a_saved_card_is_charged(house: House, db: Database, status: str, ends: str) -> None:
    begun = await with_card(db, "liqpay")
    house.bank.replies["/api/request"] = lambda _path, _body: liqpay_answer(begun, status)

    assert await house.do(billing.CHARGE, begun.id) is True

    assert await state(house, begun) == ends
    assert house.bank.asked == ["POST /api/request"]


async def test_a_charge_that_nobody_answered_is_asked_about_and_not_made_again(house: House, db: Database) -> None:
    begun = await with_card(db, "monobank")
    charges = 0

    def broken(_path: str, _body: bytes) -> Any:
        nonlocal charges
        charges += 1
        return ["nothing that can be read"]

    house.bank.replies["/api/merchant/wallet/payment"] = broken
    assert await house.do(billing.CHARGE, begun.id) is True
    assert await state(house, begun) == "CREATED"
    listed = {"list": [{"invoiceId": "p2_9", "reference": str(begun.id)}]}
    said = {"invoiceId": "p2_9", "status": "success", "amount": 300_00, "ccy": 980, "reference": str(begun.id)}
    house.bank.replies["/api/merchant/statement"] = lambda _path, _body: listed
    house.bank.replies["/api/merchant/invoice/status"] = lambda _path, _body: said

    assert await house.do(payments.POLL, begun.id) is True

    assert await state(house, begun) == "PAID"
    assert charges == 1


async def test_a_charge_whose_answer_nobody_understands_is_asked_about_and_not_made_again(
    house: House, db: Database
) -> None:
    begun = await with_card(db, "liqpay")
    house.bank.says("/api/request", liqpay_answer(begun, "a new one"))
    assert await house.do(billing.CHARGE, begun.id) is True
    assert await state(house, begun) == "CREATED"
    house.bank.says("/api/request", liqpay_answer(begun, "success"))

    assert await house.do(payments.POLL, begun.id) is True

    assert await state(house, begun) == "PAID"
    assert [signing.liqpay_data(one.body)["action"] for one in house.bank.requests] == ["paytoken", "status"]


async def test_what_is_said_of_another_payment_is_not_believed(house: House, db: Database) -> None:
    begun, other = await with_card(db, "liqpay"), await stories.begun(db, "liqpay")
    house.bank.says("/api/request", liqpay_answer(other, "success"))

    assert await house.do(billing.CHARGE, begun.id) is True

    assert [await state(house, one) for one in (begun, other)] == ["CREATED", "CREATED"]


KILLED = """
import asyncio, os, sys
from uuid import UUID
from shared import jobs, payments
from shared.config import Settings
from shared.db import connect

async def main():
    async with connect(sys.argv[1], size=3) as db:
        given = Settings.model_validate_json(sys.argv[3])
        await jobs.perform(db, payments.kinds(lambda: given), UUID(sys.argv[2]))

asyncio.run(main())
"""


async def test_whoever_is_killed_between_a_charge_and_its_record_charges_nobody_twice(
    house: House, db: Database, dsn: str
) -> None:
    begun = await with_card(db, "liqpay")
    asked: list[str] = []

    def answer(_path: str, body: bytes) -> Any:
        data = signing.liqpay_data(body)
        asked.append(data["action"])
        if data["action"] == "paytoken":
            os.kill(worker.pid, signal.SIGKILL)  # the money has moved, and nobody wrote it down
        return liqpay_answer(begun, "success")

    house.bank.replies["/api/request"] = answer
    async with db.transaction(None) as tx:
        job_id = await tx.fetchval("SELECT id FROM jobs WHERE kind = $1 AND ref = $2", billing.CHARGE, begun.id)
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-c", KILLED, dsn, str(job_id), house.settings.model_dump_json()
    )
    assert await worker.wait() == -signal.SIGKILL
    assert await state(house, begun) == "CREATED"

    async with db.transaction(None) as tx:
        await tx.execute("UPDATE jobs SET lease_until = clock_timestamp() WHERE id = $1", job_id)
    assert await house.do(billing.CHARGE, begun.id) is True

    assert asked == ["paytoken", "status"]
    assert await state(house, begun) == "PAID"


async def test_a_charge_that_never_reached_the_provider_has_failed_after_a_while(house: House, db: Database) -> None:
    begun = await with_card(db, "liqpay")
    house.bank.replies["/api/request"] = lambda _path, _body: {"result": "error", "err_code": "payment_not_found"}
    assert await house.do(billing.CHARGE, begun.id) is True

    states = []
    for _ in range(4):
        await house.do(payments.POLL, begun.id)
        states.append(await state(house, begun))

    assert states == ["CREATED", "CREATED", "CREATED", "FAILED"]


async def test_a_refund_is_asked_for_once_and_then_asked_about(house: House, db: Database) -> None:
    begun = await stories.begun(db, "wayforpay")
    async with db.transaction(begun.account_id) as tx:  # another amount than was asked for: it is on the balance
        await billing.settle(tx, billing.Report(begun.id, billing.Rank.PAID, 499_00, "UAH"))
        wanted = billing.Refund(begun.id, "100.00", "UAH", "Помилка")
        await billing.refund(tx, wanted)
        refund_id = await tx.fetchval("SELECT id FROM refunds WHERE payment_id = $1", begun.id)
    replies = iter(
        [
            ["nothing that can be read"],
            signing.wayforpay_call(begun.id, amount=499_00).body,
            signing.wayforpay_call(begun.id, "Refunded", 499_00, refundAmount="100.00").body,
        ]
    )
    house.bank.replies["/api"] = lambda _path, _body: next(replies)

    assert await house.do(billing.REFUND, refund_id) is True
    assert await state(house, begun) == "PAID"
    assert await house.do(billing.REFUND, refund_id) is True
    assert await state(house, begun) == "PAID"
    assert await house.do(billing.REFUND, refund_id) is True

    assert await stories.end(db, begun) == stories.End("PARTIALLY_REFUNDED", 100_00, [], 1, 399_00)
    assert len(house.bank.asked) == 3
