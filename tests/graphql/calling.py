"""A provider calls: what it hears, what is kept of its call, and what becomes of that."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.applications import Starlette

from services.graphql import callbacks
from services.local import ports
from services.worker.kinds import KINDS
from shared import jobs, payments
from shared.config import Settings
from shared.db import Database, Record
from shared.payments import Call
from tests.serving import running
from tests.shared.payments import signing
from tests.shared.payments.standing_in import StandIn, standing_in

NOT_LET_IN = (403, "Nobody of ours has signed this.")
MAKERS: dict[str, Callable[..., Call]] = {
    "liqpay": signing.liqpay_call,
    "wayforpay": signing.wayforpay_call,
    "monobank": signing.monobank_call,
    "stripe": signing.stripe_call,
    "sandbox": signing.sandbox_call,
}


@dataclass(frozen=True)
class House:
    client: httpx.AsyncClient
    settings: Settings
    bank: StandIn
    db: Database

    async def call(self, provider: str, call: Call) -> tuple[int, str]:
        headers = {name.encode(): value.encode("latin-1") for name, value in call.headers.items()}
        response = await self.client.post(f"/callbacks/{provider}", content=call.body, headers=headers)
        return response.status_code, response.text

    async def kept(self, call: Call) -> list[Record]:
        async with self.db.transaction(None) as tx:
            return await tx.fetch("SELECT * FROM callbacks WHERE body = $1", call.body)

    async def traces(self) -> tuple[int, int]:
        """How many calls are kept, and how many jobs there were for them."""
        async with self.db.transaction(None) as tx:
            row = await tx.fetchrow(
                "SELECT (SELECT count(*) FROM callbacks), (SELECT count(*) FROM jobs WHERE kind = $1)",
                payments.CALLBACK,
            )
        assert row is not None
        return tuple(row)

    async def work(self) -> None:
        """What is kept is applied."""
        kinds = {**KINDS, **payments.kinds(lambda: self.settings)}
        async with self.db.transaction(None) as tx:
            due = await tx.fetch("SELECT id FROM jobs WHERE kind = $1 AND state = 'queued'", payments.CALLBACK)
        for job in due:
            await jobs.perform(self.db, kinds, job["id"])


@asynccontextmanager
async def client_of(db: Database, given: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """The service's callbacks with those settings, on a real socket."""
    app, port = Starlette(routes=callbacks.routes), ports.choose()
    app.state.db, app.state.settings = db, given
    async with running(app, port, ws="none"), httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        yield client


@asynccontextmanager
async def house_of(db: Database, **settings: Any) -> AsyncIterator[House]:
    async with standing_in() as bank:
        given = signing.settings(voronka_monobank_url=bank.url, **settings)
        async with client_of(db, given) as client:
            yield House(client, given, bank, db)
