"""The addresses that the outside world posts to."""

import asyncio
import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from starlette.applications import Starlette

from services.graphql import intake
from services.local import ports
from shared import accounts, ids, ingest
from shared.config import DEVELOPMENT_KEY, Settings
from shared.db import Database, connect
from shared.ingest import NewSource, SourceKind
from tests import make
from tests.samples import requests

SECRET = "a-secret/with a slash"
VAULT = ingest.Vault(DEVELOPMENT_KEY)
NOT_THERE = (404, {"status": "error", "message": "There is no such source."})


@dataclass(frozen=True)
class House:
    """The addresses of an account's two sources, and a client of their server."""

    client: httpx.AsyncClient
    form: str
    call: str
    account_id: UUID


def settings(**changes: Any) -> Settings:
    return Settings(database_url="unused", redis_url="unused", voronka_env="test", **changes)


def client_of(db: Database, given: Settings, ip: str = "10.0.0.1") -> httpx.AsyncClient:
    app = Starlette(routes=intake.routes)
    app.state.db, app.state.settings = db, given
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(ip, 1)), base_url="http://voronka")


@pytest.fixture
async def house(db: Database, account: accounts.Account) -> AsyncIterator[House]:
    async with db.transaction(account.id) as tx:
        funnel = await make.funnel(tx)
        form, call = [
            await ingest.create_source(
                tx,
                NewSource.read({"name": "Сайт", "kind": kind, "funnel_id": str(funnel.id), "secret": SECRET}),
                "http://voronka",
                VAULT,
            )
            for kind in (SourceKind.FORM, SourceKind.BINOTEL)
        ]
    assert form.address is not None
    assert call.address is not None
    async with client_of(db, settings()) as client:
        yield House(client, form.address, call.address, account.id)


async def make_source(db: Database, house: House, kind: SourceKind) -> str:
    """Where it is posted to, without the secret."""
    async with db.transaction(house.account_id) as tx:
        (source, *_) = await ingest.sources_of_account(tx)
        given = {"name": kind, "kind": kind, "funnel_id": str(source.funnel_id), "secret": SECRET}
        made = await ingest.create_source(tx, NewSource.read(given), "http://voronka", VAULT)
    return ingest.address("http://voronka", made.source.id)


async def post(client: httpx.AsyncClient, address: str, request: ingest.Request) -> tuple[int, Any]:
    response = await client.post(address, content=request.body, headers=dict(request.headers))
    return response.status_code, response.json()


async def kept(db: Database, account_id: UUID) -> list[bytes]:
    """The bodies of the account's requests."""
    async with db.transaction(account_id) as tx:
        rows = await tx.fetch("SELECT body FROM intake WHERE account_id = $1 ORDER BY received_at", account_id)
        jobs = await tx.fetchval(
            "SELECT count(*) FROM jobs WHERE account_id = $1 AND kind = 'ingest.perform'", account_id
        )
    assert jobs == len(rows)
    return [row["body"] for row in rows]


async def test_keeps_a_form_and_answers(house: House, db: Database) -> None:
    form = requests.multipart_form()

    assert await post(house.client, house.form, form) == (200, {"status": "accepted"})
    assert await kept(db, house.account_id) == [form.body]


async def test_answers_binotel_as_it_wants(house: House, db: Database) -> None:
    call = requests.binotel_call()

    assert await post(house.client, house.call, call) == (200, {"status": "success"})
    assert await kept(db, house.account_id) == [call.body]


async def test_answers_alike_whoever_is_not_let_in(house: House, db: Database) -> None:
    without_secret = house.form[: house.form.index("/sources/") + len("/sources/") + 36]

    for address in (
        f"{without_secret}/wrong",
        f"{without_secret}/",
        without_secret,
        f"/sources/{ids.new()}/x",
        f"/sources/{ids.new()}",
        "/sources/no-id/x",
        "/sources/%00/%00",
    ):
        assert await post(house.client, address, requests.web_form()) == NOT_THERE
    assert await kept(db, house.account_id) == []


async def test_lets_binotel_call_from_its_own_addresses_only(house: House, db: Database) -> None:
    given = settings(voronka_binotel_addresses="10.0.0.2, 10.0.0.3")

    async with client_of(db, given, "10.0.0.1") as client:
        assert await post(client, house.call, requests.binotel_call()) == NOT_THERE
        assert (await post(client, house.form, requests.web_form()))[0] == 200
    async with client_of(db, given, "10.0.0.3") as client:
        assert (await post(client, house.call, requests.binotel_call()))[0] == 200


async def test_takes_a_body_of_a_megabyte_and_no_more(house: House, db: Database) -> None:
    largest = b"name=" + b"x" * (intake.LARGEST_BODY - 5)

    assert (await house.client.post(house.form, content=largest)).status_code == 200
    promised = await house.client.post(house.form, content=largest + b"x")
    assert (promised.status_code, promised.headers["connection"]) == (413, "close")
    assert await kept(db, house.account_id) == [largest]


async def test_counts_a_body_whose_size_nobody_promised(house: House, db: Database) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 65_536
            yield b"x" * 65_536

    assert (await house.client.post(house.form, content=endless())).status_code == 413
    assert sent == 16 * 65_536
    assert await kept(db, house.account_id) == []


async def test_does_not_wait_for_a_slow_body(house: House, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "PATIENCE", 0.01)

    async def stuck() -> AsyncIterator[bytes]:
        yield b"name="
        await asyncio.Event().wait()

    assert (await house.client.post(house.form, content=stuck())).status_code == 408
    assert await kept(db, house.account_id) == []


async def test_asks_to_come_again_while_the_database_is_away(house: House) -> None:
    async with (
        connect(f"postgresql://nobody@127.0.0.1:{ports.choose()}/nothing", size=1) as away,
        client_of(away, settings()) as client,
    ):
        response = await client.post(house.form, content=requests.web_form().body)

    assert (response.status_code, response.headers["retry-after"]) == (503, "1")


async def test_answers_facebook_when_it_connects(house: House, db: Database) -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "of-the-operator", "hub.challenge": "1158201444"}
    page = await make_source(db, house, SourceKind.FACEBOOK_LEADS)

    async with client_of(db, settings(voronka_facebook_verify_token="of-the-operator")) as client:
        right = await client.get(page, params=query)
        wrong = await client.get(page, params=query | {"hub.verify_token": "another"})
        form = await client.get(house.form[: house.form.index("/sources/") + len("/sources/") + 36], params=query)

    assert (right.status_code, right.text) == (200, "1158201444")
    assert right.headers["content-type"].startswith("text/plain")
    assert [(one.status_code, one.json()) for one in (wrong, form)] == [NOT_THERE, NOT_THERE]


async def test_lets_facebook_in_by_the_signature_over_the_bytes(house: House, db: Database) -> None:
    sent = requests.posted("facebook_leads")
    page = await make_source(db, house, SourceKind.FACEBOOK_LEADS)
    signed = "sha256=" + hmac.new(b"app secret", sent.body, hashlib.sha256).hexdigest()

    async with client_of(db, settings(voronka_facebook_app_secret="app secret")) as client:
        right = await client.post(page, content=sent.body, headers={"X-Hub-Signature-256": signed})
        wrong = await client.post(page, content=sent.body + b" ", headers={"X-Hub-Signature-256": signed})
        unsigned = await client.post(page, content=sent.body)

    assert right.status_code == 200
    assert [(one.status_code, one.json()) for one in (wrong, unsigned)] == [NOT_THERE, NOT_THERE]
    assert await kept(db, house.account_id) == [sent.body]


async def test_lets_a_program_in_that_signs_what_it_sends(house: House, db: Database) -> None:
    sent, now = requests.posted("json_post"), str(int(time.time()))
    address = await make_source(db, house, SourceKind.JSON)
    signed = "sha256=" + hmac.new(SECRET.encode(), f"{now}.".encode() + sent.body, hashlib.sha256).hexdigest()
    headers = {"X-Timestamp": now, "X-Signature-256": signed, **sent.headers}

    async with client_of(db, settings()) as client:
        assert (await client.post(address, content=sent.body, headers=headers)).json() == {"status": "accepted"}
        assert (await client.post(address, content=b"{}", headers=headers)).status_code == 404
    async with client_of(db, settings(voronka_secret_key="another key")) as client:
        assert (await client.post(address, content=sent.body, headers=headers)).status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_is_only_posted_to(house: House, method: str) -> None:
    assert (await house.client.request(method, house.form)).status_code == 405
