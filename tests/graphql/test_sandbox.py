"""The sandbox's page: a payer goes there, chooses, and we are called back as by a real provider."""

from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import httpx
import orjson
import pytest
from starlette.applications import Starlette

from services.graphql import callbacks, sandbox
from services.local import ports
from shared import jobs, payments
from shared.billing import Rank
from shared.db import Database
from shared.payments.model import NotKnown
from shared.payments.pretending import body_of
from shared.payments.providers.sandbox import CARD, EMPTY_CARD, SIGNATURE, key_of, sign
from shared.payments.sql_sandbox import select_pretended
from tests.serving import running
from tests.shared.payments import signing, stories
from tests.shared.payments.outgoing import order

KINDS = payments.kinds(signing.settings)


@pytest.fixture
def app(db: Database) -> Starlette:
    app = Starlette(routes=[*sandbox.routes, *callbacks.routes])
    app.state.db, app.state.settings = db, signing.settings()
    return app


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://voronka") as client:
        yield client


def in_here(url: str) -> str:
    return url.removeprefix(signing.settings().voronka_public_url)


async def called_back(client: httpx.AsyncClient, db: Database, begun: stories.Begun) -> int:
    """How many calls the sandbox has planned; one is made, and applied."""
    async with db.transaction(None) as tx:
        planned = await tx.fetchval("SELECT count(*) FROM jobs WHERE kind = $1 AND ref = $2", payments.CALL, begun.id)
        order = await select_pretended(tx, begun.id)
    assert order is not None
    call = signing.sandbox_raw(body_of(order))
    response = await client.post("/callbacks/sandbox", content=call.body, headers=dict(call.headers))
    assert response.status_code == 200
    async with db.transaction(None) as tx:
        due = await tx.fetch("SELECT id FROM jobs WHERE kind = $1 AND state = 'queued'", payments.CALLBACK)
    for job in due:
        await jobs.perform(db, KINDS, job["id"])
    return int(planned)


@pytest.mark.parametrize(
    ("choice", "state", "calls"),
    [("pay", "PAID", 1), ("decline", "FAILED", 1), ("pay-late", "PAID", 1), ("pay-twice", "PAID", 2)],
)
async def test_what_a_payer_chooses_becomes_of_the_payment(
    client: httpx.AsyncClient, db: Database, choice: str, state: str, calls: int
) -> None:
    begun = await stories.begun(db, "sandbox")
    checkout = await payments.checkout(db, payments.configured(signing.settings()), begun.account_id, begun.id)
    assert checkout is not None
    assert checkout == payments.Checkout(checkout.url, "GET", {})
    page = in_here(checkout.url)

    shown = await client.get(page)
    assert (shown.status_code, "500.00 UAH" in shown.text) == (200, True)
    chosen = await client.post(page, data={"choice": choice})

    assert (chosen.status_code, chosen.headers["location"]) == (303, signing.settings().voronka_public_url)
    assert await called_back(client, db, begun) == calls
    assert (await stories.end(db, begun)).state == state


async def test_nobody_is_sent_there_but_by_us(client: httpx.AsyncClient, db: Database) -> None:
    begun = await stories.begun(db, "sandbox")
    checkout = await payments.checkout(db, payments.configured(signing.settings()), begun.account_id, begun.id)
    assert checkout is not None
    path, asked = urlsplit(checkout.url).path, dict(parse_qsl(urlsplit(checkout.url).query))

    for changed in ({"amount": "1"}, {"back": "https://elsewhere.example"}, {"signature": ""}, {"amount": "x"}):
        for response in (
            await client.get(path, params=asked | changed),
            await client.post(path, params=asked | changed, data={"choice": "pay"}),
        ):
            assert response.status_code == 404
    for nothing in ("abc", f"{begun.id}x", "%00"):
        assert (await client.get(f"/sandbox/{nothing}", params=asked)).status_code == 404
    assert (await client.get("/sandbox/abc", params={**asked, "amount": "9" * 5_000})).status_code == 404
    assert (await client.post("/sandbox", content=b"{}")).status_code == 403


async def test_production_knows_nothing_of_it_though_all_is_signed(
    app: Starlette, client: httpx.AsyncClient, db: Database
) -> None:
    begun = await stories.begun(db, "sandbox")
    checkout = await payments.checkout(db, payments.configured(signing.settings()), begun.account_id, begun.id)
    assert checkout is not None
    order = orjson.dumps({"verb": "ask", "order": str(begun.id), "amount": 500_00, "currency": "UAH"})
    signature = {SIGNATURE: sign(key_of(signing.settings()), order)}
    assert (await client.post("/sandbox", content=order, headers=signature)).text == "{}"  # understood: no such order
    app.state.settings = signing.production()

    paid = await client.post(in_here(checkout.url), data={"choice": "pay"})
    spoken = await client.post("/sandbox", content=order, headers=signature)
    call = signing.sandbox_raw(order)
    called = await client.post("/callbacks/sandbox", content=call.body, headers=dict(call.headers))

    assert [paid.status_code, spoken.status_code, called.status_code] == [404, 404, 403]
    async with db.transaction(None) as tx:
        assert await tx.fetchval("SELECT count(*) FROM jobs WHERE kind = $1 AND ref = $2", payments.CALL, begun.id) == 0
    assert (await stories.end(db, begun)).state == "CREATED"


async def test_it_is_spoken_to_as_a_real_provider_is(app: Starlette, db: Database) -> None:
    paid, declined = [await stories.begun(db, "sandbox") for _ in range(2)]
    port = ports.choose()
    settings = signing.settings(voronka_sandbox_url=f"http://127.0.0.1:{port}")
    provider = payments.configured(settings)["sandbox"]
    one, other = [order("sandbox", payment_id=begun.id, card=CARD) for begun in (paid, declined)]
    async with running(app, port, ws="none"):
        with pytest.raises(NotKnown):
            await provider.ask(one)
        said = [await provider.charge(one), await provider.charge(one), await provider.ask(one)]
        assert [(it.payment_id, it.state, it.refunded) for it in said] == [(paid.id, Rank.PAID, 0)] * 3

        refused = await provider.charge(replace(other, card=EMPTY_CARD))
        assert (refused.state, refused.failure) == (Rank.FAILED, "Insufficient funds")

        await provider.refund(one, 200_00, "refund-1")
        assert (await provider.ask(one)).refunded == 200_00
        for it, amount in ((one, 300_01), (other, 1)):
            with pytest.raises(payments.Refused):
                await provider.refund(it, amount, "refund-2")
        assert (await provider.ask(one)).refunded == 200_00
