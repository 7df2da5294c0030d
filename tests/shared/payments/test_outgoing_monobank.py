"""What monobank is asked for, in the words of its documentation, and what is made of its answers."""

from typing import Any

import pytest
from starlette.responses import JSONResponse

from shared.billing import Rank
from shared.money import Money
from shared.payments import Checkout, Refused
from shared.payments.model import Card, NotKnown
from tests.shared.payments.outgoing import ACCOUNT, ORDER, PUBLIC, Outside, order

INVOICE = {
    "amount": 500_00,
    "ccy": 980,
    "merchantPaymInfo": {"reference": str(ORDER), "destination": f"Voronka {ORDER}"},
    "redirectUrl": PUBLIC,
    "webHookUrl": f"{PUBLIC}/callbacks/monobank",
}
PAID = {"invoiceId": "p2_1", "status": "success", "amount": 500_00, "ccy": 980, "reference": str(ORDER)}
CANNOT = JSONResponse({"errCode": "BAD_REQUEST", "errText": "no such card"}, 400)


async def test_a_page_is_made_for_the_payer(outside: Outside) -> None:
    outside.bank.says("/api/merchant/invoice/create", {"invoiceId": "p2_1", "pageUrl": "https://pay.example/p2_1"})

    started = await outside.provider("monobank").start(order("monobank", save_method=True))

    assert (started.checkout, started.reference) == (Checkout("https://pay.example/p2_1"), "p2_1")
    assert outside.bank.asked == ["POST /api/merchant/invoice/create"]
    assert outside.asked.headers["x-token"] == "mono-token"
    assert outside.asked.json == INVOICE | {"saveCardData": {"saveCard": True, "walletId": str(ACCOUNT)}}


async def test_it_is_asked_what_became_of_its_invoice(outside: Outside) -> None:
    card = {"walletData": {"cardToken": "t"}, "paymentInfo": {"maskedPan": "4141***17"}}
    outside.bank.says("/api/merchant/invoice/status", PAID | card)

    said = await outside.provider("monobank").ask(order("monobank", reference="p2_1"))

    assert (outside.bank.asked, outside.asked.query) == (["GET /api/merchant/invoice/status"], "invoiceId=p2_1")
    assert (said.payment_id, said.state, said.amount, said.reference) == (
        ORDER,
        Rank.PAID,
        Money(500_00, "UAH"),
        "p2_1",
    )
    assert said.card == Card("t", "4141***17")


@pytest.mark.parametrize(
    ("answer", "state", "refunded", "failure"),
    [
        ({"status": "created"}, Rank.PENDING, 0, None),
        ({"status": "hold"}, Rank.PENDING, 0, None),
        ({"status": "failure", "failureReason": "No money"}, Rank.FAILED, 0, "No money"),
        ({"status": "expired"}, Rank.FAILED, 0, "expired"),
        ({"finalAmount": 399_50}, Rank.PARTIALLY_REFUNDED, 100_50, None),
        ({"status": "reversed", "finalAmount": 0}, Rank.REFUNDED, 500_00, None),
    ],
)
async def test_what_it_says_is_understood(
    outside: Outside, answer: dict[str, Any], state: Rank, refunded: int, failure: str | None
) -> None:
    outside.bank.says("/api/merchant/invoice/status", PAID | answer)

    said = await outside.provider("monobank").ask(order("monobank", reference="p2_1"))

    assert (said.state, said.refunded, said.failure) == (state, refunded, failure)


async def test_an_invoice_whose_number_was_lost_is_found_by_our_own(outside: Outside) -> None:
    outside.bank.says("/api/merchant/statement", {"list": [{"invoiceId": "p2_0"}, PAID]})
    outside.bank.says("/api/merchant/invoice/status", PAID)

    assert (await outside.provider("monobank").ask(order("monobank"))).state is Rank.PAID

    statement, status = outside.bank.requests
    assert (statement.query, status.query) == ("from=1769860740", "invoiceId=p2_1")
    outside.bank.says("/api/merchant/statement", {"list": []})
    with pytest.raises(NotKnown):
        await outside.provider("monobank").ask(order("monobank"))


async def test_an_invoice_that_it_has_forgotten_is_not_known(outside: Outside) -> None:
    with pytest.raises(NotKnown):
        await outside.provider("monobank").ask(order("monobank", reference="p2_1"))


async def test_a_kept_card_is_charged(outside: Outside) -> None:
    provider, it = outside.provider("monobank"), order("monobank", card="t")
    outside.bank.says("/api/merchant/wallet/payment", PAID | {"status": "failure", "failureReason": "No money"})

    said = await provider.charge(it)

    assert outside.bank.asked == ["POST /api/merchant/wallet/payment"]
    assert outside.asked.json == INVOICE | {"cardToken": "t", "initiationKind": "merchant"}
    assert (said.state, said.failure) == (Rank.FAILED, "No money")
    outside.bank.says("/api/merchant/wallet/payment", PAID | {"status": "created", "tdsUrl": "https://3ds.example"})
    assert (await provider.charge(it)).state is Rank.PENDING
    outside.bank.says("/api/merchant/wallet/payment", CANNOT)
    with pytest.raises(Refused, match="no such card"):
        await provider.charge(it)


async def test_money_that_it_does_not_take_is_refused(outside: Outside) -> None:
    with pytest.raises(Refused, match="PLN"):
        await outside.provider("monobank").charge(order("monobank", card="t", amount=Money(1, "PLN")))

    assert outside.bank.asked == []


async def test_a_part_is_paid_back(outside: Outside) -> None:
    provider, it = outside.provider("monobank"), order("monobank", reference="p2_1")
    outside.bank.says("/api/merchant/invoice/cancel", {"status": "processing"})

    await provider.refund(it, 100_50, "refund-1")

    assert outside.bank.asked == ["POST /api/merchant/invoice/cancel"]
    assert outside.asked.json == {"invoiceId": "p2_1", "extRef": "refund-1", "amount": 100_50}
    for refusal in ({"status": "failure"}, CANNOT):
        outside.bank.says("/api/merchant/invoice/cancel", refusal)
        with pytest.raises(Refused):
            await provider.refund(it, 100_50, "refund-1")
