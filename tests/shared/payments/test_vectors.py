"""Signatures that providers document, or that were computed by others: ours are the same."""

import hashlib
from base64 import b64decode
from typing import Any

import orjson
import pytest
import stripe

from shared import ids
from shared.payments import Call, configured
from shared.payments.providers import liqpay, wayforpay
from shared.payments.providers.monobank import is_signed, read_key
from tests.shared.payments import signing
from tests.shared.payments.vectors import DOCS_DATA, DOCS_KEY, DOCS_SHA3, PAID_DATA, PAID_SHA1, VECTORS


def of(provider: str) -> list[Any]:
    return [pytest.param(one, id=one["name"]) for one in VECTORS if one["provider"] == provider]


@pytest.mark.parametrize("vector", of("liqpay"))
def test_liqpay_signs_as_documented(vector: dict[str, Any]) -> None:
    algorithm: liqpay.Hash = "sha1" if "sha1" in vector["algorithm"] else "sha3-256"
    given = vector["input"]

    assert liqpay.sign(given["private_key"], given["data"], algorithm) == vector["expected"]


@pytest.mark.parametrize(
    ("key", "data", "algorithm", "signature"),
    [
        (DOCS_KEY, DOCS_DATA, "sha3-256", DOCS_SHA3),
        ("your_private_key", PAID_DATA, "sha1", PAID_SHA1),
    ],
)
def test_liqpay_signs_as_others_found(key: str, data: str, algorithm: liqpay.Hash, signature: str) -> None:
    assert liqpay.sign(key, data, algorithm) == signature


@pytest.mark.parametrize("vector", of("wayforpay"))
def test_wayforpay_signs_as_documented(vector: dict[str, Any]) -> None:
    assert wayforpay.sign(vector["input"]["key"], vector["input"]["parts"]) == vector["expected"]


@pytest.mark.parametrize("vector", of("monobank"))
def test_monobank_s_own_example_is_signed_over_its_very_bytes(vector: dict[str, Any]) -> None:
    given = vector["input"]
    body = given["body_utf8"].encode()
    key = read_key(given["pubkey_b64"])
    assert key is not None
    assert hashlib.sha256(body).hexdigest() == given["body_sha256"]

    assert is_signed(key, given["x_sign_b64"], body)
    assert not is_signed(key, given["x_sign_b64"], orjson.dumps(orjson.loads(body)))
    assert not is_signed(key, given["x_sign_b64"], body.replace(b"4200", b"4201", 1))
    assert not is_signed(key, given["x_sign_b64"][:-4], body)
    assert not is_signed(key, "no base64 at all", body)
    assert b64decode(given["x_sign_b64"])[0] == 0x30  # DER


@pytest.mark.parametrize("vector", of("stripe"))
def test_stripe_s_own_example_is_signed_and_too_old(vector: dict[str, Any]) -> None:
    given = vector["input"]

    assert stripe.WebhookSignature.verify_header(given["body"], given["header"], given["secret"])
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header(given["body"], given["header"], given["secret"], 300)


async def test_the_first_of_two_liqpay_keys_signs_and_both_are_believed() -> None:
    given = signing.settings(voronka_liqpay_private_key="new, old", voronka_liqpay_hash="sha3-256, sha1")
    provider = configured(given)["liqpay"]
    data = "eyJzdGF0dXMiOiAic3VjY2VzcyJ9"

    assert await provider.verify(signing.liqpay_raw(data, "new", "sha3-256"))
    assert await provider.verify(signing.liqpay_raw(data, "old", "sha1"))
    assert not await provider.verify(signing.liqpay_raw(data, "older", "sha1"))


async def test_liqpay_is_not_talked_down_to_a_weaker_hash() -> None:
    provider = configured(signing.settings(voronka_liqpay_hash="sha3-256"))["liqpay"]
    data = "eyJzdGF0dXMiOiAic3VjY2VzcyJ9"

    assert await provider.verify(signing.liqpay_raw(data, algorithm="sha3-256"))
    assert not await provider.verify(signing.liqpay_raw(data, algorithm="sha1"))


@pytest.mark.parametrize("body", [b"", b"data=a", b"data=a&data=b&signature=c", b"\xff", b'{"data": "a"}', b"=&=&="])
async def test_a_form_that_is_none_is_signed_by_nobody(body: bytes) -> None:
    assert not await configured(signing.settings())["liqpay"].verify(Call({}, body))


@pytest.mark.parametrize("written", ["1547.36", "100", "100.00", "1547.3"])
async def test_wayforpay_s_amounts_are_signed_as_they_were_written(written: str) -> None:
    provider = configured(signing.settings())["wayforpay"]
    order = str(ids.new())
    parts = (signing.MERCHANT, order, written, "UAH", "", "", "Declined", "1101")
    body = (
        f'{{"merchantAccount": "{signing.MERCHANT}", "orderReference": "{order}", "amount": {written},'
        f' "currency": "UAH", "transactionStatus": "Declined", "reasonCode": 1101,'
        f' "merchantSignature": "{wayforpay.sign(signing.WAYFORPAY_KEY, parts)}"}}'
    ).encode()

    assert await provider.verify(Call({}, body))
    assert not await provider.verify(Call({}, body.replace(b"UAH", b"USD")))


def test_wayforpay_hears_a_signed_accept() -> None:
    provider = configured(signing.settings())["wayforpay"]
    answer = provider.answer(Call({}, b'{"orderReference": "DH783023"}'), 1415379863)

    assert answer.media_type == "application/json"
    assert orjson.loads(answer.body) == {
        "orderReference": "DH783023",
        "status": "accept",
        "time": 1415379863,
        "signature": "bd8d3443f99fb2c7a8b610ac600c80b0",
    }


def test_production_knows_no_sandbox() -> None:
    assert list(configured(signing.production())) == ["liqpay", "wayforpay", "monobank", "stripe"]


def test_only_who_has_keys_can_be_paid_with() -> None:
    given = signing.settings(voronka_liqpay_private_key="", voronka_stripe_webhook_secret="")

    assert list(configured(given)) == ["wayforpay", "monobank", "sandbox"]
