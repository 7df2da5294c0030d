"""POST /callbacks/{provider}: what providers call with is kept before it is answered, and nothing else is."""

import time
from collections.abc import AsyncIterator

import orjson
import pytest

from services.local import ports
from shared import ids, payments
from shared.db import Database, connect
from shared.payments import Call
from tests.graphql.calling import MAKERS, NOT_LET_IN, House, client_of, house_of
from tests.shared.payments import signing, stories


@pytest.fixture
async def house(db: Database) -> AsyncIterator[House]:
    async with house_of(db) as house:
        yield house


@pytest.mark.parametrize("provider", list(MAKERS))
async def test_a_payment_is_paid_by_its_provider_s_call(house: House, db: Database, provider: str) -> None:
    payment = await stories.begun(db, provider)
    call = MAKERS[provider](payment.id)

    status, text = await house.call(provider, call)
    await house.work()

    assert status == 200
    if provider == "wayforpay":
        accept = orjson.loads(text)
        assert (accept["orderReference"], accept["status"]) == (str(payment.id), "accept")
        assert abs(accept["time"] - time.time()) < 60
    else:
        assert text == "OK"
    assert [row["state"] for row in await house.kept(call)] == ["APPLIED"]
    assert await stories.end(db, payment) == stories.End("PAID", 0, ["sales_funnel"], 1, 0)


async def test_wayforpay_s_other_form_is_taken(house: House, db: Database) -> None:
    payment = await stories.begun(db, "wayforpay")

    assert (await house.call("wayforpay", signing.wayforpay_call(payment.id, as_form=True)))[0] == 200
    await house.work()

    assert (await stories.end(db, payment)).state == "PAID"


@pytest.mark.parametrize("provider", list(MAKERS))
async def test_what_comes_five_times_is_kept_once(house: House, db: Database, provider: str) -> None:
    payment = await stories.begun(db, provider)
    call = MAKERS[provider](payment.id)

    assert {(await house.call(provider, call))[0] for _ in range(5)} == {200}
    await house.work()

    assert [row["conflicts"] for row in await house.kept(call)] == [0]
    assert await stories.end(db, payment) == stories.End("PAID", 0, ["sales_funnel"], 1, 0)


async def test_another_body_of_the_same_key_is_counted_and_changes_nothing(house: House, db: Database) -> None:
    payment = await stories.begun(db, "sandbox")
    first, other = signing.sandbox_call(payment.id), signing.sandbox_call(payment.id, amount=1)

    assert (await house.call("sandbox", first))[0] == 200
    assert (await house.call("sandbox", other))[0] == 200
    await house.work()

    assert await house.kept(other) == []
    assert [row["conflicts"] for row in await house.kept(first)] == [1]
    assert (await stories.end(db, payment)).state == "PAID"


async def test_what_is_about_no_payment_of_ours_is_let_be(house: House) -> None:
    call = signing.stripe_call(ids.new(), metadata={})

    assert (await house.call("stripe", call))[0] == 200
    await house.work()

    assert [row["state"] for row in await house.kept(call)] == ["IGNORED"]


async def test_money_for_an_unknown_payment_or_of_another_provider_or_currency_is_a_dead_letter(
    house: House, db: Database
) -> None:
    payment = await stories.begun(db, "liqpay")
    calls = [
        ("sandbox", signing.sandbox_call(ids.new())),
        ("sandbox", signing.sandbox_call(payment.id)),
        ("liqpay", signing.liqpay_call(payment.id, currency="USD")),
    ]
    for provider, call in calls:
        assert (await house.call(provider, call))[0] == 200
    await house.work()

    assert [row["state"] for _, call in calls for row in await house.kept(call)] == ["DEAD"] * 3
    assert await stories.end(db, payment) == stories.End("CREATED", 0, [], 0, 0)


async def test_another_amount_goes_to_the_balance_and_activates_nothing(house: House, db: Database) -> None:
    payment = await stories.begun(db, "liqpay")

    assert (await house.call("liqpay", signing.liqpay_call(payment.id, amount=499_99)))[0] == 200
    await house.work()

    assert await stories.end(db, payment) == stories.End("PAID", 0, [], 1, 499_99)


async def test_a_dead_letter_is_applied_when_it_is_replayed(house: House, db: Database) -> None:
    payment = await stories.begun(db, "sandbox")
    call = signing.sandbox_call(payment.id)
    await house.call("sandbox", call)
    (kept,) = await house.kept(call)
    async with db.transaction(None) as tx:
        await tx.execute("UPDATE callbacks SET state = 'DEAD' WHERE id = $1", kept["id"])
    await house.work()
    assert (await stories.end(db, payment)).state == "CREATED"

    async with db.transaction(None) as tx:
        assert kept["id"] in [dead.id for dead in await payments.dead(tx)]
        assert await payments.replay(tx, kept["id"]) is True
        assert await payments.replay(tx, kept["id"]) is False
    await house.work()

    assert (await stories.end(db, payment)).state == "PAID"


async def test_asks_to_call_again_while_the_database_is_away(house: House) -> None:
    call = signing.liqpay_call(ids.new())
    async with (
        connect(f"postgresql://nobody@127.0.0.1:{ports.choose()}/nothing", size=1) as away,
        client_of(away, house.settings) as client,
    ):
        response = await client.post("/callbacks/liqpay", content=call.body, headers=dict(call.headers))

    assert (response.status_code, response.headers["retry-after"]) == (503, "1")


async def test_the_bank_is_asked_for_its_key_once_a_minute_whoever_calls(house: House) -> None:
    id = ids.new()
    assert (await house.call("monobank", signing.monobank_call(id)))[0] == 200
    for _ in range(3):
        assert await house.call("monobank", Call(signing.monobank_call(id).headers, b"{}")) == NOT_LET_IN
    assert house.bank.asked == ["GET /api/merchant/pubkey"]


async def test_calls_of_the_bank_wait_while_its_key_is_not_known(house: House, db: Database) -> None:
    given = signing.settings(voronka_monobank_url=f"http://127.0.0.1:{ports.choose()}")
    call = signing.monobank_call(ids.new())
    async with client_of(db, given) as client:
        response = await client.post("/callbacks/monobank", content=call.body, headers=dict(call.headers))

    assert (response.status_code, response.headers["retry-after"]) == (503, "60")
