"""Stripe, by its own library. A payment is a PaymentIntent whose metadata holds our id; a page is a Checkout Session."""

from collections.abc import Sequence
from typing import Any

import stripe

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
    Said,
    Started,
    Unreadable,
)
from shared.payments.providers import stripe_objects as objects
from shared.payments.providers.http import PATIENCE
from shared.payments.providers.stripe_objects import OUR_ID

SESSION = "cs_"


class Stripe:
    code, name = "stripe", "Stripe"

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
        try:
            session = await self._client().v1.checkout.sessions.create_async(asked, _once(order.payment_id))
        except stripe.StripeError as failure:
            raise _failure(failure) from failure
        if not session.url:
            raise OutcomeUnknown("Stripe names no page to pay on.")
        return Started(Checkout(session.url), session.id)

    async def ask(self, order: Order) -> Said:
        v1 = self._client().v1
        expand: Any = {"expand": ["latest_charge"]}
        try:
            reference = order.reference or ""
            if reference.startswith(SESSION):
                session = await v1.checkout.sessions.retrieve_async(reference)
                if session.payment_intent is None:
                    state = Rank.FAILED if session.status == "expired" else Rank.PENDING
                    return Said(order.payment_id, state, order.amount)
                reference = str(session.payment_intent)
            if not reference:
                reference = await self._find(order)
            return objects.of_intent((await v1.payment_intents.retrieve_async(reference, expand)).to_dict())
        except stripe.InvalidRequestError as failure:
            if failure.code == "resource_missing":
                raise NotKnown from failure
            raise _failure(failure) from failure
        except stripe.StripeError as failure:
            raise _failure(failure) from failure

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
            intent = await self._client().v1.payment_intents.create_async(asked, _once(order.payment_id))
        except stripe.CardError as declined:
            said = str(declined.user_message or declined.code)[:LONGEST_FAILURE]
            return Said(order.payment_id, Rank.FAILED, order.amount, failure=said)
        except stripe.StripeError as failure:
            raise _failure(failure) from failure
        return objects.of_intent(intent.to_dict())

    async def refund(self, order: Order, amount: int, key: str) -> None:
        v1 = self._client().v1
        try:
            reference = order.reference or await self._find(order)
            if reference.startswith(SESSION):
                reference = str((await v1.checkout.sessions.retrieve_async(reference)).payment_intent)
            await v1.refunds.create_async({"payment_intent": reference, "amount": amount}, _once(key))
        except stripe.StripeError as failure:
            raise _failure(failure) from failure

    async def _find(self, order: Order) -> str:
        query = f"metadata['{OUR_ID}']:'{order.payment_id}'"
        found = await self._client().v1.payment_intents.search_async({"query": query, "limit": 1})
        if not found.data:
            raise NotKnown
        return found.data[0].id

    def _client(self) -> stripe.StripeClient:
        """One a call: a connection belongs to the loop that it was made in."""
        return stripe.StripeClient(
            self.secret_key,
            base_addresses={"api": self.url},
            http_client=stripe.HTTPXClient(timeout=PATIENCE),
            max_network_retries=0,
        )


def _once(key: object) -> Any:
    return {"idempotency_key": str(key)}


def _failure(failure: stripe.StripeError) -> Exception:
    """A refusal is one; whatever else happened, nobody knows what became of the request."""
    said = f"{type(failure).__name__}: {failure.user_message or failure}"[:LONGEST_FAILURE]
    refused = isinstance(failure, stripe.InvalidRequestError | stripe.AuthenticationError | stripe.PermissionError)
    return Unreadable(said) if refused else OutcomeUnknown(said)


def _is_signed(body: str, header: str, secret: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(body, header, secret, stripe.Webhook.DEFAULT_TOLERANCE)
    except (stripe.SignatureVerificationError, ValueError, TypeError):  # TypeError: letters that no digest has
        return False
    return True


def configured(settings: Settings) -> Stripe | None:
    key, secrets = settings.voronka_stripe_secret_key, split(settings.voronka_stripe_webhook_secret)
    return Stripe(key, secrets, settings) if key and secrets else None
