"""Leads that are only named: their answers are asked of an API that stands in for Facebook's."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from shared import accounts, ingest
from shared.db import Database
from shared.ingest import Graph, InboxItem, InboxState, Replay, Request, SourceKind, Trust
from tests import make
from tests.graph_api import GraphApi, graph_api
from tests.samples import requests
from tests.shared.ingest.taking import BASE, CALLER, VAULT, counters, do_all, given
from tests.shared.ingest.test_verifying import signature

LEAD = "/v23.0/55459717045641545"
OPERATORS = "of-the-operator-of-it-all"
TRUST = Trust(VAULT, secrets={SourceKind.FACEBOOK_LEADS: [OPERATORS]})
GONE = {"error": {"message": "Object does not exist", "type": "GraphMethodException", "code": 100}}
BUSY = {"error": {"message": "Too many calls", "code": 613}}


@dataclass(frozen=True)
class Page:
    """A source of Facebook's leads, and all that is done with it."""

    db: Database
    account_id: Any
    source: ingest.Source
    superuser: asyncpg.Connection

    async def post(self, request: Request) -> None:
        signed = Request({**request.headers, "x-hub-signature-256": signature(OPERATORS, request.body)}, request.body)
        async with self.db.transaction(None) as tx:
            assert await ingest.receive(tx, self.source.id, CALLER, signed, TRUST)

    async def work(self, graph: Graph) -> list[InboxItem]:
        """The inbox when all is done, newest first."""
        await do_all(self.db, self.superuser, graph)
        async with self.db.transaction(self.account_id) as tx:
            return (await ingest.inbox(tx)).items

    async def counters(self) -> tuple[int, int, int, int]:
        async with self.db.transaction(self.account_id) as tx:
            return await counters(tx, self.source)


@pytest.fixture
async def superuser(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """There are no jobs but the test's own."""
    conn = await asyncpg.connect(dsn)
    await conn.execute("DELETE FROM jobs")
    yield conn
    await conn.close()


@pytest.fixture
async def page(db: Database, account: accounts.Account, superuser: asyncpg.Connection) -> Page:
    async with db.transaction(account.id) as tx:
        await make.module(tx, "lead_ads")
        new = given(await make.funnel(tx), kind=SourceKind.FACEBOOK_LEADS, access_token="EAAB page")
        source = (await ingest.create_source(tx, new, BASE, VAULT)).source
    return Page(db, account.id, source, superuser)


def graph(api: GraphApi) -> Graph:
    return Graph(api.url, VAULT, "of-the-operator")


async def test_makes_a_deal_of_what_was_answered_once(page: Page) -> None:
    async with graph_api(requests.facebook_answers()) as api:
        for _ in range(3):
            await page.post(requests.posted("facebook_leads"))
        items = await page.work(graph(api))

    assert sorted(item.state for item in items) == ["CREATED", "DUPLICATE", "DUPLICATE"]
    assert api.asked == [f"{LEAD}?access_token=EAAB+page"] * 3
    (item,) = (one for one in items if one.deal_id)
    assert (item.external_id, item.payload["leadgen_id"]) == ("55459717045641545", "55459717045641545")
    assert item.payload["field_data"][0] == {"name": "full_name", "values": ["Богдан Лисенко"]}
    assert await page.counters() == (3, 1, 2, 0)


async def test_asks_again_while_facebook_is_away(page: Page) -> None:
    async with graph_api((503, b"<html>"), (400, BUSY), (429, {}), requests.facebook_answers()) as api:
        await page.post(requests.posted("facebook_leads"))
        (item,) = await page.work(graph(api))

    assert (item.state, item.attempts, len(api.asked)) == (InboxState.CREATED, 4, 4)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((400, GONE), "Facebook не надає відповідей: Object does not exist"),
        ((404, b"nothing"), "Facebook не надає відповідей: the answer cannot be read."),
        ((302, {}), "Facebook не надає відповідей: status 302."),
        ((200, b"[" * 100_000), "Facebook не надає відповідей: the answer cannot be read."),
        ((200, {"error": "\u0000 no"}), "Facebook не надає відповідей: � no"),
    ],
)
async def test_rejects_at_once_what_facebook_does_not_give(page: Page, answer: tuple[int, Any], reason: str) -> None:
    async with graph_api(answer) as api:
        await page.post(requests.posted("facebook_leads"))
        (item,) = await page.work(graph(api))

    assert (item.state, item.reason_code, item.reason) == (InboxState.REJECTED, "NOT_ANSWERED", reason)
    assert (len(api.asked), await page.counters()) == (1, (1, 0, 0, 1))


async def test_gives_up_when_nobody_answers_and_takes_in_what_is_replayed(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.ingest.commands.MOST_FETCHES", 2)
    await page.post(requests.posted("facebook_leads"))
    (item,) = await page.work(Graph("http://127.0.0.1:9", VAULT))
    assert (item.state, item.reason_code, item.attempts) == (InboxState.REJECTED, "NOT_ANSWERED", 2)
    assert item.reason == "Власний сервіс джерела не відповів."

    async with page.db.transaction(page.account_id) as tx:
        await ingest.replay(tx, Replay((item.id,)))
    async with graph_api(requests.facebook_answers()) as api:
        (taken,) = await page.work(graph(api))

    assert (taken.state, taken.reason) == (InboxState.CREATED, None)
    assert await page.counters() == (1, 1, 0, 0)


async def test_waits_for_the_module_with_its_answers(page: Page) -> None:
    async with page.db.transaction(page.account_id) as tx:
        await make.module(tx, "lead_ads", (await tx.now()).date())
    async with graph_api(requests.facebook_answers()) as api:
        await page.post(requests.posted("facebook_leads"))
        (waiting,) = await page.work(graph(api))
        assert (waiting.state, waiting.reason_code) == (InboxState.WAITING, "MODULE_INACTIVE")
        async with page.db.transaction(page.account_id) as tx:
            await accounts.open_modules(tx, {"lead_ads": (await tx.now()).date().replace(year=9999)})
        (taken,) = await page.work(graph(api))

    assert (taken.state, len(api.asked)) == (InboxState.CREATED, 1)


async def test_takes_the_operators_token_for_a_source_without_its_own(page: Page) -> None:
    await page.superuser.execute("UPDATE sources SET sealed_access_token = NULL WHERE id = $1", page.source.id)
    async with graph_api(requests.facebook_answers()) as api:
        await page.post(requests.posted("facebook_leads"))
        (first,) = await page.work(graph(api))
        await page.post(requests.posted("facebook_leads", entry=[lead("7")]))
        second, _ = await page.work(Graph(api.url, VAULT))

    assert (first.state, api.asked) == (InboxState.CREATED, [f"{LEAD}?access_token=of-the-operator"])
    assert second.reason == "Facebook не надає відповідей: the source has no access token."


def lead(id: str) -> dict[str, Any]:
    return {"changes": [{"field": "leadgen", "value": {"leadgen_id": id}}]}


def test_asks_the_version_that_the_address_names() -> None:
    assert Graph("http://graph/", VAULT).address("5/6") == "http://graph/v23.0/5%2F6"
    assert Graph("http://graph/v19.0", VAULT).address("5") == "http://graph/v19.0/5"
