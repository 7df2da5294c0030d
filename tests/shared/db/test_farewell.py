"""A server that goes down says so, and then is gone: between the two its connection is open, and good for nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import anyio
import asyncpg
import pytest

from shared import accounts
from shared.db import Transaction, connect
from shared.errors import NotFound, Unavailable

CHUNK = 65_536


@dataclass(frozen=True)
class Proxy:
    """Passes on what the server says, but not that it is gone. `said`: set once the server has said its last word."""

    address: str
    said: asyncio.Event


@asynccontextmanager
async def slow_to_close(dsn: str) -> AsyncIterator[Proxy]:
    address, said, over = urlsplit(dsn), asyncio.Event(), asyncio.Event()
    serving: set[asyncio.Task[None]] = set()

    async def serve(client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        server, to_server = await asyncio.open_connection(address.hostname, address.port)
        asking = asyncio.create_task(_pass_on(client, to_server))
        await _pass_on(server, to_client)
        said.set()
        await over.wait()
        for writer in (to_client, to_server):
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
        await asking

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as proxy:
        port = proxy.sockets[0].getsockname()[1]
        netloc = f"{address.username}:{address.password}@127.0.0.1:{port}"
        try:
            yield Proxy(urlunsplit(address._replace(netloc=netloc)), said)
        finally:
            over.set()
            await asyncio.gather(*serving)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while said := await reader.read(CHUNK):
            writer.write(said)
            await writer.drain()


@asynccontextmanager
async def ended_session(dsn: str, account: accounts.Account) -> AsyncIterator[Transaction]:
    """A transaction whose server has just said farewell, and whose connection is open."""
    async with slow_to_close(dsn) as proxy, connect(proxy.address, size=1) as db, db.transaction(account.id) as tx:
        administrator = await asyncpg.connect(dsn)
        assert await administrator.fetchval("SELECT pg_terminate_backend($1, 5000)", tx.conn.get_server_pid())
        await administrator.close()
        await proxy.said.wait()
        await anyio.wait_all_tasks_blocked()  # it was heard
        yield tx


async def test_a_statement_after_the_farewell_is_an_outage(dsn: str, account: accounts.Account) -> None:
    with pytest.raises(Unavailable):
        async with ended_session(dsn, account) as tx:
            await tx.fetchval("SELECT 1")


async def test_a_refusal_after_the_farewell_is_an_outage(dsn: str, account: accounts.Account) -> None:
    with pytest.raises(Unavailable):
        async with ended_session(dsn, account):
            raise NotFound(account.id)


async def test_a_commit_after_the_farewell_is_an_outage(dsn: str, account: accounts.Account) -> None:
    with pytest.raises(Unavailable):
        async with ended_session(dsn, account):
            pass
