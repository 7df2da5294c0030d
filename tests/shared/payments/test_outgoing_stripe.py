"""What Stripe is asked for, and what is made of its answers."""

from typing import Any
from urllib.parse import parse_qs

import pytest
from starlette.responses import JSONResponse

from shared.billing import Rank
from shared.money import Money
from shared.payments import Checkout, OutcomeUnknown, Refused
from shared.payments.model import Card, NotKnown
from tests.shared.payments.outgoing import ORDER, PUBLIC, Outside, order

INTENT = {
    "id": "pi_1",
    "object": "payment_intent",
    "status": "succeeded",
    "amount": 500_00,
    "amount_received": 500_00,
    "currency": "uah",
    "metadata": {"payment_id": str(ORDER)},
}
OUTCOMES: list[tuple[dict[str, Any], Rank, int, str | None]] = [
    ({"status": "processing"}, Rank.PENDING, 0, None),
    ({"status": "requires_action"}, Rank.PENDING, 0, None),
    ({"status": "requires_payment_method", "last_payment_error": {"message": "No money"}}, Rank.FAILED, 0, "No money"),
    ({"status": "canceled"}, Rank.FAILED, 0, "canceled"),
    ({"latest_charge": {"id": "ch_1", "amount_refunded": 100_50}}, Rank.PARTIALLY_REFUNDED, 100_50, None),
    ({"latest_charge": {"id": "ch_1", "amount_refunded": 500_00}}, Rank.REFUNDED, 500_00, None),
]


def error(status: int, type: str, code: str | None = None) -> JSONResponse:
    return JSONResponse({"error": {"type": type, "code": code, "message": "Your card was declined."}}, status)


async def test_a_page_is_made_for_the_payer(outside: Outside) -> None:
    outside.bank.says(
        "/v1/checkout/sessions", {"id": "cs_1", "object": "checkout.session", "url": "https://pay.example"}
    )

    started = await outside.provider("stripe").start(order("stripe", save_method=True))

    assert (started.checkout, started.reference) == (Checkout("https://pay.example"), "cs_1")
    assert outside.bank.asked == ["POST /v1/checkout/sessions"]
    assert outside.asked.headers["authorization"] == "Bearer sk_test_1"
    assert outside.asked.headers["idempotency-key"] == str(ORDER)
    assert outside.asked.form == {
        "mode": "payment",
        "client_reference_id": str(ORDER),
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "uah",
        "line_items[0][price_data][unit_amount]": "50000",
        "line_items[0][price_data][product_data][name]": f"Voronka {ORDER}",
        "success_url": PUBLIC,
        "cancel_url": PUBLIC,
        "metadata[payment_id]": str(ORDER),
        "payment_intent_data[metadata][payment_id]": str(ORDER),
        "payment_intent_data[setup_future_usage]": "off_session",
        "customer_creation": "always",
    }


async def test_it_is_asked_what_became_of_an_intent(outside: Outside) -> None:
    kept = {"customer": "cus_1", "payment_method": "pm_1", "setup_future_usage": "off_session"}
    outside.bank.says("/v1/payment_intents/pi_1", INTENT | kept | {"latest_charge": {"id": "ch_1", "object": "charge"}})

    said = await outside.provider("stripe").ask(order("stripe", reference="pi_1"))

    assert outside.bank.asked == ["GET /v1/payment_intents/pi_1"]
    assert parse_qs(outside.asked.query) == {"expand[0]": ["latest_charge"]}
    assert (said.payment_id, said.state, said.amount) == (ORDER, Rank.PAID, Money(500_00, "UAH"))
    assert (said.reference, said.names) == ("pi_1", ("pi_1", "ch_1"))
    assert said.card == Card("cus_1:pm_1", "Stripe")


async def test_a_page_is_asked_for_its_intent(outside: Outside) -> None:
    provider, it = outside.provider("stripe"), order("stripe", reference="cs_1")
    session = {"id": "cs_1", "object": "checkout.session", "status": "open", "payment_intent": None}
    for status, state in (("open", Rank.PENDING), ("expired", Rank.FAILED)):
        outside.bank.says("/v1/checkout/sessions/cs_1", session | {"status": status})
        assert (await provider.ask(it)).state is state
    outside.bank.says("/v1/checkout/sessions/cs_1", session | {"status": "complete", "payment_intent": "pi_1"})
    outside.bank.says("/v1/payment_intents/pi_1", INTENT)

    assert (await provider.ask(it)).state is Rank.PAID


@pytest.mark.parametrize(("answer", "state", "refunded", "failure"), OUTCOMES)
async def test_what_it_says_is_understood(
    outside: Outside, answer: dict[str, Any], state: Rank, refunded: int, failure: str | None
) -> None:
    outside.bank.says("/v1/payment_intents/pi_1", INTENT | answer)

    said = await outside.provider("stripe").ask(order("stripe", reference="pi_1"))

    assert (said.state, said.refunded, said.failure) == (state, refunded, failure)


async def test_an_intent_whose_name_was_lost_is_found_by_our_own(outside: Outside) -> None:
    outside.bank.says("/v1/payment_intents/search", {"object": "search_result", "data": [INTENT]})
    outside.bank.says("/v1/payment_intents/pi_1", INTENT)

    assert (await outside.provider("stripe").ask(order("stripe"))).state is Rank.PAID

    query = parse_qs(outside.bank.requests[0].query)
    assert query == {"query": [f"metadata['payment_id']:'{ORDER}'"], "limit": ["1"]}
    outside.bank.says("/v1/payment_intents/search", {"object": "search_result", "data": []})
    with pytest.raises(NotKnown):
        await outside.provider("stripe").ask(order("stripe"))


async def test_a_kept_card_is_charged_once(outside: Outside) -> None:
    outside.bank.says("/v1/payment_intents", INTENT)

    said = await outside.provider("stripe").charge(order("stripe", card="cus_1:pm_1"))

    assert outside.bank.asked == ["POST /v1/payment_intents"]
    assert outside.asked.headers["idempotency-key"] == str(ORDER)
    assert outside.asked.form == {
        "amount": "50000",
        "currency": "uah",
        "customer": "cus_1",
        "payment_method": "pm_1",
        "off_session": "true",
        "confirm": "true",
        "metadata[payment_id]": str(ORDER),
    }
    assert (said.state, said.reference) == (Rank.PAID, "pi_1")


async def test_a_card_is_declined(outside: Outside) -> None:
    outside.bank.says("/v1/payment_intents", error(402, "card_error", "card_declined"))

    said = await outside.provider("stripe").charge(order("stripe", card="cus_1:pm_1"))

    assert (said.payment_id, said.state, said.failure) == (ORDER, Rank.FAILED, "Your card was declined.")


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        (error(400, "invalid_request_error", "parameter_invalid_empty"), Refused),
        (error(401, "invalid_request_error"), Refused),
        (error(404, "invalid_request_error", "resource_missing"), NotKnown),
        (error(409, "idempotency_error"), OutcomeUnknown),
        (error(429, "rate_limit_error"), OutcomeUnknown),
        (error(500, "api_error"), OutcomeUnknown),
    ],
)
async def test_its_errors_say_whether_anything_was_done(
    outside: Outside, answer: JSONResponse, raised: type[Exception]
) -> None:
    outside.bank.otherwise = answer

    for verb in ("start", "ask", "charge"):
        with pytest.raises(raised):
            await getattr(outside.provider("stripe"), verb)(order("stripe", card="cus_1:pm_1", reference="pi_1"))
    with pytest.raises(raised):
        await outside.provider("stripe").refund(order("stripe", reference="pi_1"), 100_50, "refund-1")
    assert len(outside.bank.requests) == 4  # nothing is tried again


async def test_a_part_is_paid_back_once(outside: Outside) -> None:
    provider, it = outside.provider("stripe"), order("stripe", reference="pi_1")
    outside.bank.says("/v1/refunds", {"id": "re_1", "object": "refund", "status": "pending"})

    await provider.refund(it, 100_50, "refund-1")

    assert outside.bank.asked == ["POST /v1/refunds"]
    assert outside.asked.headers["idempotency-key"] == "refund-1"
    assert outside.asked.form == {"payment_intent": "pi_1", "amount": "10050"}
    outside.bank.says("/v1/refunds", {"id": "re_1", "object": "refund", "status": "failed"})
    with pytest.raises(Refused):
        await provider.refund(it, 100_50, "refund-1")
