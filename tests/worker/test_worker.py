"""Workers as real processes, with real Celery: what is due is done once, whoever falls."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from services.local import ports
from services.worker.kinds import KINDS
from shared import accounts, events, ingest, jobs
from shared.db import Database, connect
from shared.events import StreamMoved
from shared.hints import STREAMS, Hints, decode
from shared.ingest import Caller, InboxState, NewSource, Request, Source, SourceKind
from tests import make
from tests.samples import requests
from tests.worker.processes import PATIENCE, Worker, eventually, is_alive, until, worker

TRUST = ingest.Trust(ingest.Vault("a key of the tests"))
SECRET = "a-secret-of-the-form"


@pytest.fixture
async def superuser(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """There are no jobs but the test's own."""
    conn = await asyncpg.connect(dsn)
    await conn.execute("DELETE FROM jobs")
    yield conn
    await conn.close()


@pytest.fixture
def broker(redis_url: str) -> str:
    """A database of Valkey in which no other process of pytest looks for messages."""
    number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return f"{redis_url.rstrip('/').removesuffix('/0')}/{1 + int(number) % 15}"


@pytest.fixture
def nobody() -> str:
    """The address of a Redis that is not there."""
    return f"redis://127.0.0.1:{ports.choose()}"


@pytest.fixture
async def source(db: Database, account: accounts.Account) -> Source:
    async with db.transaction(account.id) as tx:
        funnel = await make.funnel(tx)
        await make.module(tx, "telephony")
        given = {"name": "Binotel", "kind": SourceKind.BINOTEL, "funnel_id": str(funnel.id), "secret": SECRET}
        new = NewSource.read(given | {"attach_to_open_deal": False})
        return (await ingest.create_source(tx, new, "http://voronka", TRUST.vault)).source


async def send(db: Database, source: Source, call: Request) -> None:
    async with db.transaction(None) as tx:
        assert await ingest.receive(tx, source.id, Caller(SECRET, None, datetime.now(UTC)), call, TRUST) is not None


def call(number: int) -> Request:
    return requests.binotel_call(generalCallID=str(number))


async def states(db: Database, account_id: UUID) -> list[InboxState]:
    async with db.reading(account_id) as tx:
        return [item.state for item in (await ingest.inbox(tx)).items]


async def numbers(db: Database, account_id: UUID, source: Source) -> list[int]:
    """Of the events on the source's board."""
    async with db.reading(account_id) as tx:
        return [event.seq for event in await events.after(tx, source.funnel_id, 0)]


async def all_done(superuser: asyncpg.Connection) -> bool:
    """But for what is to be forgotten in three months."""
    return not await superuser.fetchval(
        "SELECT EXISTS (SELECT FROM jobs WHERE state <> 'done' AND kind <> $1)", ingest.FORGET
    )


async def none_left(superuser: asyncpg.Connection) -> None:
    await eventually(lambda: all_done(superuser), "the end of all jobs")


async def test_does_what_a_message_brings_and_tells_who_watches(
    tmp_path: Path,
    dsn: str,
    broker: str,
    account: accounts.Account,
    db: Database,
    source: Source,
    superuser: asyncpg.Connection,
) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    await superuser.add_listener(STREAMS, lambda *note: heard.put_nowait(note[3]))
    hints = Hints(dsn, broker)
    async with (
        hints.running(),
        connect(dsn, size=2, deliver=hints.deliver) as edge,
        worker(tmp_path, dsn, broker) as one,
    ):
        await one.listens()
        for number in range(5):
            await send(edge, source, call(number))
        await none_left(superuser)
        note = await asyncio.wait_for(heard.get(), PATIENCE)

    assert await states(db, account.id) == [InboxState.CREATED] * 5
    assert await numbers(db, account.id, source) == [1, 2, 3, 4, 5]
    # The sweeper looks at what is due for more than a second: the others came by a message.
    assert await superuser.fetchval("SELECT count(*) FROM jobs WHERE swept_at IS NULL AND attempts = 1") > 0
    assert decode(STREAMS, note)[0] in [StreamMoved(account.id, source.funnel_id, seq) for seq in range(1, 6)]


async def test_does_all_itself_without_redis(
    tmp_path: Path,
    dsn: str,
    nobody: str,
    account: accounts.Account,
    db: Database,
    source: Source,
    superuser: asyncpg.Connection,
) -> None:
    async with worker(tmp_path, dsn, nobody):
        for number in range(60):
            await send(db, source, call(number))
        await none_left(superuser)

    assert await states(db, account.id) == [InboxState.CREATED] * 50
    assert await numbers(db, account.id, source) == list(range(1, 61))
    assert await superuser.fetchval("SELECT count(*) FROM jobs WHERE attempts = 1") == 60


async def test_does_a_job_once_when_its_worker_is_killed_in_the_middle(
    tmp_path: Path,
    dsn: str,
    broker: str,
    account: accounts.Account,
    db: Database,
    source: Source,
    superuser: asyncpg.Connection,
) -> None:
    async def is_claimed() -> bool:
        return bool(await superuser.fetchval("SELECT EXISTS (SELECT FROM jobs WHERE lease_token IS NOT NULL)"))

    async with worker(tmp_path, dsn, broker, "first") as first:
        await first.listens()
        async with superuser.transaction():
            await superuser.execute("SELECT FROM stream_heads WHERE stream_id = $1 FOR UPDATE", source.funnel_id)
            await send(db, source, call(1))
            await eventually(is_claimed, "the claim")  # it waits for the funnel that we hold
            os.killpg(first.process.pid, signal.SIGKILL)
    await superuser.execute("UPDATE jobs SET lease_until = clock_timestamp()")  # sooner than by itself
    async with worker(tmp_path, dsn, broker, "second"):
        await none_left(superuser)

    assert await states(db, account.id) == [InboxState.CREATED]
    assert await numbers(db, account.id, source) == [1]
    assert await superuser.fetchval("SELECT attempts FROM jobs WHERE kind = 'ingest.perform'") == 2


async def test_ends_a_poisonous_job(
    tmp_path: Path,
    dsn: str,
    broker: str,
    account: accounts.Account,
    db: Database,
    source: Source,
    superuser: asyncpg.Connection,
) -> None:
    # No mapping that was checked looks like this: it stands for a mistake of ours.
    await superuser.execute("""UPDATE sources SET mapping = '{"title": "a b"}' WHERE id = $1""", source.id)
    await send(db, source, call(1))

    async def is_dead() -> bool:
        return bool(await superuser.fetchval("SELECT state = 'dead' FROM jobs WHERE kind = 'ingest.perform'"))

    async with worker(tmp_path, dsn, broker):
        await eventually(is_dead, "the end of the job")

    assert await states(db, account.id) == [InboxState.REJECTED]
    assert await superuser.fetchval("SELECT attempts FROM jobs WHERE kind = 'ingest.perform'") == 3


async def test_brings_celery_back(tmp_path: Path, dsn: str, broker: str, db: Database) -> None:
    async with worker(tmp_path, dsn, broker) as one:
        await one.listens()
        fallen = one.celery
        assert fallen is not None
        os.kill(fallen, signal.SIGKILL)

        await until(lambda: one.celery not in (None, fallen), "the next Celery")
        await until(lambda: one.said.count(" ready.") == 2, "its readiness")


async def test_leaves_nobody_behind_when_it_is_killed(tmp_path: Path, dsn: str, broker: str, db: Database) -> None:
    async with worker(tmp_path, dsn, broker) as one:
        await one.listens()
        celery = one.celery
        assert celery is not None
        one.process.kill()

        await until(lambda: not is_alive(celery), "Celery's end")
        await until(lambda: not members(one), "the end of its processes")


def members(one: Worker) -> list[int]:
    """Processes of the worker's session that are alive."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            after_name = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(after_name[3]) == one.process.pid and after_name[0] != "Z":
            found.append(int(folder.name))
    return found


async def test_ends_in_order(
    tmp_path: Path, dsn: str, broker: str, db: Database, superuser: asyncpg.Connection
) -> None:
    async def beats() -> bool:
        return bool(await superuser.fetchval("SELECT EXISTS (SELECT FROM workers)"))

    await superuser.execute("DELETE FROM workers")
    async with worker(tmp_path, dsn, broker) as one:
        await one.listens()
        await eventually(beats, "a beat")
        celery = one.celery
        assert celery is not None
        one.process.terminate()

        assert await one.ended() == 0
        assert not is_alive(celery)
        assert not one.pidfile.exists()
        assert not await beats()


async def test_finishes_what_it_does_when_it_is_told_to_end(
    tmp_path: Path,
    dsn: str,
    broker: str,
    nobody: str,
    account: accounts.Account,
    db: Database,
    source: Source,
    superuser: asyncpg.Connection,
) -> None:
    async def is_claimed() -> bool:
        return bool(await superuser.fetchval("SELECT EXISTS (SELECT FROM jobs WHERE lease_token IS NOT NULL)"))

    for number, address in enumerate((broker, nobody)):  # by Celery, and by the sweeper itself
        hints = Hints(dsn, address)
        async with (
            worker(tmp_path, dsn, address, f"worker-{number}") as one,
            hints.running(),
            connect(dsn, size=1, deliver=hints.deliver) as edge,
        ):
            if address == broker:
                await one.listens()
            async with superuser.transaction():
                await superuser.execute("SELECT FROM stream_heads WHERE stream_id = $1 FOR UPDATE", source.funnel_id)
                await send(edge, source, call(number))
                await eventually(is_claimed, "the claim")
                one.process.terminate()
            assert await one.ended() == 0
        assert await all_done(superuser)

    assert await states(db, account.id) == [InboxState.CREATED] * 2
    assert await superuser.fetchval("SELECT max(attempts) FROM jobs") == 1


async def test_waits_for_a_database_that_is_not_there_yet(tmp_path: Path, broker: str, dsn: str, db: Database) -> None:
    port = ports.choose()
    connected = asyncio.Event()

    async def refuse(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        writer.close()

    async with worker(tmp_path, f"postgresql://x:y@127.0.0.1:{port}/z", broker) as one:
        await one.listens()
        async with await asyncio.start_server(refuse, "127.0.0.1", port):
            await connected.wait()
        assert one.process.poll() is None
        assert "the database is away" in one.said


async def test_keeps_the_secrets_of_its_addresses(tmp_path: Path, dsn: str, broker: str, db: Database) -> None:
    async with worker(tmp_path, dsn, broker) as one:
        await one.listens()
        password = broker.partition("://:")[2].partition("@")[0]

        assert password
        assert password not in one.said


def test_knows_every_kind_of_job_that_is_asked_for() -> None:
    assert {"billing.end_trial", "ingest.perform", "ingest.resume", "ingest.retry"} <= KINDS.keys()
    assert all(isinstance(kind, jobs.Kind) for kind in KINDS.values())
