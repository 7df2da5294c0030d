"""What LiqPay is asked for, in the words of its documentation, and what is made of its answers."""

from base64 import b64decode
from typing import Any

import orjson
import pytest

from shared.billing import Rank
from shared.payments import OutcomeUnknown, Refused
from shared.payments.model import Card, NotKnown
from shared.payments.providers import liqpay
from tests.shared.payments import signing
from tests.shared.payments.outgoing import ORDER, PUBLIC, Outside, order

ABOUT = {
    "version": 3,
    "public_key": signing.PUBLIC_KEY,
    "amount": "500.00",
    "currency": "UAH",
    "description": f"Voronka {ORDER}",
    "order_id": str(ORDER),
    "server_url": f"{PUBLIC}/callbacks/liqpay",
}
PAID = {
    "result": "ok",
    "status": "success",
    "order_id": str(ORDER),
    "payment_id": 7,
    "amount": 500.0,
    "currency": "UAH",
}


def signed(fields: Any) -> Any:
    """What `data` holds, which is signed."""
    assert sorted(fields) == ["data", "signature"]
    assert fields["signature"] == liqpay.sign(signing.LIQPAY_KEY, fields["data"], "sha1")
    return orjson.loads(b64decode(fields["data"]))


async def test_a_payer_takes_a_signed_form_there(outside: Outside) -> None:
    checkout = (await outside.provider("liqpay").start(order("liqpay", return_url="https://crm.example"))).checkout

    assert (checkout.url, checkout.method) == (f"{outside.bank.url}/api/3/checkout", "POST")
    assert signed(checkout.fields) == {**ABOUT, "action": "pay", "result_url": "https://crm.example"}
    kept = (await outside.provider("liqpay").start(order("liqpay", save_method=True))).checkout
    assert signed(kept.fields) == {**ABOUT, "action": "pay", "result_url": PUBLIC, "recurringbytoken": "1"}


async def test_it_is_asked_what_became_of_an_order(outside: Outside) -> None:
    outside.bank.says("/api/request", {**PAID, "card_token": "t", "sender_card_mask2": "41*17"})

    said = await outside.provider("liqpay").ask(order("liqpay"))

    asked = {"version": 3, "public_key": signing.PUBLIC_KEY, "action": "status", "order_id": str(ORDER)}
    assert signed(outside.asked.form) == asked
    assert (said.payment_id, said.state, said.amount.minor, said.reference) == (ORDER, Rank.PAID, 500_00, "7")
    assert said.card == Card("t", "41*17")


@pytest.mark.parametrize(
    ("answer", "state", "refunded", "failure"),
    [
        ({"status": "wait_accept"}, Rank.PENDING, 0, None),
        ({"status": "hold_wait"}, Rank.PENDING, 0, None),
        ({"status": "failure", "err_description": "Limit"}, Rank.FAILED, 0, "Limit"),
        ({"status": "success", "refund_amount": 100.5}, Rank.PARTIALLY_REFUNDED, 100_50, None),
        ({"status": "reversed"}, Rank.REFUNDED, 500_00, None),
    ],
)
async def test_what_it_says_is_understood(
    outside: Outside, answer: dict[str, Any], state: Rank, refunded: int, failure: str | None
) -> None:
    outside.bank.says("/api/request", PAID | answer)

    said = await outside.provider("liqpay").ask(order("liqpay"))

    assert (said.state, said.refunded, said.failure) == (state, refunded, failure)


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        ({"result": "error", "status": "error", "err_code": "payment_not_found"}, NotKnown),
        ({"result": "error", "status": "error", "err_code": "err_access"}, OutcomeUnknown),
        ({"result": "error", "status": "failure", "err_code": "signature"}, OutcomeUnknown),
    ],
)
async def test_who_may_not_ask_learns_nothing_of_the_payment(
    outside: Outside, answer: dict[str, Any], raised: type[Exception]
) -> None:
    outside.bank.says("/api/request", answer)

    with pytest.raises(raised):
        await outside.provider("liqpay").ask(order("liqpay"))


async def test_a_kept_card_is_charged(outside: Outside) -> None:
    outside.bank.says("/api/request", PAID)

    said = await outside.provider("liqpay").charge(order("liqpay", card="t"))

    card = {"action": "paytoken", "card_token": "t", "is_recurring": "1", "ip": "127.0.0.1"}
    assert signed(outside.asked.form) == ABOUT | card
    assert (said.state, said.amount.minor) == (Rank.PAID, 500_00)


async def test_a_card_is_declined_also_in_few_words(outside: Outside) -> None:
    outside.bank.says("/api/request", {"result": "error", "status": "failure", "err_code": "limit"})

    said = await outside.provider("liqpay").charge(order("liqpay", card="t"))

    assert (said.payment_id, said.state, said.failure) == (ORDER, Rank.FAILED, "limit")


async def test_what_was_charged_before_is_not_declined(outside: Outside) -> None:
    outside.bank.says("/api/request", {"result": "error", "status": "error", "err_code": "order_id_duplicate"})

    with pytest.raises(OutcomeUnknown):
        await outside.provider("liqpay").charge(order("liqpay", card="t"))


async def test_a_part_is_paid_back(outside: Outside) -> None:
    outside.bank.says("/api/request", {"result": "ok", "status": "reversed", "payment_id": 7})

    await outside.provider("liqpay").refund(order("liqpay"), 100_50, "refund-1")

    asked = {"action": "refund", "order_id": str(ORDER), "amount": "100.50"}
    assert signed(outside.asked.form) == {"version": 3, "public_key": signing.PUBLIC_KEY, **asked}
    outside.bank.says("/api/request", {"result": "error", "status": "error", "err_description": "No money"})
    with pytest.raises(Refused, match="No money"):
        await outside.provider("liqpay").refund(order("liqpay"), 100_50, "refund-1")
