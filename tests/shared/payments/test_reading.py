"""Whatever a provider has signed is read, or refused as unreadable; what is read fits into the database."""

from base64 import b64encode
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.money import Money
from shared.payments import Call, Unreadable, configured
from shared.payments.model import Disputed, Said, major
from tests.shared.payments import signing

LARGEST = 2**63 - 1
PROVIDERS = configured(signing.settings())
ID = str(UUID(int=1))
MONEY = {"amount": 500_00, "currency": "UAH"}
CHARGE = {"id": "ch_1", "amount_refunded": 1_00, **MONEY}
OURS = {"metadata": {"payment_id": ID}, **MONEY}
ERROR = {"message": "no"}
# What each says when all is well, by the kind of a Stripe event where there is one.
WELL: list[tuple[str, str, dict[str, Any]]] = [
    ("liqpay", "", {"order_id": ID, "status": "success", "refund_amount": "1.00", "card_token": "t", **MONEY}),
    ("liqpay", "", {"order_id": ID, "status": "failure", "err_description": "no", "payment_id": 1, **MONEY}),
    ("wayforpay", "", {"orderReference": ID, "transactionStatus": "Approved", "reasonCode": 1100, **MONEY}),
    ("wayforpay", "", {"orderReference": ID, "transactionStatus": "Refunded", "refundAmount": "1.00", **MONEY}),
    ("wayforpay", "", {"orderReference": ID, "transactionStatus": "Declined", "reason": "no", **MONEY}),
    ("monobank", "", {"reference": ID, "status": "success", "ccy": 980, "finalAmount": 1, "paymentInfo": {}, **MONEY}),
    ("monobank", "", {"reference": ID, "status": "failure", "ccy": 980, "failureReason": "no", **MONEY}),
    ("sandbox", "", {"order": ID, "state": "PAID", "refunded": 1_00, **MONEY}),
    ("stripe", "payment_intent.succeeded", {"id": "pi_1", "status": "succeeded", "amount_received": 500_00, **OURS}),
    ("stripe", "payment_intent.canceled", {"id": "pi_1", "status": "canceled", "last_payment_error": ERROR, **OURS}),
    ("stripe", "payment_intent.processing", {"id": "pi_1", "status": "processing", "latest_charge": CHARGE, **OURS}),
    ("stripe", "charge.refunded", {"payment_intent": "pi_1", **CHARGE, **OURS}),
    ("stripe", "charge.dispute.closed", {"id": "du_1", "status": "lost", "charge": "ch_1", **MONEY}),
]
SIMPLE = (
    st.none()
    | st.booleans()
    | st.sampled_from(
        [0, -1, LARGEST, 1e300, "500.00", "1E+999999999", "NaN", "sNaN", "-0", "٣", "980", ID, "\0", "", "x" * 600]
    )
    | st.text("аx \0", max_size=3)
)
VALUES = SIMPLE | st.lists(SIMPLE, max_size=2) | st.dictionaries(st.sampled_from(["id", "payment_id"]), SIMPLE)


def read(provider: str, thing: object) -> Said | Disputed | None:
    """None also where it cannot be read."""
    body = orjson.dumps(thing)
    if provider == "liqpay":
        body = urlencode({"data": b64encode(body).decode(), "signature": "x"}).encode()
    one, came = PROVIDERS[provider], Call({}, body)
    try:
        one.key(came).encode()
        return one.parse(came)
    except Unreadable:
        return None


@settings(max_examples=40, deadline=None)
@given(changes=st.dictionaries(st.integers(0, 9), VALUES, min_size=1, max_size=2))
def test_whatever_is_signed_is_read_or_refused(changes: dict[int, Any]) -> None:
    for provider, kind, well in WELL:
        names = list(well)
        thing = well | {names[place % len(names)]: value for place, value in changes.items()}
        said = read(provider, {"type": kind, "data": {"object": thing}} if kind else thing)
        if said is not None:
            assert 0 <= said.amount.minor <= LARGEST
            assert "\0" not in repr(said)
            repr(said).encode()
        if isinstance(said, Said):
            assert 0 <= said.refunded <= LARGEST
            assert (said.state == "FAILED") == bool(said.failure)


def test_what_is_well_is_read() -> None:
    for provider, kind, well in WELL:
        assert read(provider, {"type": kind, "data": {"object": well}} if kind else well) is not None


@pytest.mark.parametrize("written", ["500", "500.00", "5e2", "500.0e0", "0.5E+3"])
def test_an_amount_is_read_however_json_writes_it(written: str) -> None:
    assert major(written, "UAH") == Money(500_00, "UAH")


@pytest.mark.parametrize(
    "written", ["-500", "+500", "5_00", " 500", "٥٠٠", "500.001", ".5", "5.", "1e99", "1e9999", "NaN", ""]
)
def test_what_json_would_not_write_so_is_no_amount(written: str) -> None:
    with pytest.raises(Unreadable):
        major(written, "UAH")
