"""An owner who buys modules of a running service: an API and a worker as processes, and a stand-in for the banks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from services.local import tokens
from shared.payments import Call
from tests import client, sockets
from tests.client import Api
from tests.scenarios.people import RIGHTS, Person
from tests.shared.payments import signing
from tests.shared.payments.standing_in import StandIn, standing_in
from tests.worker.processes import worker

AN_HOUR = 3_600
QUOTE = "quote { id total { amount } due { amount } lines { kind days ofDays periodEnd amount { amount } } }"
PAID = "payment { id state checkout { url method fields } } invoice { number state } modules { state }"
CHANGES = """subscription { billingChanged { __typename
    ... on ModuleChanged { module { state module { code } } }
    ... on PaymentChanged { payment { id state refunded { amount } } } } }"""
BILLING = """{ billing { today renewsOn balance { amount } nextRenewal { total { amount } }
    balanceEntries { totalCount } modules { state interval periodStart periodEnd usable module { code } }
    invoices(first: 50) { nodes { number state issuedOn dueOn total { amount } vat { amount } paid { amount }
        lines { days ofDays amount { amount } } } } } }"""


@dataclass(frozen=True)
class Shop:
    api: Api
    bank: StandIn
    http: httpx.AsyncClient

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.api.port}"

    @property
    def crm(self) -> Person:
        return Person(self.http, [self.address], tokens.service(self.api.env, AN_HOUR))

    async def owner(self, now: str, zone: str = "Europe/Kyiv") -> "Owner":
        """Of a new test account, whose clock stands there."""
        made = await self.crm.do("createAccount", "account { id }", name="Оселя", timeZone=zone, test=True)
        id = UUID(made["account"]["id"])
        token = tokens.person(self.api.env, id, id, "Олена", RIGHTS, AN_HOUR)
        owner = Owner(self.http, [self.address], token, self, id)
        await owner.clock(now)
        return owner

    async def call(self, provider: str, call: Call) -> tuple[int, str]:
        """As a provider calls."""
        headers = {name.encode(): value.encode("latin-1") for name, value in call.headers.items()}
        response = await self.http.post(f"{self.address}/callbacks/{provider}", content=call.body, headers=headers)
        return response.status_code, response.text


@dataclass(frozen=True)
class Owner(Person):
    shop: Shop
    account_id: UUID

    async def clock(self, now: str) -> None:
        while True:  # it answers after a while, wherever the clock stands then
            set_at = await self.shop.crm.do("setClock", "account { now }", accountId=str(self.account_id), now=now)
            if datetime.fromisoformat(set_at["account"]["now"]) >= datetime.fromisoformat(now):
                return

    async def quote(self, code: str, interval: str) -> dict[str, Any]:
        items = [{"moduleCode": code, "interval": interval}]
        quoted: dict[str, Any] = (await self.do("createQuote", QUOTE, items=items))["quote"]
        return quoted

    async def begin(self, code: str, interval: str, provider: str = "sandbox") -> dict[str, Any]:
        """What is to be paid, and how."""
        quoted = await self.quote(code, interval)
        begun = await self.do("pay", PAID, quoteId=quoted["id"], provider=provider)
        return {**quoted, "payment": begun["payment"]}

    async def choose(self, begun: dict[str, Any], choice: str) -> None:
        """As a browser does: the page is shown, a button is pressed."""
        checkout = begun["payment"]["checkout"]
        assert (checkout["method"], checkout["fields"]) == ("GET", {})
        shown = await self.http.get(checkout["url"])
        assert f'value="{choice}"' in shown.text
        sent = await self.http.post(checkout["url"], data={"choice": choice})
        assert sent.status_code == 303, sent.text

    async def buy(self, code: str, interval: str) -> dict[str, Any]:
        """On the sandbox's page; until the module is there."""
        begun = await self.begin(code, interval)
        async with self.following() as news:
            await self.choose(begun, "pay")
            await news.module(code, "ACTIVE")
        return begun

    async def billing(self) -> dict[str, Any]:
        seen: dict[str, Any] = (await self.ask(BILLING))["billing"]
        return seen

    @asynccontextmanager
    async def following(self) -> AsyncIterator["Following"]:
        async with sockets.signed_in(self.shop.address.removeprefix("http://"), self.token) as socket:
            await socket.subscribe("billing", CHANGES)
            following = Following(socket, [])
            assert (await following.next())["__typename"] == "BillingReady"
            yield following


@dataclass(frozen=True)
class Following:
    """What is told of billing over a socket; `heard`: all of it so far."""

    socket: sockets.Socket
    heard: list[dict[str, Any]]

    async def next(self) -> dict[str, Any]:
        message: dict[str, Any] = (await self.socket.of("billing"))["payload"]["data"]["billingChanged"]
        self.heard.append(message)
        return message

    async def module(self, code: str, state: str) -> None:
        """Until the module is told to be in that state."""
        wanted = {"__typename": "ModuleChanged", "module": {"state": state, "module": {"code": code}}}
        while await self.next() != wanted:
            pass

    async def payment(self, id: str, state: str, refunded: str = "0.00") -> None:
        payment = {"id": id, "state": state, "refunded": {"amount": refunded}}
        while await self.next() != {"__typename": "PaymentChanged", "payment": payment}:
            pass


@asynccontextmanager
async def shop(folder: Path, dsn: str, redis_url: str) -> AsyncIterator[Shop]:
    async with standing_in() as bank:
        keys: dict[str, Any] = {
            "VORONKA_LIQPAY_PUBLIC_KEY": signing.PUBLIC_KEY,
            "VORONKA_LIQPAY_PRIVATE_KEY": signing.LIQPAY_KEY,
            "VORONKA_WAYFORPAY_ACCOUNT": signing.MERCHANT,
            "VORONKA_WAYFORPAY_KEY": signing.WAYFORPAY_KEY,
            "VORONKA_MONOBANK_TOKEN": "mono-token",
            "VORONKA_STRIPE_SECRET_KEY": "sk_test_1",
            "VORONKA_STRIPE_WEBHOOK_SECRET": signing.STRIPE_SECRET,
            **{f"VORONKA_{name}_URL": bank.url for name in ("LIQPAY", "WAYFORPAY", "MONOBANK", "STRIPE")},
        }
        bank.replies["/api/merchant/invoice/create"] = lambda _path, _body: {
            "invoiceId": "p2_1",
            "pageUrl": f"{bank.url}/p2_1",
        }
        bank.replies["/v1/checkout/sessions"] = lambda _path, _body: {
            "id": "cs_test_1",
            "object": "checkout.session",
            "url": f"{bank.url}/cs_test_1",
        }
        async with (
            client.api(folder, dsn, redis_url, **keys) as api,
            worker(folder, dsn, redis_url, **{name: value for name, value in api.env.items() if name != "REDIS_URL"}),
            httpx.AsyncClient(timeout=client.PATIENCE) as http,
        ):
            yield Shop(api, bank, http)
