"""Stripe, by its own library. A payment is a PaymentIntent whose metadata holds our id; a page is a Checkout Session."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import httpx
import stripe

from shared import certificates
from shared.billing import Rank
from shared.config import Settings, split
from shared.payments.model import (
    LONGEST_FAILURE,
    Answer,
    Call,
    Checkout,
    Disputed,
    Endpoint,
    NotKnown,
    Order,
    OutcomeUnknown,
    Refused,
    Said,
    Started,
)
from shared.payments.providers import stripe_objects as objects
from shared.payments.providers.http import PATIENCE
from shared.payments.providers.stripe_objects import OUR_ID

SESSION = "cs_"


class Stripe:
    code, name = "stripe", "Stripe"
    keys_kept = timedelta(hours=23)  # they go after 24 hours at least

    def __init__(self, secret_key: str, webhook_secrets: Sequence[str], settings: Settings):
        self.webhook_secrets = webhook_secrets
        self.secret_key = secret_key
        self.url = settings.voronka_stripe_url.rstrip("/")
        self.endpoint = Endpoint(settings.voronka_public_url, self.code)

    async def verify(self, came: Call) -> bool:
        try:
            body = came.body.decode()
        except UnicodeDecodeError:
            return False
        return any(_is_signed(body, came.headers.get("stripe-signature", ""), key) for key in self.webhook_secrets)

    def key(self, came: Call) -> str:
        """Stripe may make two events of one change, so it is not the event's own id."""
        kind, thing = objects.read(came)
        return f"{kind}:{thing.get('id')}:{thing.get('amount_refunded', '')}:{thing.get('status', '')}"

    def parse(self, came: Call) -> Said | Disputed | None:
        kind, thing = objects.read(came)
        if kind.startswith("charge.dispute."):
            return objects.of_dispute(thing)
        if not objects.names_us(thing):
            return None
        if kind.startswith("payment_intent."):
            return objects.of_intent(thing, failed=kind == "payment_intent.payment_failed")
        return objects.of_charge(thing) if kind == "charge.refunded" else None

    def answer(self, came: Call, now: int) -> Answer:  # noqa: ARG002  # the same to every call
        return Answer()

    async def start(self, order: Order) -> Started:
        metadata = {OUR_ID: str(order.payment_id)}
        asked: Any = {
            "mode": "payment",
            "client_reference_id": str(order.payment_id),
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": order.amount.currency.lower(),
                        "unit_amount": order.amount.minor,
                        "product_data": {"name": order.about},
                    },
                }
            ],
            "success_url": self.endpoint.back(order),
            "cancel_url": self.endpoint.back(order),
            "metadata": metadata,
            "payment_intent_data": {"metadata": metadata},
        }
        if order.save_method:
            asked["customer_creation"] = "always"
            asked["payment_intent_data"]["setup_future_usage"] = "off_session"
        session = await self._call(lambda v1: v1.checkout.sessions.create_async(asked, _once(order.payment_id)))
        page, reference = session.get("url"), session.get("id")
        if not page or not reference:
            raise OutcomeUnknown("Stripe names no page to pay on.")
        return Started(Checkout(str(page)), str(reference))

    async def ask(self, order: Order) -> Said:
        reference, expand = order.reference or "", {"expand": ["latest_charge"]}
        if reference.startswith(SESSION):
            session = await self._session(reference)
            reference = str(session.get("payment_intent") or "")
            if not reference:
                state = Rank.FAILED if session.get("status") == "expired" else Rank.PENDING
                return Said(order.payment_id, state, order.amount)
        intent = reference or await self._find(order)
        return objects.of_intent(await self._call(lambda v1: v1.payment_intents.retrieve_async(intent, expand)))

    async def charge(self, order: Order) -> Said:
        customer, _, method = (order.card or "").partition(":")
        asked: Any = {
            "amount": order.amount.minor,
            "currency": order.amount.currency.lower(),
            "customer": customer,
            "payment_method": method,
            "off_session": True,
            "confirm": True,
            "metadata": {OUR_ID: str(order.payment_id)},
        }
        try:
            intent = await self._call(lambda v1: v1.payment_intents.create_async(asked, _once(order.payment_id)))
        except stripe.CardError as declined:
            said = str(declined.user_message or declined.code)[:LONGEST_FAILURE]
            return Said(order.payment_id, Rank.FAILED, order.amount, failure=said)
        return objects.of_intent(intent)

    async def refund(self, order: Order, amount: int, key: str) -> None:
        reference = order.reference or await self._find(order)
        if reference.startswith(SESSION):
            reference = str((await self._session(reference)).get("payment_intent"))
        asked: Any = {"payment_intent": reference, "amount": amount}
        status = (await self._call(lambda v1: v1.refunds.create_async(asked, _once(key)))).get("status")
        if status in ("failed", "canceled"):
            raise Refused(f"Stripe did not refund: {status}")
        if status not in ("succeeded", "pending", "requires_action"):
            raise OutcomeUnknown(f"Stripe's refund is {str(status)[:50]!r}.")

    async def _session(self, reference: str) -> dict[str, Any]:
        return await self._call(lambda v1: v1.checkout.sessions.retrieve_async(reference))

    async def _find(self, order: Order) -> str:
        """Stripe's id of a payment whose answer we never got: it may take a minute until it is found."""
        query: Any = {"query": f"metadata['{OUR_ID}']:'{order.payment_id}'", "limit": 1}
        found = (await self._call(lambda v1: v1.payment_intents.search_async(query))).get("data")
        if not isinstance(found, list):
            raise OutcomeUnknown("Stripe says nothing of what it has found.")
        if not found:
            raise NotKnown
        return str(found[0]["id"])

    async def _call(self, ask: Callable[[Any], Awaitable[Any]]) -> dict[str, Any]:
        """What Stripe answers. Raises CardError, NotKnown, Refused and OutcomeUnknown."""
        addresses: Any = {"api": self.url}
        client = stripe.StripeClient(
            self.secret_key, base_addresses=addresses, http_client=_Transport(), max_network_retries=0
        )
        try:
            answer = await ask(client.v1)
        except stripe.CardError:
            raise
        except stripe.InvalidRequestError as refused:
            if refused.code == "resource_missing":
                raise NotKnown from refused
            raise Refused(_reason(refused)) from refused
        except (stripe.AuthenticationError, stripe.PermissionError) as refused:
            raise Refused(_reason(refused)) from refused
        except stripe.StripeError as failure:
            raise OutcomeUnknown(_reason(failure)) from failure
        if not isinstance(answer, stripe.StripeObject):
            raise OutcomeUnknown("Stripe answers with what is no object.")
        return answer.to_dict()


class _Transport(stripe.HTTPClient):
    """The library's own reads the certificates at every call, and leaves its connection open."""

    name = "httpx"

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            async with httpx.AsyncClient(timeout=PATIENCE, verify=certificates.trusted()) as client:
                response = await client.request(method, url, headers=headers, content=post_data)
        except (httpx.HTTPError, OSError) as failure:
            told = f"{type(failure).__name__}: {failure}"
            raise stripe.APIConnectionError(told) from failure  # type: ignore[no-untyped-call]
        return response.content, response.status_code, response.headers


def _once(key: object) -> Any:
    return {"idempotency_key": str(key)}


def _reason(failure: stripe.StripeError) -> str:
    return f"{type(failure).__name__}: {failure.user_message or failure}"[:LONGEST_FAILURE]


def _is_signed(body: str, header: str, secret: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(body, header, secret, stripe.Webhook.DEFAULT_TOLERANCE)
    except (stripe.SignatureVerificationError, ValueError, TypeError):  # TypeError: letters that no digest has
        return False
    return True


def configured(settings: Settings) -> Stripe | None:
    key, secrets = settings.voronka_stripe_secret_key, split(settings.voronka_stripe_webhook_secret)
    return Stripe(key, secrets, settings) if key and secrets else None
