"""What is said after commit: to other processes by NOTIFY, to workers by Celery. All of it may be lost."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest
import redis

from shared import accounts, deals, hints, jobs
from shared.db import Message, connect
from shared.events import StreamMoved
from shared.hints import ACCOUNTS, CHANNELS, STREAMS, USERS, AccountChanged, Hints, UserChanged, decode, encode
from shared.jobs import JobDue
from tests import make

A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)
PATIENCE = 10.0  # seconds; a test that waits longer has failed


class Ear:
    """Hears the notes of the other processes."""

    def __init__(self) -> None:
        self.notes: asyncio.Queue[tuple[str, list[hints.Hint]]] = asyncio.Queue()

    def __call__(self, _conn: object, _pid: int, channel: str, note: object) -> None:
        self.notes.put_nowait((channel, decode(channel, str(note))))

    async def next(self) -> tuple[str, list[hints.Hint]]:
        async with asyncio.timeout(PATIENCE):
            return await self.notes.get()


@pytest.fixture
async def ear(dsn: str) -> AsyncIterator[Ear]:
    conn, ear = await asyncpg.connect(dsn), Ear()
    for channel in CHANNELS:
        await conn.add_listener(channel, ear)
    yield ear
    await conn.close()


@pytest.fixture
def broker(redis_url: str) -> str:
    """A database of Redis that no other test uses, emptied."""
    address = redis_url.rsplit("/", 1)[0] if redis_url.count("/") > 2 else redis_url
    client = redis.Redis.from_url(f"{address}/9")
    client.flushdb()
    client.close()
    return f"{address}/9"


def queued(broker: str) -> int:
    client = redis.Redis.from_url(broker)
    length = client.llen("celery")
    client.close()
    assert isinstance(length, int)
    return length


def test_notes_are_read_as_they_were_written() -> None:
    moved, changed = [StreamMoved(A, B, 5), StreamMoved(A, C, 2**40)], [UserChanged(A, B)]

    assert decode(STREAMS, encode(moved)) == moved
    assert decode(USERS, encode(changed)) == changed


def test_a_full_note_fits_into_a_notify() -> None:
    assert len(encode([StreamMoved(A, B, 2**63 - 1)] * hints.LARGEST_NOTE)) < 8_000


async def test_this_process_hears_at_once_and_the_others_after_it(dsn: str, broker: str, ear: Ear) -> None:
    spoken = Hints(dsn, broker)
    heard: list[hints.Hint] = []
    spoken.on_hint = heard.append
    async with spoken.running():
        moved = [StreamMoved(A, B, 1), StreamMoved(A, B, 2), StreamMoved(A, C, 7)]
        spoken.deliver([*moved, UserChanged(A, B), AccountChanged(A)])
        assert heard == [StreamMoved(A, B, 2), StreamMoved(A, C, 7), UserChanged(A, B), AccountChanged(A)]

        assert await ear.next() == (STREAMS, [StreamMoved(A, B, 2), StreamMoved(A, C, 7)])
        assert await ear.next() == (USERS, [UserChanged(A, B)])
        assert await ear.next() == (ACCOUNTS, [AccountChanged(A)])


async def test_many_streams_are_told_in_several_notes(dsn: str, broker: str, ear: Ear) -> None:
    moved = [StreamMoved(A, UUID(int=number), 1) for number in range(hints.LARGEST_NOTE + 1)]
    async with (spoken := Hints(dsn, broker)).running():
        spoken.deliver(moved)

        assert await ear.next() == (STREAMS, moved[:-1])
        assert await ear.next() == (STREAMS, moved[-1:])


async def test_ids_out_of_the_database_are_told_too(dsn: str, broker: str, ear: Ear, account: accounts.Account) -> None:
    """A moved deal's funnel is read from its row: asyncpg's id of it is of another class."""
    spoken = Hints(dsn, broker)
    async with spoken.running(), connect(dsn, size=1, deliver=spoken.deliver) as db:
        async with db.transaction(account.id) as tx:
            deal = await make.deal(tx)
        await ear.next()
        async with db.transaction(account.id) as tx:
            await deals.move(tx, deals.Move(deal.id, deal.stage_id))

        assert await ear.next() == (STREAMS, [StreamMoved(account.id, deal.funnel_id, 2)])


async def test_goes_on_after_its_connection_was_cut(dsn: str, broker: str, ear: Ear) -> None:
    async with (spoken := Hints(dsn, broker)).running():
        spoken.deliver([StreamMoved(A, B, 1)])
        await ear.next()
        conn = await asyncpg.connect(dsn)
        await conn.execute(
            """SELECT pg_terminate_backend(pid, 5000)
                 FROM pg_stat_activity
                WHERE datname = current_database() AND query LIKE '%NOTIFY streams%' AND pid <> pg_backend_pid()"""
        )
        await conn.close()

        heard = None
        for seq in range(2, 100):  # the first note after the cut may be lost
            spoken.deliver([StreamMoved(A, B, seq)])
            with_luck = asyncio.create_task(ear.next())
            done, _ = await asyncio.wait([with_luck], timeout=0.1)
            if done:
                heard = with_luck.result()
                break
            with_luck.cancel()
        assert heard is not None
        assert heard[0] == STREAMS


async def test_jobs_are_sent_by_their_ids(dsn: str, broker: str, account: accounts.Account) -> None:
    spoken = Hints(dsn, broker)
    async with spoken.running(), connect(dsn, size=1, deliver=spoken.deliver) as db:
        async with db.transaction(account.id) as tx:
            await jobs.add(tx, "tests.hints")
            await jobs.add(tx, "tests.hints")

    assert queued(broker) in (1, 2)  # messages: jobs that are due together go together


async def test_a_redis_that_is_not_there_is_passed_over(dsn: str) -> None:
    spoken = Hints(dsn, "redis://127.0.0.1:1/0")
    async with spoken.running():
        assert await asyncio.to_thread(spoken.jobs.send, [A]) is False
        messages: list[Message] = [JobDue(B)] * 20_000
        spoken.deliver(messages)  # more than the queue holds: no wait, no error
