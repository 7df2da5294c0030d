"""Recorded requests of every kind come over HTTP, several times, in any order, from several clients at once."""

import asyncio
import hashlib
import hmac
from collections import Counter
from random import Random
from typing import Any

import httpx

from shared import accounts, ingest, jobs
from shared.db import Database
from shared.ingest import Graph, Request, Vault
from tests import make
from tests.graph_api import graph_api
from tests.graphql.asking import CREATE_SOURCE, Person
from tests.samples import requests
from tests.shared.ingest.taking import SECRET, kinds

TIMES, CLIENTS = 3, 4
RECORDED = {
    "FORM": requests.web_form(),
    "JSON": requests.posted("json_post"),
    "TILDA": requests.fields_of("tilda"),
    "FACEBOOK_LEADS": requests.posted("facebook_leads"),
    "GOOGLE_LEADS": requests.posted("google_leads"),
    "BINOTEL": requests.binotel_call(),
    "RINGOSTAT": requests.fields_of("ringostat"),
    "PHONET": requests.posted("phonet"),
}
INBOX = """query { inbox(first: 200) { nodes { state source { kind } externalId
    deal { title source sourceName contact { name phone email } } } } }"""


async def make_source(owner: Person, funnel: Any, kind: str) -> str:
    given = {"name": kind, "kind": kind, "funnelId": funnel["id"], "secret": SECRET}
    made = await owner.act(CREATE_SOURCE, attachToOpenDeal=False, **given)
    address: str = made["address"]
    return address


def signed(kind: str, request: Request) -> Request:
    if kind != "FACEBOOK_LEADS":
        return request
    signature = "sha256=" + hmac.new(SECRET.encode(), request.body, hashlib.sha256).hexdigest()
    return Request({**request.headers, "X-Hub-Signature-256": signature}, request.body)


async def work(db: Database, account: accounts.Account, graph: Graph) -> None:
    """Do what is due, all at once, until there is nothing left."""
    due = "SELECT id FROM jobs WHERE account_id = $1 AND state = 'queued' AND kind <> $2"
    while True:
        async with db.transaction(account.id) as tx:
            waiting = [row["id"] for row in await tx.fetch(due, account.id, ingest.FORGET)]
        if not waiting:
            return
        for first in range(0, len(waiting), 4):
            await asyncio.gather(*(jobs.perform(db, kinds(graph), id) for id in waiting[first : first + 4]))


async def test_each_becomes_the_right_deal_once(owner: Person, db: Database, account: accounts.Account) -> None:
    async with db.transaction(account.id) as tx:
        for module in ("telephony", "lead_ads"):
            await make.module(tx, module)
    funnel = await owner.funnel()
    addresses = {kind: await make_source(owner, funnel, kind) for kind in RECORDED}
    sendings = list(RECORDED) * TIMES
    Random(7).shuffle(sendings)

    async def client(kinds: list[str]) -> None:
        async with httpx.AsyncClient(timeout=60) as http:
            for kind in kinds:
                request = signed(kind, RECORDED[kind])
                answer = await http.post(addresses[kind], content=request.body, headers=dict(request.headers))
                assert (answer.status_code, answer.json()) == (200, ingest.KINDS[ingest.SourceKind(kind)].ANSWER)

    await asyncio.gather(*(client(sendings[which::CLIENTS]) for which in range(CLIENTS)))
    async with graph_api(requests.facebook_answers()) as api:
        await work(db, account, Graph(api.url, Vault("unused"), "a token"))

    items = (await owner.ask(INBOX))["inbox"]["nodes"]
    expected = {(kind, state): count for kind in RECORDED for state, count in (("CREATED", 1), ("DUPLICATE", 2))}
    assert Counter((item["source"]["kind"], item["state"]) for item in items) == expected
    made = {item["source"]["kind"]: item["deal"] for item in items if item["deal"]}
    assert {kind: (deal["title"], deal["source"], deal["contact"]["phone"]) for kind, deal in made.items()} == {
        "FORM": ("Оксана Мельник", "FORM", "+380501112233"),
        "JSON": ("Марія Шевченко", "API", "+380671234567"),
        "TILDA": ("Соломія", "FORM", "+380507778899"),
        "FACEBOOK_LEADS": ("Богдан Лисенко", "FORM", "+380931112233"),
        "GOOGLE_LEADS": ("Ірина Савчук", "FORM", "+380961234567"),
        "BINOTEL": ("Дзвінок +380990272198", "CALL", "+380990272198"),
        "RINGOSTAT": ("Дзвінок +380671112233", "CALL", "+380671112233"),
        "PHONET": ("Дзвінок +380501112233", "CALL", "+380501112233"),
    }
    assert (await owner.board(funnel))["columns"][0]["dealCount"] == len(RECORDED)
