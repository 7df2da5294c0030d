"""In whatever order, and however often, a provider calls: the payment ends alike, and its money is entered once."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared import jobs, payments
from shared.db import Database
from shared.payments import Call, configured
from tests.shared.payments import signing, stories

UNPAID: list[tuple[str, dict[str, Any]]] = [
    ("wait_secure", {}),
    ("processing", {}),
    ("failure", {"err_description": "Limit"}),
]
PAID = [*UNPAID, ("success", {})]
PARTLY = [*PAID, ("success", {"refund_amount": 100}), ("success", {"refund_amount": 250})]
WHOLLY = [*PARTLY, ("reversed", {})]
STORIES = [
    (UNPAID, "FAILED", 0, 0),
    (PAID, "PAID", 0, 1),
    (PARTLY, "PARTIALLY_REFUNDED", 250_00, 1),
    (WHOLLY, "REFUNDED", 500_00, 1),
]


async def told(db: Database, calls: Sequence[Call]) -> None:
    """Each is kept, and applied when it is kept for the first time."""
    provider = configured(signing.settings())["liqpay"]
    kinds = payments.kinds(signing.settings)
    for place, call in enumerate(calls):
        async with db.transaction(None) as tx:
            await payments.receive(tx, provider, call)
            due = await tx.fetchval(
                """SELECT j.id FROM jobs j JOIN callbacks c ON c.id = j.ref
                    WHERE j.kind = $1 AND j.state = 'queued' AND c.body = $2""",
                payments.CALLBACK,
                call.body,
            )
        assert (due is None) == (call in calls[:place])
        if due is not None:
            assert await jobs.perform(db, kinds, due) is True


@pytest.mark.parametrize(("reports", "state", "refunded", "entries"), STORIES)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=st.permutations(range(len(WHOLLY))),
    again=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9)), max_size=3),
)
async def test_any_order_and_number_of_calls_ends_alike(
    db: Database,
    reports: list[tuple[str, dict[str, Any]]],
    state: str,
    refunded: int,
    entries: int,
    order: list[int],
    again: list[tuple[int, int]],
) -> None:
    begun = await stories.begun(db, "liqpay")
    each = [signing.liqpay_call(begun.id, status, **more) for status, more in reports]
    calls = [each[which] for which in order if which < len(each)]
    for which, place in again:
        calls.insert(place, each[which % len(each)])

    await told(db, calls)

    ended = await stories.end(db, begun)
    assert (ended.state, ended.refunded, ended.entries) == (state, refunded, entries)
    assert ended.active == (["sales_funnel"] if state == "PAID" else [])
    async with db.transaction(begun.account_id) as tx:
        net = await tx.fetchval(
            """SELECT coalesce(sum(CASE WHEN from_book = 'OUTSIDE' THEN amount
                                        WHEN to_book = 'OUTSIDE' THEN -amount ELSE 0 END), 0) FROM ledger"""
        )
    assert net == (500_00 - refunded if entries else 0)
