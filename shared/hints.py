"""What is said after commit: NOTIFY for streams that moved, a Celery message for jobs that are due.

Both are hints. They are given without waiting, outside of every transaction, and may be lost: rooms look for
themselves every second, and so does the sweeper of jobs.
"""

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from time import monotonic
from uuid import UUID

import asyncpg
import orjson
import structlog
from celery import Celery

from shared.db import Message
from shared.events import StreamMoved, newest
from shared.jobs import JobDue

CHANNEL = "streams"
GATHER = 0.002  # seconds; NOTIFY takes a lock of the whole database, so one speaks for all of the last 2 ms
LARGEST_NOTE = 80  # streams in one NOTIFY: its payload must stay below 8,000 bytes
SILENCE = 1.0  # seconds without sending after Redis did not answer
QUEUE = 10_000
TASK = "run"

log = structlog.get_logger()


def encode(moved: Sequence[StreamMoved]) -> str:
    """A note for the channel."""
    return orjson.dumps([[str(one.account_id), str(one.stream_id), one.seq] for one in moved]).decode()


def decode(note: str) -> list[StreamMoved]:
    return [StreamMoved(UUID(account), UUID(stream), seq) for account, stream, seq in orjson.loads(note)]


class StreamNotifier:
    """Tells the other processes which streams moved, on a connection of its own."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._pending: list[StreamMoved] = []
        self._wake = asyncio.Event()

    def say(self, moved: StreamMoved) -> None:
        self._pending.append(moved)
        self._wake.set()

    async def run(self) -> None:
        """For ever. A note that cannot be sent is dropped: the others look within a second."""
        conn: asyncpg.Connection | None = None
        while True:
            await self._wake.wait()
            await asyncio.sleep(GATHER)
            self._wake.clear()
            moved, self._pending = newest(self._pending), []
            try:
                if conn is None or conn.is_closed():
                    conn = await asyncpg.connect(self._dsn, timeout=2, command_timeout=2, statement_cache_size=0)
                for start in range(0, len(moved), LARGEST_NOTE):
                    note = encode(moved[start : start + LARGEST_NOTE])
                    # A note need not survive a crash of the server, so its commit does not wait for the disk.
                    await conn.execute(f"BEGIN; SET LOCAL synchronous_commit = off; NOTIFY {CHANNEL}, '{note}'; COMMIT")
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                if conn is not None:
                    conn.terminate()
                conn = None


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

    def send(self, job_id: UUID) -> bool:
        """Whether Redis took it."""
        try:
            self._app.send_task(TASK, args=[str(job_id)], retry=False, ignore_result=True)
        except Exception as failure:  # noqa: BLE001  # kombu raises what its transport raises: there is no family of them
            log.warning("celery message not sent", job=str(job_id), error=str(failure))
            self._silent_until = monotonic() + SILENCE
            return False
        return True

    def _run(self) -> None:
        while (job_id := self._queue.get()) is not None:
            if monotonic() >= self._silent_until:
                self.send(job_id)


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
    """The deliverer of committed transactions. `on_stream` hears first: this process's own rooms need no NOTIFY."""

    def __init__(self, dsn: str, redis_url: str) -> None:
        self.streams = StreamNotifier(dsn)
        self.jobs = JobSender(redis_url)
        self.on_stream: Callable[[StreamMoved], None] | None = None

    def deliver(self, messages: Sequence[Message]) -> None:
        for moved in newest(messages):
            if self.on_stream is not None:
                self.on_stream(moved)
            self.streams.say(moved)
        for message in messages:
            if isinstance(message, JobDue):
                self.jobs.say(message.job_id)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self.jobs.start()
        notifying = asyncio.create_task(self.streams.run())
        try:
            yield
        finally:
            notifying.cancel()
            with suppress(asyncio.CancelledError):
                await notifying
            await asyncio.to_thread(self.jobs.close)
