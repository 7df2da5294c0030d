"""A payer's bank takes a payment back: Stripe tells of it by its own names of the payment, in any order."""

from collections.abc import AsyncIterator
from itertools import permutations
from typing import Any

import pytest

from shared import ids
from shared.db import Database
from shared.payments import Call
from tests.graphql.calling import House, house_of
from tests.shared.payments import signing, stories

MONTH = 500_00


@pytest.fixture
async def house(db: Database) -> AsyncIterator[House]:
    async with house_of(db) as house:
        yield house


def intent(begun: stories.Begun) -> str:
    return f"pi_{begun.id.hex}"


def paid(begun: stories.Begun) -> Call:
    return signing.stripe_call(begun.id, latest_charge=f"ch_{begun.id.hex}")


def dispute(begun: stories.Begun, status: str, amount: int = MONTH, **more: Any) -> Call:
    told = {"id": f"du_{begun.id.hex}", "payment_intent": intent(begun), "charge": f"ch_{begun.id.hex}"}
    return signing.stripe_event(
        "charge.dispute.updated",
        {"object": "dispute", "status": status, "amount": amount, "currency": "uah", "metadata": {}} | told | more,
    )


async def told(house: House, *calls: Call) -> list[str]:
    """What has become of each, when all are heard and applied."""
    for call in calls:
        assert await house.call("stripe", call) == (200, "OK")
        await house.work()
    return [row["state"] for call in calls for row in await house.kept(call)]


async def books(db: Database, begun: stories.Begun) -> dict[str, int]:
    async with db.transaction(begun.account_id) as tx:
        rows = await tx.fetch(
            """SELECT book, sum(amount)::bigint AS amount
                 FROM (SELECT to_book AS book, amount FROM ledger
                       UNION ALL SELECT from_book, -amount FROM ledger) AS entries
                GROUP BY book"""
        )
    return {row["book"]: row["amount"] for row in rows}


async def test_what_is_disputed_is_charged_back_and_its_module_ends(house: House, db: Database) -> None:
    begun = await stories.begun(db, "stripe")

    assert await told(house, paid(begun), dispute(begun, "needs_response")) == ["APPLIED"] * 2

    assert await stories.end(db, begun) == stories.End("REFUNDED", MONTH, [], 1, 0)
    assert await books(db, begun) == {"OUTSIDE": 0, "INVOICES": 0}
    assert await told(house, dispute(begun, "under_review"), dispute(begun, "lost")) == ["APPLIED"] * 2
    assert await books(db, begun) == {"OUTSIDE": 0, "INVOICES": 0}


@pytest.mark.parametrize("missing", ["charge", "payment_intent"])
async def test_one_name_of_the_payment_is_enough(house: House, db: Database, missing: str) -> None:
    begun = await stories.begun(db, "stripe")

    assert await told(house, paid(begun), dispute(begun, "lost", MONTH, **{missing: None})) == ["APPLIED"] * 2

    assert (await stories.end(db, begun)).state == "REFUNDED"


async def test_what_is_won_goes_to_the_balance_and_buys_its_module_again(house: House, db: Database) -> None:
    begun = await stories.begun(db, "stripe")

    await told(house, paid(begun), dispute(begun, "needs_response"), dispute(begun, "won"))

    assert await stories.end(db, begun) == stories.End("REFUNDED", MONTH, ["sales_funnel"], 1, 0)
    assert await books(db, begun) == {"OUTSIDE": -MONTH, "BALANCE": 0, "INVOICES": MONTH}


async def test_a_part_that_is_disputed_stands_beside_what_was_refunded(house: House, db: Database) -> None:
    begun = await stories.begun(db, "stripe")
    charge = {"object": "charge", "id": f"ch_{begun.id.hex}", "amount": MONTH, "currency": "uah"}
    ours = {"payment_intent": intent(begun), "metadata": {"payment_id": str(begun.id)}}
    refunded = signing.stripe_event("charge.refunded", charge | ours | {"amount_refunded": 100_00})
    calls = [paid(begun), refunded, dispute(begun, "lost", 150_00)]

    assert await told(house, *calls) == ["APPLIED"] * 3

    assert await stories.end(db, begun) == stories.End("PARTIALLY_REFUNDED", 250_00, [], 1, 0)
    assert await books(db, begun) == {"OUTSIDE": -250_00, "INVOICES": 250_00}


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_any_order_ends_alike(house: House, db: Database, order: tuple[int, ...]) -> None:
    begun = await stories.begun(db, "stripe")
    calls = [paid(begun), dispute(begun, "needs_response"), dispute(begun, "won")]

    for which in order:
        await told(house, calls[which])
    await house.work()

    assert [row["state"] for call in calls for row in await house.kept(call)] == ["APPLIED"] * 3
    assert await stories.end(db, begun) == stories.End("REFUNDED", MONTH, ["sales_funnel"], 1, 0)
    assert await books(db, begun) == {"OUTSIDE": -MONTH, "BALANCE": 0, "INVOICES": MONTH}


@pytest.mark.parametrize("status", ["warning_needs_response", "warning_under_review", "warning_closed", "prevented"])
async def test_a_question_takes_nothing(house: House, db: Database, status: str) -> None:
    begun = await stories.begun(db, "stripe")

    assert await told(house, paid(begun), dispute(begun, status)) == ["APPLIED", "IGNORED"]

    assert await stories.end(db, begun) == stories.End("PAID", 0, ["sales_funnel"], 1, 0)


async def test_what_others_are_paid_is_not_ours(house: House, db: Database) -> None:
    stranger = stories.Begun(ids.new(), ids.new())
    known = {"object": "customer", "id": f"cus_{stranger.id.hex}"}
    calls = [
        dispute(stranger, "lost"),
        signing.stripe_call(stranger.id, metadata={}),
        signing.stripe_call(stranger.id, metadata=None, kind="payment_intent.amount_capturable_updated"),
        signing.stripe_event("customer.created", known),
        signing.stripe_event("v1.a_kind.that_we_never_heard_of", known),
    ]

    assert await told(house, *calls) == ["IGNORED"] * len(calls)


async def test_a_dispute_that_cannot_be_read_is_a_dead_letter(house: House, db: Database) -> None:
    begun = await stories.begun(db, "stripe")
    calls = [
        dispute(begun, "a new one"),
        dispute(begun, "lost", payment_intent=None, charge={}),
        dispute(begun, "lost", id=None),
        dispute(begun, "lost", -1),
    ]

    assert await told(house, paid(begun), *calls) == ["APPLIED", *["DEAD"] * len(calls)]

    assert await stories.end(db, begun) == stories.End("PAID", 0, ["sales_funnel"], 1, 0)


async def test_another_currency_is_for_people_to_look_at(house: House, db: Database) -> None:
    begun = await stories.begun(db, "stripe")

    assert await told(house, paid(begun), dispute(begun, "lost", currency="usd")) == ["APPLIED", "DEAD"]

    assert await stories.end(db, begun) == stories.End("PAID", 0, ["sales_funnel"], 1, 0)
