"""Saved cards are charged, and money is paid back: each is asked for once, and then asked about."""

import asyncio
import os
import signal
import sys
from typing import Any
from uuid import UUID

import pytest

from services.local import ports
from shared import billing, payments
from shared.db import Database
from shared.money import Money
from shared.payments.commands import record
from shared.payments.model import Said
from tests.shared.payments import signing, stories
from tests.shared.payments.house import House, liqpay_answer, state, with_card


@pytest.mark.parametrize(("status", "ends"), [("success", "PAID"), ("failure", "FAILED"), ("processing", "PENDING")])
async def test_a_saved_card_is_charged(house: House, db: Database, status: str, ends: str) -> None:
    begun = await with_card(db, "liqpay")
    house.bank.says("/api/request", liqpay_answer(begun, status))

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
    house.bank.says("/api/merchant/statement", listed)
    house.bank.says("/api/merchant/invoice/status", said)

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


async def test_a_card_that_was_removed_before_its_charge_is_not_charged(house: House, db: Database) -> None:
    begun = await with_card(db, "liqpay")
    async with db.transaction(begun.account_id) as tx:
        (card,) = await billing.methods(tx)
        await billing.remove_method(tx, card.id)

    assert await house.do(billing.CHARGE, begun.id) is True

    assert await state(house, begun) == "FAILED"
    assert house.bank.asked == []


async def test_no_card_is_charged_for_what_is_paid_by_then(house: House, db: Database) -> None:
    begun = await with_card(db, "liqpay")
    async with db.transaction(begun.account_id) as tx:
        charged = (await billing.get_payments(tx, [begun.id]))[begun.id]
        wanted = {"invoice_id": str(charged.invoice_id), "provider": "liqpay"}
        paid = (await billing.pay(tx, billing.Pay.read(wanted, frozenset({"liqpay"})))).payment
        assert paid
        await billing.settle(tx, billing.Report(paid.id, billing.Rank.PAID, 300_00, "UAH"))

    assert await house.do(billing.CHARGE, begun.id) is True

    assert await state(house, begun) == "FAILED"
    assert house.bank.asked == []


async def test_a_charge_that_never_reached_the_provider_has_failed_after_a_while(house: House, db: Database) -> None:
    begun = await with_card(db, "liqpay")
    house.bank.says("/api/request", {"result": "error", "err_code": "payment_not_found"})
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


async def test_a_refund_that_reached_nobody_is_asked_for_again(house: House, db: Database) -> None:
    begun = await stories.begun(db, "liqpay")
    async with db.transaction(begun.account_id) as tx:
        await billing.settle(tx, billing.Report(begun.id, billing.Rank.PAID, 499_00, "UAH"))
        await billing.refund(tx, billing.Refund(begun.id, "100.00", "UAH", "Помилка"))
        refund_id = await tx.fetchval("SELECT id FROM refunds WHERE payment_id = $1", begun.id)
    nobody = House(
        db, house.settings.model_copy(update={"voronka_liqpay_url": f"http://127.0.0.1:{ports.choose()}"}), house.bank
    )
    assert await nobody.do(billing.REFUND, refund_id) is True
    assert await state(house, begun) == "PAID"

    house.bank.says("/api/request", liqpay_answer(begun, "reversed"))
    assert await house.do(billing.REFUND, refund_id) is True

    assert await stories.end(db, begun) == stories.End("PARTIALLY_REFUNDED", 100_00, [], 1, 399_00)
    assert [signing.liqpay_data(one.body)["action"] for one in house.bank.requests] == ["refund"]


async def refund_begun(house: House, db: Database) -> tuple[stories.Begun, UUID]:
    """A payment by Stripe and its refund, of which nobody knows whether Stripe has heard of it."""
    begun = await stories.begun(db, "stripe")
    house.bank.says("/v1/checkout/sessions", {"id": "cs_1", "object": "checkout.session", "url": "https://pay.example"})
    await house.checkout(begun)
    async with db.transaction(begun.account_id) as tx:
        await record(tx, Said(begun.id, billing.Rank.PAID, Money(499_00, "UAH"), reference="pi_1"))
        await billing.refund(tx, billing.Refund(begun.id, "100.00", "UAH", "Помилка"))
        refund_id = await tx.fetchval("SELECT id FROM refunds WHERE payment_id = $1", begun.id)
    house.bank.says("/v1/refunds", ["nothing that can be read"])
    house.bank.requests.clear()
    assert await house.do(billing.REFUND, refund_id) is True
    assert await state(house, begun) == "PAID"
    return begun, refund_id


async def test_a_refund_is_asked_for_again_where_its_key_makes_it_the_same(house: House, db: Database) -> None:
    """A worker that is killed on the way to the provider leaves nothing for people to look at."""
    begun, refund_id = await refund_begun(house, db)
    house.bank.says("/v1/refunds", {"id": "re_1", "object": "refund", "status": "succeeded"})
    assert await house.do(billing.REFUND, refund_id) is True

    assert await stories.end(db, begun) == stories.End("PARTIALLY_REFUNDED", 100_00, [], 1, 399_00)
    assert house.bank.asked == ["POST /v1/refunds"] * 2
    assert {one.headers["idempotency-key"] for one in house.bank.requests} == {str(refund_id)}
    assert [one.form["amount"] for one in house.bank.requests] == ["10000", "10000"]


async def test_a_refund_whose_key_is_forgotten_is_asked_about(house: House, db: Database) -> None:
    begun, refund_id = await refund_begun(house, db)
    async with db.pool.acquire() as conn:
        await conn.execute("UPDATE refund_attempts SET started_at = started_at - interval '1 day'")

    assert await house.do(billing.REFUND, refund_id) is True

    assert await state(house, begun) == "PAID"
    assert house.bank.asked == ["POST /v1/refunds", "GET /v1/payment_intents/pi_1"]
