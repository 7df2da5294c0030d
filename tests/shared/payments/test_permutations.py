"""In whatever order, and however often, a provider calls: the payment ends alike, and its money is entered once."""

from collections.abc import Callable, Sequence
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shared import jobs, payments
from shared.db import Database
from shared.payments import Call, configured
from tests.shared.payments import signing, stories
from tests.shared.payments.signing import liqpay_call, monobank_call, sandbox_call, stripe_call, wayforpay_call

MONTH = 500_00
MOST = 9  # calls of a payment
PENDING, FAILED = ("PENDING", 0), ("FAILED", 0)
PAID, PART, LARGER, ALL = (
    ("PAID", 0),
    ("PARTIALLY_REFUNDED", 100_00),
    ("PARTIALLY_REFUNDED", 250_00),
    ("REFUNDED", MONTH),
)
Step = tuple[Callable[[UUID], Call], tuple[str, int]]


def stripe_refund(id: UUID, refunded: int) -> Call:
    charge = {"object": "charge", "id": f"ch_{id.hex}", "payment_intent": f"pi_{id.hex}", "amount": MONTH}
    ours = {"currency": "uah", "metadata": {"payment_id": str(id)}, "amount_refunded": refunded}
    return signing.stripe_event("charge.refunded", charge | ours)


def stripe_dispute(id: UUID, amount: int) -> Call:
    dispute = {"object": "dispute", "id": f"du_{id.hex}", "payment_intent": f"pi_{id.hex}", "status": "lost"}
    return signing.stripe_event("charge.dispute.closed", dispute | {"amount": amount, "currency": "uah"})


# What each calls with, as it comes about, and what the payment is by then.
STORIES: dict[str, list[Step]] = {
    "liqpay": [
        (lambda id: liqpay_call(id, "wait_secure"), PENDING),
        (lambda id: liqpay_call(id, "processing"), PENDING),
        (lambda id: liqpay_call(id, "hold_wait"), PENDING),
        (lambda id: liqpay_call(id, "failure", err_description="Limit"), FAILED),
        (lambda id: liqpay_call(id, "success"), PAID),
        (lambda id: liqpay_call(id, "success", refund_amount=100), PART),
        (lambda id: liqpay_call(id, "success", refund_amount=250), LARGER),
        (lambda id: liqpay_call(id, "reversed"), ALL),
    ],
    "wayforpay": [
        (lambda id: wayforpay_call(id, "InProcessing"), PENDING),
        (lambda id: wayforpay_call(id, "WaitingAuthComplete"), PENDING),
        (lambda id: wayforpay_call(id, "Declined"), FAILED),
        (lambda id: wayforpay_call(id, "Expired"), FAILED),
        (lambda id: wayforpay_call(id, "Approved"), PAID),
        (lambda id: wayforpay_call(id, "RefundInProcessing"), PAID),
        (lambda id: wayforpay_call(id, "Refunded", refundAmount=100), PART),
        (lambda id: wayforpay_call(id, "Refunded", refundAmount=250), LARGER),
        (lambda id: wayforpay_call(id, "Voided"), ALL),
    ],
    "monobank": [
        (lambda id: monobank_call(id, "created"), PENDING),
        (lambda id: monobank_call(id, "processing"), PENDING),
        (lambda id: monobank_call(id, "hold"), PENDING),
        (lambda id: monobank_call(id, "failure"), FAILED),
        (lambda id: monobank_call(id, "expired"), FAILED),
        (lambda id: monobank_call(id, "success"), PAID),
        (lambda id: monobank_call(id, "success", finalAmount=400_00), PART),
        (lambda id: monobank_call(id, "success", finalAmount=250_00), LARGER),
        (lambda id: monobank_call(id, "reversed"), ALL),
    ],
    "stripe": [
        (lambda id: stripe_call(id, "requires_action"), PENDING),
        (lambda id: stripe_call(id, "processing"), PENDING),
        (lambda id: stripe_call(id, "requires_payment_method", kind="payment_intent.payment_failed"), FAILED),
        (lambda id: stripe_call(id, "canceled"), FAILED),
        (stripe_call, PAID),
        (lambda id: stripe_refund(id, 100_00), PART),
        (lambda id: stripe_refund(id, 250_00), LARGER),
        (lambda id: stripe_dispute(id, 250_00), ALL),
    ],
    "sandbox": [
        (lambda id: sandbox_call(id, "DECLINED"), FAILED),
        (lambda id: sandbox_call(id, "PAID"), PAID),
        (lambda id: sandbox_call(id, "PAID", refunded=100_00), PART),
        (lambda id: sandbox_call(id, "PAID", refunded=250_00), LARGER),
        (lambda id: sandbox_call(id, "PAID", refunded=MONTH), ALL),
    ],
}


async def told(db: Database, provider: str, calls: Sequence[Call]) -> None:
    """Each is kept, and applied when it is kept for the first time, or when it is known which payment it is about."""
    kinds = payments.kinds(signing.settings)
    for call in calls:
        async with db.transaction(None) as tx:
            await payments.receive(tx, configured(signing.settings())[provider], call)
        while due := await next_job(db):
            assert await jobs.perform(db, kinds, due) is True


async def next_job(db: Database) -> UUID | None:
    async with db.transaction(None) as tx:
        found: UUID | None = await tx.fetchval(
            "SELECT id FROM jobs WHERE kind = $1 AND state = 'queued' LIMIT 1", payments.CALLBACK
        )
    return found


@pytest.mark.parametrize("provider", list(STORIES))
@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # a story is short enough as it is
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    steps=st.integers(1, MOST),
    order=st.permutations(range(MOST)),
    again=st.lists(st.tuples(st.integers(0, MOST - 1), st.integers(0, MOST)), max_size=3),
)
async def test_any_order_and_number_of_calls_ends_alike(
    db: Database, provider: str, steps: int, order: list[int], again: list[tuple[int, int]]
) -> None:
    begun = await stories.begun(db, provider)
    story = STORIES[provider][:steps]
    each = [call(begun.id) for call, _ in story]
    calls = [each[which] for which in order if which < len(each)]
    for which, place in again:
        calls.insert(place, each[which % len(each)])

    await told(db, provider, calls)

    state, refunded = story[-1][1]
    is_paid = state not in ("PENDING", "FAILED")
    active = ["sales_funnel"] if state == "PAID" else []
    assert await stories.end(db, begun) == stories.End(state, refunded, active, int(is_paid), 0)
    async with db.transaction(begun.account_id) as tx:
        net = await tx.fetchval(
            """SELECT coalesce(sum(CASE WHEN from_book = 'OUTSIDE' THEN amount
                                        WHEN to_book = 'OUTSIDE' THEN -amount ELSE 0 END), 0) FROM ledger"""
        )
        bought = await tx.fetchval("SELECT count(*) FROM module_subscriptions")
        kept = await tx.fetch(
            "SELECT state, conflicts FROM callbacks WHERE body = ANY($1)", [call.body for call in each]
        )
    assert (net, bought) == ((MONTH - refunded, 1) if is_paid else (0, 0))
    assert [(row["state"], row["conflicts"]) for row in kept] == [("APPLIED", 0)] * len(each)


def test_no_step_goes_back() -> None:
    for story in STORIES.values():
        ends = [end for _, end in story]
        assert ends == sorted(ends, key=[PENDING, FAILED, PAID, PART, LARGER, ALL].index)
        assert {PAID, PART, LARGER, ALL} <= set(ends)
