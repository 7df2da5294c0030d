"""Speaking to providers: what was begun is asked about."""

import asyncio
from datetime import timedelta
from typing import Any

from shared import payments
from shared.db import Database
from shared.payments.asking import POLLS
from tests.shared.payments import stories
from tests.shared.payments.house import House, polls, state


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
    house.bank.says("/api/merchant/invoice/create", page)

    assert await house.checkout(begun) == payments.Checkout("https://pay.example/p2_1", "GET", {})
    assert await house.checkout(begun) == payments.Checkout("https://pay.example/p2_1", "GET", {})
    assert house.bank.asked == ["POST /api/merchant/invoice/create"]


async def test_of_pages_that_were_asked_for_at_once_payers_see_one(house: House, db: Database) -> None:
    """Two that are paid would be one payment to us: the money of one of them would have no entry."""
    begun = await stories.begun(db, "monobank")
    both = asyncio.Barrier(2)

    async def page(_path: str, _body: bytes) -> Any:
        number = await both.wait()
        return {"invoiceId": f"p2_{number}", "pageUrl": f"https://pay.example/p2_{number}"}

    house.bank.replies["/api/merchant/invoice/create"] = page

    one, other = await asyncio.gather(house.checkout(begun), house.checkout(begun))

    assert one is not None
    assert one == other == await house.checkout(begun)
    house.bank.says("/api/merchant/invoice/status", {"status": "created", "amount": 500_00, "ccy": 980})
    assert await house.do(payments.POLL, begun.id) is True
    assert house.bank.requests[-1].query == f"invoiceId={one.url.rpartition('/')[2]}"


async def test_a_lost_callback_is_found_by_asking(house: House, db: Database) -> None:
    begun = await stories.begun(db, "monobank")
    page = {"invoiceId": "p2_1", "pageUrl": "https://pay.example/p2_1"}
    house.bank.says("/api/merchant/invoice/create", page)
    await house.checkout(begun)
    said = {"invoiceId": "p2_1", "status": "processing", "amount": 500_00, "ccy": 980, "reference": str(begun.id)}
    house.bank.says("/api/merchant/invoice/status", said)

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
