"""WayForPay: HMAC-MD5 over some of the fields, in a fixed order, as they were written."""

import hmac
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import unquote_plus, urlsplit

import orjson

from shared.billing import Rank
from shared.config import Settings, split
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
    major,
    payment_id,
)
from shared.payments.providers.http import call
from shared.payments.providers.reading import as_written, same, text

PAGE, API = "https://secure.wayforpay.com", "https://api.wayforpay.com"
SIGNED = (
    *("merchantAccount", "orderReference", "amount", "currency"),
    *("authCode", "cardPan", "transactionStatus", "reasonCode"),
)
SIGNED_REFUND = ("merchantAccount", "orderReference", "transactionStatus", "reasonCode")
OK = frozenset({"1100", "4100"})
UNKNOWN_ORDER, KNOWN_ORDER = "1127", "1112"
PENDING = frozenset({"Created", "InProcessing", "WaitingAuthComplete", "Pending"})
FAILED = frozenset({"Declined", "Expired"})
GIVEN_BACK = frozenset({"Refunded", "Voided", "Refunded/Voided"})


def sign(key: str, parts: Iterable[str]) -> str:
    return hmac.new(key.encode(), ";".join(parts).encode(), "md5").hexdigest()


class WayForPay:
    code, name = "wayforpay", "WayForPay"
    keys_kept = timedelta()

    def __init__(self, account: str, keys: Sequence[str], settings: Settings):
        self.account = account
        self.keys = keys
        own = settings.voronka_wayforpay_url
        self.page, self.api = (own.rstrip("/"),) * 2 if own else (PAGE, API)
        self.domain = urlsplit(settings.voronka_public_url).hostname or ""
        self.endpoint = Endpoint(settings.voronka_public_url, self.code)

    async def verify(self, came: Call) -> bool:
        payload = _payload(came.body)
        return payload is not None and self._is_ours(payload)

    def key(self, came: Call) -> str:
        payload = self._read(came)
        parts = ("orderReference", "transactionStatus", "reasonCode", "processingDate", "refundAmount")
        return ":".join(text(payload.get(part)) for part in parts)

    def parse(self, came: Call) -> Said:
        return self._said(self._read(came))

    def answer(self, came: Call, now: int) -> Answer:
        order = text((_payload(came.body) or {}).get("orderReference"))
        signature = sign(self.keys[0], (order, "accept", str(now)))
        accept = {"orderReference": order, "status": "accept", "time": now, "signature": signature}
        return Answer(orjson.dumps(accept), "application/json")

    async def start(self, order: Order) -> Started:
        fields = {
            **self._purchase(order),
            "merchantTransactionSecureType": "AUTO",
            "productName[]": order.about,
            "productCount[]": "1",
            "productPrice[]": str(order.amount),
            "serviceUrl": self.endpoint.callback,
            "returnUrl": self.endpoint.back(order),
        }
        return Started(Checkout(f"{self.page}/pay", "POST", fields))

    async def ask(self, order: Order) -> Said:
        reference = str(order.payment_id)
        answer = await self._api(
            {
                "transactionType": "CHECK_STATUS",
                "merchantAccount": self.account,
                "orderReference": reference,
                "merchantSignature": sign(self.keys[0], (self.account, reference)),
            }
        )
        return self._answered(answer)

    async def charge(self, order: Order) -> Said:
        amount = orjson.Fragment(str(order.amount).encode())  # a number, as it is signed
        answer = await self._api(
            {
                **self._purchase(order),
                "transactionType": "CHARGE",
                "merchantAuthType": "SimpleSignature",
                "merchantTransactionType": "SALE",
                "merchantTransactionSecureType": "NON3DS",
                "amount": amount,
                "productName": [order.about],
                "productCount": [1],
                "productPrice": [amount],
                "recToken": order.card,
                "serviceUrl": self.endpoint.callback,
            }
        )
        return self._answered(answer)

    async def refund(self, order: Order, amount: int, key: str) -> None:  # noqa: ARG002  # it knows no such keys
        part = str(Money(amount, order.amount.currency))
        reference = str(order.payment_id)
        signed = (self.account, reference, part, order.amount.currency)
        answer = await self._api(
            {
                "transactionType": "REFUND",
                "merchantAccount": self.account,
                "orderReference": reference,
                "amount": orjson.Fragment(part.encode()),
                "currency": order.amount.currency,
                "comment": order.about,
                "merchantSignature": sign(self.keys[0], signed),
            }
        )
        if not self._is_ours(answer, SIGNED_REFUND):
            raise OutcomeUnknown("The answer to a refund is not signed by WayForPay.")
        if text(answer.get("transactionStatus")) not in GIVEN_BACK | {"RefundInProcessing"}:
            raise Refused(f"WayForPay did not refund: {text(answer.get('reason'))}")

    def _purchase(self, order: Order) -> dict[str, Any]:
        made_at, amount = str(int(order.created_at.timestamp())), str(order.amount)
        reference, currency = str(order.payment_id), order.amount.currency
        whole = (self.account, self.domain, reference, made_at, amount, currency, order.about, "1", amount)
        return {
            "merchantAccount": self.account,
            "merchantDomainName": self.domain,
            "apiVersion": "1",
            "orderReference": reference,
            "orderDate": made_at,
            "amount": amount,
            "currency": currency,
            "merchantSignature": sign(self.keys[0], whole),
        }

    async def _api(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return await call("POST", f"{self.api}/api", json={"apiVersion": 1, **asked})

    def _answered(self, answer: Mapping[str, Any]) -> Said:
        if text(answer.get("reasonCode")) == UNKNOWN_ORDER:
            raise NotKnown
        if not self._is_ours(answer):
            raise OutcomeUnknown("The answer is not signed by WayForPay.")
        if text(answer.get("reasonCode")) == KNOWN_ORDER:
            raise OutcomeUnknown("WayForPay has been asked for it before.")
        return self._said(answer)

    def _is_ours(self, payload: Mapping[str, Any], fields: Sequence[str] = SIGNED) -> bool:
        parts = [text(payload.get(field)) for field in fields]
        given = payload.get("merchantSignature")
        return payload.get("merchantAccount") == self.account and any(
            same(given, sign(key, parts)) for key in self.keys
        )

    def _read(self, came: Call) -> dict[str, Any]:
        payload = _payload(came.body)
        if payload is None:
            raise Unreadable("The body is no JSON object, in neither of its forms.")
        return payload

    def _said(self, payload: Mapping[str, Any]) -> Said:
        amount = major(payload.get("amount"), payload.get("currency"))
        state, refunded = _state(payload, amount)
        token = payload.get("recToken")
        return Said(
            payment_id(payload.get("orderReference")),
            state,
            amount,
            refunded,
            card=Card(token, text(payload.get("cardPan")) or self.name) if isinstance(token, str) and token else None,
            failure=text(payload.get("reason") or payload.get("transactionStatus"))[:LONGEST_FAILURE]
            if state is Rank.FAILED
            else None,
        )


def _state(payload: Mapping[str, Any], amount: Money) -> tuple[Rank, int]:
    status = text(payload.get("transactionStatus"))
    if status == "Approved":  # only with one of two codes: others came with orders that nobody paid
        return (Rank.PAID if text(payload.get("reasonCode")) in OK else Rank.PENDING), 0
    if status == "RefundInProcessing":
        return Rank.PAID, 0
    if status in GIVEN_BACK:
        told = payload.get("refundAmount")
        refunded = amount.minor if told in (None, "") else major(told, amount.currency).minor
        return given_back(Rank.PAID, amount.minor, refunded), refunded
    if status in FAILED:
        return Rank.FAILED, 0
    if status in PENDING:
        return Rank.PENDING, 0
    raise Unreadable(f"WayForPay has no status {status[:50]!r} that we know.")


def _payload(body: bytes) -> dict[str, Any] | None:
    """JSON; or JSON as the only key of a form."""
    payload = as_written(body)
    if payload is None:
        payload = as_written(unquote_plus(body.decode(errors="replace")).removesuffix("="))
    return payload if isinstance(payload, dict) else None


def configured(settings: Settings) -> WayForPay | None:
    account, keys = settings.voronka_wayforpay_account, split(settings.voronka_wayforpay_key)
    return WayForPay(account, keys, settings) if account and keys else None
