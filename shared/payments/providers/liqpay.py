"""LiqPay (PrivatBank): `data` is base64 of JSON, signed with the private key on both sides of it."""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import parse_qs

import orjson

from shared.billing import Rank
from shared.config import Settings, split
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
    major,
    payment_id,
)
from shared.payments.providers.http import call
from shared.payments.providers.reading import as_written, same, text

Hash = Literal["sha1", "sha3-256"]
VERSIONS: Mapping[Hash, int] = {"sha1": 3, "sha3-256": 7}
UNKNOWN_ORDER, KNOWN_ORDER = frozenset({"payment_not_found", "order_not_found"}), "order_id_duplicate"
NO_PAYER = "127.0.0.1"  # nobody sits before a screen when a saved card is charged

FAILED = frozenset({"failure", "error", "unsubscribed"})
PENDING = frozenset(
    {
        *("3ds_verify", "otp_verify", "cvv_verify", "sender_verify", "receiver_verify", "phone_verify", "ivr_verify"),
        *("pin_verify", "captcha_verify", "password_verify", "senderapp_verify", "p24_verify", "mp_verify", "wait_qr"),
        *("wait_sender", "prepared", "processing", "wait_accept", "wait_card", "wait_compensation", "wait_lc"),
        *("wait_reserve", "wait_secure", "hold_wait", "cash_wait", "invoice_wait", "try_again", "subscribed"),
    }
)


def sign(private_key: str, data: str, algorithm: Hash) -> str:
    digest = hashlib.new("sha1" if algorithm == "sha1" else "sha3_256", f"{private_key}{data}{private_key}".encode())
    return b64encode(digest.digest()).decode()


class LiqPay:
    code, name = "liqpay", "LiqPay"
    keys_kept = timedelta()

    def __init__(self, public_key: str, private_keys: Sequence[str], hashes: Sequence[Hash], settings: Settings):
        self.public_key = public_key
        self.private_keys = private_keys
        self.hashes = hashes
        self.url = settings.voronka_liqpay_url.rstrip("/")
        self.real = settings.voronka_env == "production"
        self.endpoint = Endpoint(settings.voronka_public_url, self.code)

    async def verify(self, came: Call) -> bool:
        fields = _fields(came)
        signed = any(
            same(fields["signature"], sign(key, fields["data"], algorithm))
            for key in self.private_keys
            for algorithm in self.hashes
        )
        payload = _payload(fields["data"])
        return signed and (payload is None or payload.get("public_key") in (None, self.public_key))

    def key(self, came: Call) -> str:
        payload = self._read(came)
        refunded = payload.get("refund_amount", "0")
        parts = ("order_id", "payment_id", "status", "end_date")
        return ":".join([*(text(payload.get(part)) for part in parts), text(refunded)])

    def parse(self, came: Call) -> Said:
        return self._said(self._read(came))

    def answer(self, came: Call, now: int) -> Answer:  # noqa: ARG002  # the same to every call
        return Answer()

    async def start(self, order: Order) -> Started:
        fields = self._signed(
            {
                "action": "pay",
                "amount": str(order.amount),
                "currency": order.amount.currency,
                "description": order.about,
                "order_id": str(order.payment_id),
                "server_url": self.endpoint.callback,
                "result_url": self.endpoint.back(order),
            }
            | ({"recurringbytoken": "1"} if order.save_method else {})
        )
        return Started(Checkout(f"{self.url}/api/3/checkout", "POST", fields))

    async def ask(self, order: Order) -> Said:
        order_id = str(order.payment_id)
        answer = await self._api({"action": "status", "order_id": order_id})
        if text(answer.get("err_code")) in UNKNOWN_ORDER:
            raise NotKnown
        if answer.get("result") == "error" and not answer.get("payment_id") and answer.get("order_id") != order_id:
            raise OutcomeUnknown(f"LiqPay refuses to tell: {_reason(answer)}")  # of us, not of the payment
        return self._said({"order_id": order_id, **answer}, order)

    async def charge(self, order: Order) -> Said:
        answer = await self._api(
            {
                "action": "paytoken",
                "amount": str(order.amount),
                "currency": order.amount.currency,
                "description": order.about,
                "order_id": str(order.payment_id),
                "card_token": order.card,
                "is_recurring": "1",
                "ip": NO_PAYER,
                "server_url": self.endpoint.callback,
            }
        )
        if answer.get("err_code") == KNOWN_ORDER:
            raise OutcomeUnknown("LiqPay has been asked for it before.")
        return self._said({"order_id": str(order.payment_id), **answer}, order)

    async def refund(self, order: Order, amount: int, key: str) -> None:  # noqa: ARG002  # it knows no such keys
        part = type(order.amount)(amount, order.amount.currency)
        answer = await self._api({"action": "refund", "order_id": str(order.payment_id), "amount": str(part)})
        status = text(answer.get("status"))
        if status in FAILED or answer.get("result") == "error":
            raise Refused(f"LiqPay did not refund: {_reason(answer)}")
        if status not in PENDING | {"reversed", "success", "sandbox"}:
            raise OutcomeUnknown(f"LiqPay's refund is {status[:50]!r}.")

    async def _api(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return await call("POST", f"{self.url}/api/request", form=self._signed(asked))

    def _signed(self, asked: Mapping[str, Any]) -> dict[str, str]:
        algorithm = self.hashes[0]
        whole = {"version": VERSIONS[algorithm], "public_key": self.public_key, **asked}
        data = b64encode(orjson.dumps(whole)).decode()
        return {"data": data, "signature": sign(self.private_keys[0], data, algorithm)}

    def _read(self, came: Call) -> dict[str, Any]:
        payload = _payload(_fields(came)["data"])
        if payload is None:
            raise Unreadable("`data` is not base64 of a JSON object.")
        return payload

    def _said(self, payload: Mapping[str, Any], order: Order | None = None) -> Said:
        """`order`: what an answer is about; one that refuses may name no amount."""
        if order and text(payload.get("status")) in FAILED and "amount" not in payload:
            amount = order.amount
        else:
            amount = major(payload.get("amount"), payload.get("currency"))
        state, refunded = self._state(payload, amount.minor, amount.currency)
        token = payload.get("card_token")
        return Said(
            payment_id(payload.get("order_id")),
            state,
            amount,
            refunded,
            reference=str(payload["payment_id"]) if payload.get("payment_id") else None,
            card=Card(token, str(payload.get("sender_card_mask2") or self.name)) if isinstance(token, str) else None,
            failure=_reason(payload) if state is Rank.FAILED else None,
        )

    def _state(self, payload: Mapping[str, Any], amount: int, currency: str) -> tuple[Rank, int]:
        status = text(payload.get("status"))
        refunded = major(payload.get("refund_amount") or "0", currency).minor
        if status == "success" or (status == "sandbox" and not self.real):
            return given_back(Rank.PAID, amount, refunded), refunded
        if status == "reversed":
            refunded = refunded or amount
            return given_back(Rank.PAID, amount, refunded), refunded
        if status in FAILED or status == "sandbox":
            return Rank.FAILED, 0
        if status in PENDING:
            return Rank.PENDING, 0
        raise Unreadable(f"LiqPay has no status {status[:50]!r} that we know.")


def _reason(payload: Mapping[str, Any]) -> str:
    return text(payload.get("err_description") or payload.get("err_code") or payload.get("status"))[:LONGEST_FAILURE]


def _fields(came: Call) -> dict[str, str]:
    """`data` and `signature`, each once; else empty ones, which no key has signed."""
    try:
        form = parse_qs(came.body.decode("ascii"), strict_parsing=True, max_num_fields=10)
    except ValueError:
        form = {}
    data, signature = form.get("data", []), form.get("signature", [])
    if len(data) != 1 or len(signature) != 1:
        return {"data": "", "signature": ""}
    return {"data": data[0], "signature": signature[0]}


def _payload(data: str) -> dict[str, Any] | None:
    try:
        payload = as_written(b64decode(data, validate=True))
    except ValueError:
        return None
    return payload if isinstance(payload, dict) else None


def configured(settings: Settings) -> LiqPay | None:
    public, private = settings.voronka_liqpay_public_key, split(settings.voronka_liqpay_private_key)
    return LiqPay(public, private, settings.voronka_liqpay_hash, settings) if public and private else None
