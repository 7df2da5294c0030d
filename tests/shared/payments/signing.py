"""Calls as each provider makes them, signed with keys that only tests know."""

import hashlib
import hmac
import time
from base64 import b64decode, b64encode
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qs, quote, urlencode
from uuid import UUID

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.config import Settings
from shared.money import text_of
from shared.payments import Call
from shared.payments.providers import liqpay, sandbox, wayforpay

FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}
LIQPAY_KEY, WAYFORPAY_KEY, STRIPE_SECRET = "liqpay-private", "flk3409refn54t54t*FNJRET", "whsec_test_secret"
MERCHANT, PUBLIC_KEY = "test_merch_n1", "i00000000"
MONO = ec.generate_private_key(ec.SECP256R1())


@cache  # it takes longer to make than most of what is done with it
def settings(**changes: str) -> Settings:
    given: dict[str, Any] = {
        "database_url": "unused",
        "redis_url": "unused",
        "voronka_env": "test",
        "voronka_liqpay_public_key": PUBLIC_KEY,
        "voronka_liqpay_private_key": LIQPAY_KEY,
        "voronka_wayforpay_account": MERCHANT,
        "voronka_wayforpay_key": WAYFORPAY_KEY,
        "voronka_monobank_token": "mono-token",
        "voronka_stripe_secret_key": "sk_test_1",
        "voronka_stripe_webhook_secret": STRIPE_SECRET,
    }
    return Settings(**(given | changes))


def production() -> Settings:
    return settings(
        voronka_env="production",
        voronka_jwt_secret="x" * 40,
        voronka_secret_key="y" * 40,
        voronka_public_url="https://voronka.example",
    )


def liqpay_call(payment_id: UUID, status: str = "success", amount: int = 500_00, **more: Any) -> Call:
    payload = {
        "action": "pay",
        "payment_id": payment_id.int % 10**12,
        "status": status,
        "version": 3,
        "public_key": PUBLIC_KEY,
        "order_id": str(payment_id),
        "amount": orjson.Fragment(text_of(amount, "UAH").encode()),
        "currency": "UAH",
        "end_date": 1424955445000,
    } | more
    return liqpay_raw(b64encode(orjson.dumps(payload)).decode())


def liqpay_raw(data: str, key: str = LIQPAY_KEY, algorithm: liqpay.Hash = "sha1") -> Call:
    return Call(FORM, urlencode({"data": data, "signature": liqpay.sign(key, data, algorithm)}).encode())


def wayforpay_call(
    payment_id: UUID, status: str = "Approved", amount: int = 500_00, *, as_form: bool = False, **more: Any
) -> Call:
    written = text_of(amount, more.get("currency", "UAH"))
    code = {"Approved": 1100, "Declined": 1101}.get(status, 1100)
    payload = {
        "merchantAccount": MERCHANT,
        "orderReference": str(payment_id),
        "amount": orjson.Fragment(written.encode()),
        "currency": "UAH",
        "authCode": "541963",
        "cardPan": "41****8217",
        "transactionStatus": status,
        "reasonCode": code,
        "processingDate": 1415379900,
    } | more
    signed = [written if name == "amount" else str(payload[name]) for name in wayforpay.SIGNED]
    body = orjson.dumps({**payload, "merchantSignature": wayforpay.sign(WAYFORPAY_KEY, signed)})
    return Call(FORM, f"{quote(body.decode())}=".encode()) if as_form else Call(JSON, body)


def monobank_call(payment_id: UUID, status: str = "success", amount: int = 500_00, **more: Any) -> Call:
    payload = {
        "invoiceId": f"p2_{payment_id.hex}",
        "status": status,
        "amount": amount,
        "ccy": 980,
        "finalAmount": amount,
        "modifiedDate": "2019-08-24T14:15:22Z",
        "reference": payment_id.hex,
    } | more
    return monobank_raw(orjson.dumps(payload, option=orjson.OPT_INDENT_2))


def monobank_raw(body: bytes) -> Call:
    signature = b64encode(MONO.sign(body, ec.ECDSA(hashes.SHA256()))).decode()
    return Call({**JSON, "x-sign": signature}, body)


def monobank_key() -> str:
    """As the bank tells it."""
    return b64encode(MONO.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)).decode()


def stripe_call(
    payment_id: UUID,
    status: str = "succeeded",
    amount: int = 500_00,
    *,
    at: int | None = None,
    kind: str | None = None,
    **more: Any,
) -> Call:
    intent = {
        "id": f"pi_{payment_id.hex}",
        "object": "payment_intent",
        "status": status,
        "amount": amount,
        "amount_received": amount if status == "succeeded" else 0,
        "currency": "uah",
        "metadata": {"payment_id": str(payment_id)},
    } | more
    return stripe_event(kind or f"payment_intent.{status}", intent, at)


def stripe_event(kind: str, thing: Mapping[str, Any], at: int | None = None) -> Call:
    return stripe_raw(orjson.dumps({"id": "evt_1", "object": "event", "type": kind, "data": {"object": thing}}), at)


def stripe_raw(body: bytes, at: int | None = None, secret: str = STRIPE_SECRET) -> Call:
    seconds = int(time.time()) if at is None else at
    signature = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return Call({**JSON, "stripe-signature": f"t={seconds},v1={signature}"}, body)


def sandbox_call(
    payment_id: UUID, state: str = "PAID", amount: int = 500_00, refunded: int = 0, currency: str = "UAH"
) -> Call:
    order = {
        "order": str(payment_id),
        "amount": amount,
        "currency": currency,
        "state": state,
        "refunded": refunded,
    }
    return sandbox_raw(orjson.dumps(order))


def sandbox_raw(body: bytes) -> Call:
    return Call({**JSON, sandbox.SIGNATURE: sandbox.sign(sandbox.key_of(settings()), body)}, body)


def liqpay_data(body: bytes) -> dict[str, Any]:
    """What a form of ours asks LiqPay for."""
    data: dict[str, Any] = orjson.loads(b64decode(parse_qs(body.decode())["data"][0]))
    return data
