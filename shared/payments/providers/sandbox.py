"""The sandbox: a provider of our own that only pretends, and is spoken to and calls back as a real one is."""

import hashlib
import hmac
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson

from shared.billing import Rank
from shared.config import Settings
from shared.money import Money
from shared.payments.model import (
    Answer,
    Call,
    Card,
    Checkout,
    Endpoint,
    NotKnown,
    Order,
    OutcomeUnknown,
    Said,
    Started,
    Unreadable,
    given_back,
    minor,
    payment_id,
    whole,
)
from shared.payments.providers.http import call
from shared.payments.providers.reading import as_written, same

CARD, EMPTY_CARD = "sandbox-card", "sandbox-card-without-money"
SIGNATURE = "x-sandbox-signature"


def sign(key: bytes, body: bytes) -> str:
    return hmac.new(key, body, hashlib.sha256).hexdigest()


def key_of(settings: Settings) -> bytes:
    """The sandbox has a secret of its own, which nobody has to set."""
    return hmac.new(settings.voronka_jwt_secret.encode(), b"payments.sandbox", hashlib.sha256).digest()


class Sandbox:
    code, name = "sandbox", "Sandbox"
    keys_kept = timedelta()

    def __init__(self, settings: Settings):
        self._key = key_of(settings)
        self.url = (settings.voronka_sandbox_url or settings.voronka_public_url).rstrip("/")
        self.endpoint = Endpoint(settings.voronka_public_url, self.code)

    async def verify(self, came: Call) -> bool:
        return same(came.headers.get(SIGNATURE), sign(self._key, came.body))

    def key(self, came: Call) -> str:
        payload = _read(came)
        return f"{payload.get('order')}:{payload.get('state')}:{payload.get('refunded')}"

    def parse(self, came: Call) -> Said:
        return _said(_read(came))

    def answer(self, came: Call, now: int) -> Answer:  # noqa: ARG002  # the same to every call
        return Answer()

    async def start(self, order: Order) -> Started:
        back = self.endpoint.back(order)
        asked = {
            "amount": str(order.amount.minor),
            "currency": order.amount.currency,
            "back": back,
            "signature": page_signature(self._key, order.payment_id, order.amount, back),
        }
        return Started(Checkout(f"{self.url}/sandbox/{order.payment_id}?{urlencode(asked)}"))

    async def ask(self, order: Order) -> Said:
        return await self._speak(order, "ask")

    async def charge(self, order: Order) -> Said:
        return await self._speak(order, "decline" if order.card == EMPTY_CARD else "pay")

    async def refund(self, order: Order, amount: int, key: str) -> None:  # noqa: ARG002  # it knows no such keys
        await self._speak(order, "refund", amount)

    async def _speak(self, order: Order, verb: str, amount: int | None = None) -> Said:
        asked = {
            "verb": verb,
            "order": str(order.payment_id),
            "amount": order.amount.minor if amount is None else amount,
            "currency": order.amount.currency,
        }
        answer = await call(
            "POST",
            f"{self.url}/sandbox",
            json=asked,
            headers={SIGNATURE: sign(self._key, orjson.dumps(asked))},
        )
        if answer["_status"] == 404:
            raise NotKnown
        if answer["_status"] != 200:
            raise OutcomeUnknown(f"The sandbox says {answer['_status']}.")
        return _said(answer)


def page_signature(key: bytes, payment_id: UUID, amount: Money, back: str) -> str:
    """Proves that it was us who sent the payer to the page, to pay just that."""
    return sign(key, orjson.dumps(["page", str(payment_id), amount.minor, amount.currency, back]))


def _read(came: Call) -> dict[str, Any]:
    payload = as_written(came.body)
    if not isinstance(payload, dict):
        raise Unreadable("The body is no JSON object.")
    return payload


def _said(payload: dict[str, Any]) -> Said:
    amount, refunded = minor(payload.get("amount"), payload.get("currency")), whole(payload.get("refunded") or 0)
    state = str(payload.get("state"))
    if state not in ("PAID", "DECLINED"):
        raise Unreadable(f"The sandbox has no state {state[:50]!r}.")
    order = payment_id(payload.get("order"))
    if state == "DECLINED":
        return Said(order, Rank.FAILED, amount, failure="Insufficient funds")
    card = Card(CARD, "4242 42** **** 4242")
    return Said(order, given_back(Rank.PAID, amount.minor, refunded), amount, refunded, card=card)


def configured(settings: Settings) -> Sandbox | None:
    return None if settings.voronka_env == "production" else Sandbox(settings)
