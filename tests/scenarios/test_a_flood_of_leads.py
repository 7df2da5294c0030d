"""A flood of leads while workers are killed: each good one is a deal, once; each bad one is rejected with its reason.

`VORONKA_LEADS=5000` sends that many.
"""

import asyncio
import os
import signal
import time
from collections import Counter
from typing import Any

import asyncpg
import httpx

from tests.scenarios.boards import make_funnel
from tests.scenarios.flood import KINDS, Flood, flood
from tests.scenarios.people import Person, newcomer
from tests.scenarios.senders import Source, make_source, send
from tests.up import House

LEADS = int(os.environ.get("VORONKA_LEADS", "120"))
CLIENTS = 8
PATIENCE = 60.0 + LEADS / 5  # seconds
INBOX = """query ($after: String) { inbox(first: 200, after: $after) {
    nodes { state reason reasonCode attempts source { kind } deal { id } } totalCount pageInfo { hasNextPage endCursor } } }"""
DEALS = """query ($after: String) { deals(first: 200, after: $after, orderBy: { field: NUMBER, direction: ASC }) {
    nodes { contact { phone } } pageInfo { hasNextPage endCursor } } }"""
OPEN = "{ inbox(filter: { states: [RECEIVED] }, first: 1) { totalCount } sources { received } }"


async def test_each_lead_is_a_deal_once_though_workers_are_killed(house: House, http: httpx.AsyncClient) -> None:
    olena = await newcomer(http, house)
    funnel = await make_funnel(olena)
    sources = {kind: await make_source(olena, kind, funnel.id) for kind in KINDS}
    coming = flood(LEADS)

    began = time.monotonic()
    sending = asyncio.create_task(pour(http, sources, coming))
    for role, which in (("celery", 0), ("worker", 1), ("celery", 1)):
        await has_received(olena, LEADS // 6)
        await asyncio.to_thread(house.get_over, house.signal(role, signal.SIGKILL, which))
    await sending
    accepted = time.monotonic() - began
    await end_leases(house)
    await everything_has_settled(olena)
    print(f"{LEADS / accepted:.0f} accepted and {LEADS / (time.monotonic() - began):.0f} settled a second")

    items = await pages(olena, INBOX, "inbox")
    states = Counter(item["state"] for item in items)
    assert states == {"CREATED": len(coming.phones), "DUPLICATE": coming.doubled, "REJECTED": coming.bad}
    assert all(item["reason"] and item["reasonCode"] for item in items if item["state"] == "REJECTED")
    assert {item["deal"] is not None for item in items if item["state"] == "CREATED"} == {True}
    made = await pages(olena, DEALS, "deals")
    assert sorted(deal["contact"]["phone"] for deal in made) == sorted(coming.phones)


async def end_leases(house: House) -> None:
    """Of those who were killed, as time would; who lives loses theirs too, and must not do twice what another does."""
    conn = await asyncpg.connect(house.env["DATABASE_URL"])
    try:
        await conn.execute("UPDATE jobs SET lease_until = clock_timestamp() WHERE state = 'queued'")
    finally:
        await conn.close()


async def pour(http: httpx.AsyncClient, sources: dict[str, Source], coming: Flood) -> None:
    """By several clients at once, each of whom insists."""

    async def client(which: int) -> None:
        for kind, request in coming.sendings[which::CLIENTS]:
            await send(http, sources[kind], request)

    await asyncio.gather(*(client(which) for which in range(CLIENTS)))


async def has_received(person: Person, count: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while sum(row["received"] for row in (await person.ask(OPEN))["sources"]) < count:  # noqa: ASYNC110  # another process sets no event of ours
            await asyncio.sleep(0.05)


async def everything_has_settled(person: Person) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            seen = await person.ask(OPEN)
            if sum(row["received"] for row in seen["sources"]) == LEADS and not seen["inbox"]["totalCount"]:
                return
            await asyncio.sleep(0.1)


async def pages(person: Person, document: str, field: str) -> list[Any]:
    """All nodes of a list."""
    found: list[Any] = []
    after = None
    while True:
        page = (await person.ask(document, after=after))[field]
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]
