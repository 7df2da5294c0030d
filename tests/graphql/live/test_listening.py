"""The connection that hears what other processes say, and that is made anew whenever it is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from services.graphql.live import listening
from services.graphql.live.listening import listen
from shared import ids
from shared.events import StreamMoved
from shared.hints import STREAMS, USERS, Hint, UserChanged, encode
from tests.graphql.live.boards import until
from tests.graphql.live.cutting import Way, way_to


class Ear:
    """What was heard, and how often something may have been missed."""

    def __init__(self) -> None:
        self.heard: list[Hint] = []
        self.missed = 0

    def miss(self) -> None:
        self.missed += 1


@pytest.fixture
async def way(dsn: str) -> AsyncIterator[Way]:
    async with way_to(urlsplit(dsn).netloc.rpartition("@")[2]) as way:
        yield way


@pytest.fixture
async def ear(dsn: str, way: Way, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ear]:
    assert (listening.PULSE, listening.PATIENCE, listening.PAUSE) == (3.0, 2.0, 0.5)
    monkeypatch.setattr(listening, "PULSE", 0.05)
    monkeypatch.setattr(listening, "PAUSE", 0.01)
    ear = Ear()
    name = urlsplit(dsn).netloc.rpartition("@")[0]
    through = urlunsplit(urlsplit(dsn)._replace(netloc=f"{name}@{way.address}"))
    task = asyncio.create_task(listen(through, ear.heard.append, ear.miss))
    await until(lambda: ear.missed == 1)
    yield ear
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def say(dsn: str, channel: str, *hints: Hint) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("SELECT pg_notify($1, $2)", channel, encode(hints))
    await connection.close()


async def test_hears_what_was_said_of_streams_and_of_users(dsn: str, ear: Ear) -> None:
    moved = [StreamMoved(ids.new(), ids.new(), seq) for seq in range(3)]
    changed = UserChanged(ids.new(), ids.new())
    await say(dsn, STREAMS, *moved)
    await say(dsn, USERS, changed)
    await until(lambda: len(ear.heard) == 4)

    assert ear.heard == [*moved, changed]
    assert ear.missed == 1


@pytest.mark.parametrize("how", ["cut", "silence"])
async def test_listens_again_when_the_connection_is_lost(
    dsn: str, ear: Ear, way: Way, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "PATIENCE", 0.3)
    moved = StreamMoved(ids.new(), ids.new(), 7)
    if how == "cut":
        way.cut()
    else:
        way.silence()
    await say(dsn, STREAMS, StreamMoved(ids.new(), ids.new(), 1))  # nobody hears it
    await until(lambda: ear.missed > 1)  # and that is known
    await say(dsn, STREAMS, moved)
    await until(lambda: moved in ear.heard)
