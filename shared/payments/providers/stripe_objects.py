"""What Stripe's objects say of a payment: its PaymentIntent, its Charge, and what a payer's bank disputes of that."""

from collections.abc import Mapping
from typing import Any

from shared.billing import Rank
from shared.money import Money
from shared.payments.model import (
    LONGEST_FAILURE,
    Call,
    Card,
    Disputed,
    Said,
    Unreadable,
    given_back,
    minor,
    payment_id,
    whole,
)
from shared.payments.providers.reading import as_written

OUR_ID = "payment_id"
STATES: Mapping[str, Rank] = {
    "succeeded": Rank.PAID,
    "canceled": Rank.FAILED,
    "processing": Rank.PENDING,
    "requires_action": Rank.PENDING,
    "requires_capture": Rank.PENDING,
    "requires_confirmation": Rank.PENDING,
    "requires_payment_method": Rank.PENDING,  # the payer may try another card on the page
}
# The bank takes the money when a dispute begins, whatever becomes of it; whether it came again.
DISPUTES: Mapping[str, bool] = {"needs_response": False, "under_review": False, "lost": False, "won": True}
# Questions that no money follows. What became a refund is told as one.
INQUIRIES = frozenset(
    {"warning_needs_response", "warning_under_review", "warning_closed", "prevented", "charge_refunded"}
)


def read(came: Call) -> tuple[str, dict[str, Any]]:
    """The kind of an event, and the object that it is about."""
    event = as_written(came.body)
    data = event.get("data") if isinstance(event, dict) else None
    thing = data.get("object") if isinstance(data, dict) else None
    if not isinstance(event, dict) or not isinstance(thing, dict):
        raise Unreadable("The body is no event.")
    return str(event.get("type")), thing


def names_us(thing: Mapping[str, Any]) -> bool:
    """Others may be paid into the same account at Stripe."""
    return OUR_ID in _part(thing, "metadata")


def of_intent(intent: Mapping[str, Any], *, failed: bool = False) -> Said:
    state = STATES.get(str(intent.get("status")))
    if state is None:
        raise Unreadable(f"Stripe has no status {str(intent.get('status'))[:50]!r} that we know.")
    error = _part(intent, "last_payment_error")
    if failed or (state is Rank.PENDING and error):
        state = Rank.FAILED
    amount = _money(intent, "amount_received" if state is Rank.PAID else "amount")
    charge = _part(intent, "latest_charge")
    refunded = whole(charge.get("amount_refunded") or 0)
    customer, method = intent.get("customer"), intent.get("payment_method")
    keeps = intent.get("setup_future_usage") == "off_session" and customer and method
    names = _names(intent.get("id"), charge.get("id") or intent.get("latest_charge"))
    return Said(
        payment_id(_part(intent, "metadata").get(OUR_ID)),
        given_back(state, amount.minor, refunded),
        amount,
        refunded,
        reference=names[0] if names else None,
        card=Card(f"{customer}:{method}", "Stripe") if keeps else None,
        failure=str(error.get("message") or intent.get("status"))[:LONGEST_FAILURE] if state is Rank.FAILED else None,
        names=names,
    )


def of_charge(charge: Mapping[str, Any]) -> Said:
    """One that was refunded, wholly or in part."""
    amount, refunded = _money(charge, "amount"), _money(charge, "amount_refunded").minor
    intent = charge.get("payment_intent")
    return Said(
        payment_id(_part(charge, "metadata").get(OUR_ID)),
        given_back(Rank.PAID, amount.minor, refunded),
        amount,
        refunded,
        reference=intent if isinstance(intent, str) else None,
        names=_names(intent, charge.get("id")),
    )


def of_dispute(dispute: Mapping[str, Any]) -> Disputed | None:
    """None while it is only asked about. It does not hold our id."""
    status = str(dispute.get("status"))
    if status in INQUIRIES:
        return None
    names = _names(dispute.get("payment_intent"), dispute.get("charge"))
    (reference,) = _names(dispute.get("id")) or ("",)
    if status not in DISPUTES or not names or not reference:
        raise Unreadable(f"A dispute of {names or 'no charge'} whose status is {status[:50]!r}.")
    return Disputed(names, reference, _money(dispute, "amount"), DISPUTES[status])


def _names(*ids: object) -> tuple[str, ...]:
    return tuple(id for id in ids if isinstance(id, str) and 0 < len(id) <= 255)  # as long as Stripe's ids may be


def _part(thing: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object inside of it; nothing where there is none, or only its id."""
    part = thing.get(name)
    return part if isinstance(part, dict) else {}


def _money(thing: Mapping[str, Any], field: str) -> Money:
    return minor(thing.get(field), str(thing.get("currency")).upper())
