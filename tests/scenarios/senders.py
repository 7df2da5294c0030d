"""Whoever sends what becomes deals: a telephone exchange, a page's form. They know an address, and send again."""

from dataclasses import dataclass
from typing import Any

import httpx

from shared.ingest import Request
from tests.scenarios.people import Person, insist
from tests.worker.processes import eventually

SOURCES = "{ sources { id received created duplicates rejected } }"
INBOX = """
    query ($sourceId: ID!) { inbox(filter: { sourceId: $sourceId }, first: 200) {
        nodes { state externalId deal { id title } }
    } }
"""


@dataclass(frozen=True)
class Source:
    id: str
    name: str
    address: str


async def make_source(person: Person, kind: str, funnel_id: str) -> Source:
    name = kind.title()
    made = await person.do("createSource", "source { id } address", name=name, kind=kind, funnelId=funnel_id)
    return Source(made["source"]["id"], name, made["address"])


async def post(http: httpx.AsyncClient, source: Source, request: Request) -> httpx.Response:
    return await http.post(source.address, content=request.body, headers=dict(request.headers))


async def send(http: httpx.AsyncClient, source: Source, request: Request) -> None:
    """Again and again, until it is taken."""
    await insist(lambda _address: post(http, source, request), [source.address])


async def counters(person: Person, source: Source) -> dict[str, int]:
    """What the source says of itself."""
    found: list[dict[str, Any]] = (await person.ask(SOURCES))["sources"]
    return next({name: row[name] for name in row if name != "id"} for row in found if row["id"] == source.id)


async def inbox(person: Person, source: Source) -> list[dict[str, Any]]:
    """What came from the source, newest first."""
    items: list[dict[str, Any]] = (await person.ask(INBOX, sourceId=source.id))["inbox"]["nodes"]
    return items


async def has_settled(person: Person, source: Source, received: int) -> None:
    """Until so many requests have come, and something has become of each."""

    async def settled() -> bool:
        now = await counters(person, source)
        return now["received"] == received == now["created"] + now["duplicates"] + now["rejected"]

    await eventually(settled, "the jobs of a source")
