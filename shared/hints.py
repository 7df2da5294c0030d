"""What is said after commit: NOTIFY for what moved or changed (streams, users, accounts), a Celery message for due jobs.

Both are hints. They are given without waiting, outside of every transaction, and may be lost: rooms look for
themselves every second, and so does the sweeper of jobs.
"""

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, fields
from time import monotonic, sleep
from uuid import UUID

import asyncpg
import orjson
import structlog
from celery import Celery

from shared.db import FAILURES, Message
from shared.events import StreamMoved, newest
from shared.jobs import JobDue

STREAMS = "streams"  # channels of NOTIFY
USERS = "users"
ACCOUNTS = "accounts"
CHANNELS = (STREAMS, USERS, ACCOUNTS)
GATHER = 0.002  # seconds between two; NOTIFY takes a lock of the whole database, so one speaks for all since the last
LARGEST_NOTE = 64  # things in one NOTIFY: its payload must stay below 8,000 bytes
SILENCE = 1.0  # seconds without sending after Redis did not answer
QUEUE = 10_000
REST = 0.01  # seconds after a message to Celery: what comes meanwhile goes together, the first of a quiet time at once
JOBS_A_MESSAGE = 20  # a message costs Celery as much as a job costs us
TASK = "run"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class UserChanged(Message):
    """A user was saved: whoever knows them from memory reads them again."""

    account_id: UUID
    user_id: UUID


@dataclass(frozen=True, slots=True)
class AccountChanged(Message):
    """The same for an account."""

    account_id: UUID


Hint = StreamMoved | UserChanged | AccountChanged  # what all processes are told


def encode(hints: Sequence[Hint]) -> str:
    """A note for the channel of its kind."""
    rows = [[getattr(one, field.name) for field in fields(one)] for one in hints]
    return orjson.dumps(rows, default=str).decode()  # asyncpg's ids are a class of their own


def decode(channel: str, note: str) -> list[Hint]:
    rows = orjson.loads(note)
    if channel == USERS:
        return [UserChanged(UUID(account), UUID(user)) for account, user in rows]
    if channel == ACCOUNTS:
        return [AccountChanged(UUID(account)) for (account,) in rows]
    return [StreamMoved(UUID(account), UUID(stream), seq) for account, stream, seq in rows]


class Notifier:
    """Tells the other processes, on a connection of its own."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._pending: list[Hint] = []
        self._wake = asyncio.Event()

    def say(self, hint: Hint) -> None:
        self._pending.append(hint)
        self._wake.set()

    async def run(self) -> None:
        """For ever. A note that cannot be sent is dropped: the others look within a second."""
        conn: asyncpg.Connection | None = None
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                pending, self._pending = self._pending, []
                users = [hint for hint in pending if isinstance(hint, UserChanged)]
                accounts = [hint for hint in pending if isinstance(hint, AccountChanged)]
                try:
                    if conn is None or conn.is_closed():
                        conn = await asyncpg.connect(self._dsn, timeout=2, command_timeout=2, statement_cache_size=0)
                    await _notify(conn, STREAMS, newest(pending))
                    await _notify(conn, USERS, users)
                    await _notify(conn, ACCOUNTS, accounts)
                except FAILURES:
                    if conn is not None:
                        conn.terminate()
                    conn = None
                await asyncio.sleep(GATHER)
        finally:
            if conn is not None:
                conn.terminate()


async def _notify(conn: asyncpg.Connection, channel: str, hints: Sequence[Hint]) -> None:
    for start in range(0, len(hints), LARGEST_NOTE):
        note = encode(hints[start : start + LARGEST_NOTE])
        # A note need not survive a crash of the server, so its commit does not wait for the disk.
        await conn.execute(f"BEGIN; SET LOCAL synchronous_commit = off; NOTIFY {channel}, '{note}'; COMMIT")


class JobSender:
    """Sends ids of jobs to Celery from one thread. Never waits, never raises, drops what it cannot send."""

    def __init__(self, redis_url: str) -> None:
        self._app = sending_app(redis_url)
        self._queue: queue.Queue[UUID | None] = queue.Queue(QUEUE)
        self._silent_until = 0.0
        self._thread = threading.Thread(target=self._run, name="job-sender", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def say(self, job_id: UUID) -> None:
        with suppress(queue.Full):
            self._queue.put_nowait(job_id)

    def close(self) -> None:
        """Send what is left, within the time-out of one message."""
        with suppress(queue.Full):
            self._queue.put_nowait(None)
        self._thread.join(timeout=1)

    def send(self, job_ids: Sequence[UUID]) -> bool:
        """One message. Whether Redis took it."""
        try:
            self._app.send_task(TASK, args=[str(id) for id in job_ids], retry=False, ignore_result=True)
        except Exception as failure:  # noqa: BLE001  # kombu raises what its transport raises: there is no family of them
            log.warning("celery message not sent", jobs=len(job_ids), error=str(failure))
            self._silent_until = monotonic() + SILENCE
            return False
        return True

    def _run(self) -> None:
        while (job_id := self._queue.get()) is not None:
            batch, more = [job_id], True
            while more and len(batch) < JOBS_A_MESSAGE:  # what came meanwhile
                try:
                    more = (following := self._queue.get_nowait()) is not None
                except queue.Empty:
                    break
                if following is not None:
                    batch.append(following)
            if monotonic() >= self._silent_until:
                self.send(batch)
            if not more:
                return
            sleep(REST)


def sending_app(redis_url: str) -> Celery:
    """For sending only: with a worker's patience, a silent Redis would block the sender for 5 s."""
    app = Celery("voronka-sender", broker=redis_url, set_as_current=False)
    app.conf.update(
        task_serializer="json",
        task_ignore_result=True,
        broker_connection_retry=False,
        broker_connection_max_retries=0,
        broker_transport_options={"socket_timeout": 0.2, "socket_connect_timeout": 0.2, "max_retries": 0},
    )
    return app


class Hints:
    """The deliverer of committed transactions. `on_hint` hears first: this process itself needs no NOTIFY."""

    def __init__(self, dsn: str, redis_url: str) -> None:
        self.notifier = Notifier(dsn)
        self.jobs = JobSender(redis_url)
        self.on_hint: Callable[[Hint], None] | None = None

    def deliver(self, messages: Sequence[Message]) -> None:
        changed = [one for one in messages if isinstance(one, UserChanged | AccountChanged)]
        hints: list[Hint] = [*newest(messages), *changed]
        for hint in hints:
            if self.on_hint is not None:
                self.on_hint(hint)
            self.notifier.say(hint)
        for message in messages:
            if isinstance(message, JobDue):
                self.jobs.say(message.job_id)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self.jobs.start()
        notifying = asyncio.create_task(self.notifier.run())
        try:
            yield
        finally:
            notifying.cancel()
            with suppress(asyncio.CancelledError):
                await notifying
            await asyncio.to_thread(self.jobs.close)
