"""An export goes as fast as its reader, and holds nothing meanwhile."""

import asyncio
import csv
import io
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from shared import deals, funnels, ids
from shared.actor import Actor, ActorKind, Permission
from shared.db import JOB, Database
from tests.graphql.asking import UPDATE_DEAL, Person

pytestmark = pytest.mark.anyio

DEALS = 1_100  # three pages, of which the sockets' buffers hold less than one and a half
LONG = "x" * 8_000
LITTLE = 4_096  # bytes
CONNECTIONS = 10  # that the API has in its pool


@asynccontextmanager
async def exporting(owner: Person, funnel: Any) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """An export that was asked for and that nobody reads yet."""
    asking = socket.socket()
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LITTLE)
    asking.setblocking(False)
    await asyncio.get_running_loop().sock_connect(asking, ("127.0.0.1", owner.api.port))
    reader, writer = await asyncio.open_connection(sock=asking, limit=LITTLE)
    head = f"GET /exports/{funnel['id']}.csv HTTP/1.1\r\nHost: voronka\r\nAuthorization: Bearer {owner.token}\r\n"
    writer.write(f"{head}Connection: close\r\n\r\n".encode())
    try:
        yield reader, writer
    finally:
        writer.close()


async def fill(db: Database, owner: Person, funnel: Any) -> UUID:
    """Many long deals; the id of the last one."""
    rows = [
        deals.NewRow(
            deals.NewDeal(
                ids.new(), UUID(funnel["id"]), f"{number}", deals.Contact("Анна"), custom_fields={"довге": LONG}
            )
        )
        for number in range(DEALS)
    ]
    async with db.transaction(owner.account_id, limits=JOB) as tx:
        tx.actor = Actor(ActorKind.USER, owner.id, permissions=frozenset(Permission))
        await deals.import_batch(tx, await funnels.lock(tx, UUID(funnel["id"])), rows, "deals.csv", owner.id)
    return rows[-1].new.id


async def test_readers_that_stand_still_hold_no_connection_and_get_the_rest_as_it_is_when_read(
    owner: Person, db: Database
) -> None:
    funnel = await owner.funnel()
    last = await fill(db, owner, funnel)

    async with AsyncExitStack() as standing, exporting(owner, funnel) as (patient, _):
        head = await patient.readuntil(b"\r\n\r\n")
        for _ in range(CONNECTIONS):
            reader, writer = await standing.enter_async_context(exporting(owner, funnel))
            await reader.readuntil(b"\r\n\r\n")
            standing.callback(writer.transport.abort)
        await owner.act(UPDATE_DEAL, id=str(last), title="Змінено, поки ніхто не читав")
        await standing.aclose()  # all but one are gone in the middle
        body = await patient.read(-1)

    assert b"transfer-encoding: chunked" in head.lower()
    text = b"".join(chunks(body)).decode().removeprefix("\ufeff")
    titles = [row["Назва"] for row in csv.DictReader(io.StringIO(text, newline=""))]
    assert titles == [*map(str, range(DEALS - 1)), "Змінено, поки ніхто не читав"]
    assert (await owner.board(funnel))["columns"][0]["dealCount"] == DEALS


def chunks(body: bytes) -> list[bytes]:
    """Of HTTP's chunked encoding; the last one is empty, or the body is not whole."""
    found, at = [], 0
    while True:
        end = body.index(b"\r\n", at)
        size = int(body[at:end], 16)
        found.append(body[end + 2 : end + 2 + size])
        at = end + 2 + size + 2
        if size == 0:
            return found
