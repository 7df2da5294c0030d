"""monobank acquiring: ECDSA over the raw body, by a key that the bank tells and may change."""

import asyncio
import time
from base64 import b64decode
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from shared.billing import Rank
from shared.config import Settings
from shared.errors import Unavailable
from shared.money import Money
from shared.payments.model import (
    LONGEST_FAILURE,
    Answer,
    Call,
    Card,
    Checkout,
    Endpoint,
    NotKnown,
    Order,
    OutcomeUnknown,
    Refused,
    Said,
    Started,
    Unreadable,
    given_back,
    payment_id,
    whole,
)
from shared.payments.providers.http import call
from shared.payments.providers.reading import as_written, text

REFETCH = 60.0  # seconds: a forged call cannot make us ask the bank again and again
CURRENCIES: Mapping[str, str] = {"980": "UAH", "840": "USD", "978": "EUR"}
NUMBERS: Mapping[str, int] = {code: int(number) for number, code in CURRENCIES.items()}
PENDING = frozenset({"created", "processing", "hold"})


class Monobank:
    code, name = "monobank", "plata by mono"
    keys_kept = timedelta()

    def __init__(self, token: str, settings: Settings):
        self.url = f"{settings.voronka_monobank_url.rstrip('/')}/api/merchant"
        self.headers = {"X-Token": token}
        self.endpoint = Endpoint(settings.voronka_public_url, self.code)
        self._key: ec.EllipticCurvePublicKey | None = None
        self._fetched_at = -REFETCH
        self._fetching = asyncio.Lock()

    async def verify(self, came: Call) -> bool:
        """Raises Unavailable while the bank has not told its key."""
        signature = came.headers.get("x-sign", "")
        if self._key is not None and is_signed(self._key, signature, came.body):
            return True
        async with self._fetching:
            if time.monotonic() - self._fetched_at >= REFETCH:
                self._fetched_at = time.monotonic()
                self._key = await self._fetch_key() or self._key
        if self._key is None:
            raise Unavailable(int(REFETCH))
        return is_signed(self._key, signature, came.body)

    def key(self, came: Call) -> str:
        payload = _read(came)
        parts = ("reference", "invoiceId", "status", "modifiedDate", "finalAmount")
        return ":".join(text(payload.get(part)) for part in parts)

    def parse(self, came: Call) -> Said:
        return _said(_read(came))

    def answer(self, came: Call, now: int) -> Answer:  # noqa: ARG002  # the same to every call
        return Answer()

    async def start(self, order: Order) -> Started:
        save = {"saveCardData": {"saveCard": True, "walletId": str(order.account_id)}} if order.save_method else {}
        answer = await self._post("invoice/create", {**self._asked(order), **save})
        page, reference = text(answer.get("pageUrl")), text(answer.get("invoiceId"))
        if not page or not reference:
            raise OutcomeUnknown("monobank names no page to pay on.")
        return Started(Checkout(page), reference)

    async def ask(self, order: Order) -> Said:
        reference = order.reference or await self._find(order)
        answer = await call("GET", f"{self.url}/invoice/status", headers=self.headers, params={"invoiceId": reference})
        if answer["_status"] == 404:
            raise NotKnown
        return _said({"reference": str(order.payment_id), **answer})

    async def charge(self, order: Order) -> Said:
        asked = {**self._asked(order), "cardToken": order.card, "initiationKind": "merchant"}
        answer = await self._post("wallet/payment", asked)
        return _said({"reference": str(order.payment_id), **answer})

    async def refund(self, order: Order, amount: int, key: str) -> None:
        reference = order.reference or await self._find(order)
        answer = await self._post("invoice/cancel", {"invoiceId": reference, "extRef": key, "amount": amount})
        status = text(answer.get("status"))
        if status == "failure":
            raise Refused("monobank did not refund.")
        if status not in ("processing", "success"):
            raise OutcomeUnknown(f"monobank's refund is {status[:50]!r}.")

    def _asked(self, order: Order) -> dict[str, Any]:
        number = NUMBERS.get(order.amount.currency)
        if number is None:
            raise Refused(f"monobank takes no {order.amount.currency}.")
        return {
            "amount": order.amount.minor,
            "ccy": number,
            "merchantPaymInfo": {"reference": str(order.payment_id), "destination": order.about},
            "redirectUrl": self.endpoint.back(order),
            "webHookUrl": self.endpoint.callback,
        }

    async def _post(self, path: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        answer = await call("POST", f"{self.url}/{path}", headers=self.headers, json=asked)
        if answer["_status"] >= 400:
            raise Refused(f"monobank refuses: {text(answer.get('errText'))[:LONGEST_FAILURE]}")
        return answer

    async def _find(self, order: Order) -> str:
        """The bank's id of a payment whose answer we never got: its list holds our own ids."""
        since = str(int((order.started_at or order.created_at).timestamp()) - 60)
        answer = await call("GET", f"{self.url}/statement", headers=self.headers, params={"from": since})
        for item in answer.get("list") or ():
            if isinstance(item, dict) and item.get("reference") == str(order.payment_id):
                return text(item.get("invoiceId"))
        raise NotKnown

    async def _fetch_key(self) -> ec.EllipticCurvePublicKey | None:
        try:
            answer = await call("GET", f"{self.url}/pubkey", headers=self.headers)
        except OutcomeUnknown:
            return None
        return read_key(text(answer.get("key")))


def read_key(encoded: str) -> ec.EllipticCurvePublicKey | None:
    """Base64 of PEM."""
    try:
        key = load_pem_public_key(b64decode(encoded, validate=True))
    except ValueError:
        return None
    return key if isinstance(key, ec.EllipticCurvePublicKey) else None


def is_signed(key: ec.EllipticCurvePublicKey, signature: str, body: bytes) -> bool:
    try:
        key.verify(b64decode(signature, validate=True), body, ec.ECDSA(hashes.SHA256()))
    except (ValueError, InvalidSignature):
        return False
    return True


def _read(came: Call) -> dict[str, Any]:
    payload = as_written(came.body)
    if not isinstance(payload, dict):
        raise Unreadable("The body is no JSON object.")
    return payload


def _said(payload: Mapping[str, Any]) -> Said:
    currency = CURRENCIES.get(text(payload.get("ccy")))
    if currency is None:
        raise Unreadable(f"monobank's currency {text(payload.get('ccy'))[:10]!r} is none that we know.")
    amount = whole(payload.get("amount"))
    state, refunded = _state(payload, amount)
    wallet = payload.get("walletData")
    token = wallet.get("cardToken") if isinstance(wallet, dict) else None
    info = payload.get("paymentInfo")
    label = text(info.get("maskedPan")) if isinstance(info, dict) else ""
    failure = text(payload.get("failureReason") or payload.get("status"))[:LONGEST_FAILURE]
    return Said(
        payment_id(payload.get("reference")),
        state,
        Money(amount, currency),
        refunded,
        reference=text(payload.get("invoiceId")) or None,
        card=Card(token, label or Monobank.name) if isinstance(token, str) and token else None,
        failure=failure if state is Rank.FAILED else None,
    )


def _state(payload: Mapping[str, Any], amount: int) -> tuple[Rank, int]:
    status = text(payload.get("status"))
    if status == "success":
        final = payload.get("finalAmount")
        refunded = 0 if final is None else max(0, amount - whole(final))
        return given_back(Rank.PAID, amount, refunded), refunded
    if status == "reversed":
        return Rank.REFUNDED, amount
    if status in ("failure", "expired"):
        return Rank.FAILED, 0
    if status in PENDING:
        return Rank.PENDING, 0
    raise Unreadable(f"monobank has no status {status[:50]!r} that we know.")


def configured(settings: Settings) -> Monobank | None:
    return Monobank(settings.voronka_monobank_token, settings) if settings.voronka_monobank_token else None
