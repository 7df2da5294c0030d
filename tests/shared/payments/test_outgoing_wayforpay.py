"""What WayForPay is asked for, in the words of its documentation, and what is made of its answers."""

from typing import Any

import orjson
import pytest

from shared.billing import Rank
from shared.payments import OutcomeUnknown, Refused
from shared.payments.model import Card, NotKnown
from shared.payments.providers import wayforpay
from tests.shared.payments import signing
from tests.shared.payments.outgoing import ORDER, PUBLIC, Outside, order

MADE_AT, ABOUT = "1769860800", f"Voronka {ORDER}"
PURCHASE = {
    "merchantAccount": signing.MERCHANT,
    "merchantDomainName": "voronka.example",
    "apiVersion": "1",
    "orderReference": str(ORDER),
    "orderDate": MADE_AT,
    "amount": "500.00",
    "currency": "UAH",
    "merchantSignature": wayforpay.sign(
        signing.WAYFORPAY_KEY,
        [signing.MERCHANT, "voronka.example", str(ORDER), MADE_AT, "500.00", "UAH", ABOUT, "1", "500.00"],
    ),
    "serviceUrl": f"{PUBLIC}/callbacks/wayforpay",
}


def as_written(body: bytes) -> Any:
    """What is signed of an amount is its text."""
    return orjson.loads(body.replace(b":500.00", b':"500.00"').replace(b"[500.00]", b'["500.00"]'))


def answer(outside: Outside, status: str = "Approved", **more: Any) -> None:
    outside.bank.says("/api", signing.wayforpay_call(ORDER, status, **more).body)


async def test_a_payer_takes_a_signed_form_there(outside: Outside) -> None:
    checkout = (await outside.provider("wayforpay").start(order("wayforpay"))).checkout

    assert (checkout.url, checkout.method) == (f"{outside.bank.url}/pay", "POST")
    product = {"productName[]": ABOUT, "productCount[]": "1", "productPrice[]": "500.00"}
    page = {"merchantTransactionSecureType": "AUTO", "returnUrl": PUBLIC}
    assert checkout.fields == PURCHASE | product | page


async def test_it_is_asked_what_became_of_an_order(outside: Outside) -> None:
    answer(outside, recToken="t")

    said = await outside.provider("wayforpay").ask(order("wayforpay"))

    assert (outside.asked.method, outside.asked.path) == ("POST", "/api")
    assert outside.asked.json == {
        "apiVersion": 1,
        "transactionType": "CHECK_STATUS",
        "merchantAccount": signing.MERCHANT,
        "orderReference": str(ORDER),
        "merchantSignature": wayforpay.sign(signing.WAYFORPAY_KEY, [signing.MERCHANT, str(ORDER)]),
    }
    assert (said.payment_id, said.state, said.amount.minor) == (ORDER, Rank.PAID, 500_00)
    assert said.card == Card("t", "41****8217")


@pytest.mark.parametrize(
    ("status", "more", "state", "refunded", "failure"),
    [
        ("Approved", {"reasonCode": 1134}, Rank.PENDING, 0, None),
        ("WaitingAuthComplete", {}, Rank.PENDING, 0, None),
        ("Declined", {"reason": "No money"}, Rank.FAILED, 0, "No money"),
        ("Expired", {}, Rank.FAILED, 0, "Expired"),
        ("RefundInProcessing", {}, Rank.PAID, 0, None),
        ("Refunded", {"refundAmount": 100.5}, Rank.PARTIALLY_REFUNDED, 100_50, None),
        ("Voided", {}, Rank.REFUNDED, 500_00, None),
    ],
)
async def test_what_it_says_is_understood(
    outside: Outside, status: str, more: dict[str, Any], state: Rank, refunded: int, failure: str | None
) -> None:
    answer(outside, status, **more)

    said = await outside.provider("wayforpay").ask(order("wayforpay"))

    assert (said.state, said.refunded, said.failure) == (state, refunded, failure)


@pytest.mark.parametrize("verb", ["ask", "charge"])
@pytest.mark.parametrize(
    ("said", "raised"),
    [
        ({"reasonCode": 1127, "reason": "Order Not Found"}, NotKnown),
        ({"reasonCode": 1113, "reason": "Invalid signature"}, OutcomeUnknown),
        ({**orjson.loads(signing.wayforpay_call(ORDER).body), "amount": 501}, OutcomeUnknown),
        (signing.wayforpay_call(ORDER, "Declined", reasonCode=1112).body, OutcomeUnknown),  # charged before
    ],
)
async def test_what_it_has_not_signed_of_the_payment_decides_nothing(
    outside: Outside, verb: str, said: Any, raised: type[Exception]
) -> None:
    outside.bank.says("/api", said)

    with pytest.raises(raised):
        await getattr(outside.provider("wayforpay"), verb)(order("wayforpay", card="t"))


async def test_a_kept_card_is_charged(outside: Outside) -> None:
    answer(outside, "Declined", reason="No money")

    said = await outside.provider("wayforpay").charge(order("wayforpay", card="t"))

    assert as_written(outside.asked.body) == PURCHASE | {
        "transactionType": "CHARGE",
        "merchantAuthType": "SimpleSignature",
        "merchantTransactionType": "SALE",
        "merchantTransactionSecureType": "NON3DS",
        "productName": [ABOUT],
        "productCount": [1],
        "productPrice": ["500.00"],
        "recToken": "t",
        "apiVersion": "1",
    }
    assert (said.state, said.failure) == (Rank.FAILED, "No money")


def refund_answer(status: str, code: int, key: str = signing.WAYFORPAY_KEY) -> dict[str, Any]:
    payload = {"merchantAccount": signing.MERCHANT, "orderReference": str(ORDER), "transactionStatus": status}
    signature = wayforpay.sign(key, [*payload.values(), str(code)])
    return {**payload, "reasonCode": code, "reason": "No money", "merchantSignature": signature}


async def test_a_part_is_paid_back(outside: Outside) -> None:
    provider = outside.provider("wayforpay")
    outside.bank.says("/api", refund_answer("Refunded", 1100))

    await provider.refund(order("wayforpay"), 100_50, "refund-1")

    signed = [signing.MERCHANT, str(ORDER), "100.50", "UAH"]
    assert b'"amount":100.50' in outside.asked.body
    assert outside.asked.json == {
        "apiVersion": 1,
        "transactionType": "REFUND",
        "merchantAccount": signing.MERCHANT,
        "orderReference": str(ORDER),
        "amount": 100.5,
        "currency": "UAH",
        "comment": ABOUT,
        "merchantSignature": wayforpay.sign(signing.WAYFORPAY_KEY, signed),
    }
    outside.bank.says("/api", refund_answer("RefundInProcessing", 1100))
    await provider.refund(order("wayforpay"), 100_50, "refund-1")
    for said, raised in (
        (refund_answer("Declined", 1101), Refused),
        (refund_answer("Refunded", 1100, key="another"), OutcomeUnknown),
    ):
        outside.bank.says("/api", said)
        with pytest.raises(raised):
            await provider.refund(order("wayforpay"), 100_50, "refund-1")
