"""The log: what happened, numbered 1, 2, 3 … within a stream, in the order of commit, without gaps.

A stream is a funnel. Its head row is locked before anything of it is read for a decision; that lock serialises order,
totals and the log, so that a writer's numbers are taken and committed one after another. The log is only added to.
"""

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol, Self
from uuid import UUID

from shared.actor import Actor
from shared.db import Message, Record, Transaction
from shared.errors import NotFound

CURSOR = re.compile(r"[A-Za-z0-9_-]{32}", re.ASCII)  # 24 bytes


class Event(Protocol):
    """A fact that folds without asking the database. `version` is that of the payload's form."""

    kind: ClassVar[str]
    version: ClassVar[int]

    def payload(self) -> Mapping[str, object]: ...


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a stream's log: after the event `seq`. Clients hold it as an opaque cursor."""

    epoch: UUID
    seq: int

    @property
    def cursor(self) -> str:
        return base64.urlsafe_b64encode(self.epoch.bytes + self.seq.to_bytes(8, "big")).decode()

    @classmethod
    def read(cls, cursor: str) -> Self | None:
        """None when this was never a cursor of ours."""
        if not CURSOR.fullmatch(cursor):
            return None
        raw = base64.urlsafe_b64decode(cursor)
        if raw[16] > 0x7F:  # no bigint
            return None
        return cls(UUID(bytes=raw[:16]), int.from_bytes(raw[16:], "big"))


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as it stands in the log."""

    place: Place
    kind: str
    version: int
    payload: dict[str, Any]
    actor: Actor
    at: datetime

    @property
    def seq(self) -> int:
        return self.place.seq


@dataclass(frozen=True, slots=True)
class StreamMoved(Message):
    """A stream has something new, up to `seq`."""

    account_id: UUID
    stream_id: UUID
    seq: int


@dataclass(slots=True)
class Log:
    """A stream that this transaction has locked. `at` is when all that it records happens."""

    tx: Transaction
    stream_id: UUID
    place: Place
    at: datetime


async def begin(tx: Transaction, stream_id: UUID) -> Log:
    """A new stream, locked. Its first event will have the number 1."""
    row = await tx.fetchrow(
        """INSERT INTO stream_heads (account_id, stream_id, last_at)
                VALUES ($1, $2, account_now())
             RETURNING epoch, last_at""",
        tx.account_id,
        stream_id,
    )
    assert row is not None
    return Log(tx, stream_id, Place(row["epoch"], 0), row["last_at"])


async def lock(tx: Transaction, stream_id: UUID) -> Log:
    """Call it first: whoever decides about a stream holds its head. Several streams: in the order of their ids.

    Raises NotFound when there is no such stream in the account.
    """
    row = await tx.fetchrow(
        """SELECT epoch, seq, greatest(account_now(), last_at + interval '1 microsecond') AS at
             FROM stream_heads
            WHERE account_id = $1 AND stream_id = $2
              FOR UPDATE""",
        tx.account_id,
        stream_id,
    )
    if row is None:
        raise NotFound(stream_id)
    return Log(tx, stream_id, Place(row["epoch"], row["seq"]), row["at"])


async def record(log: Log, event: Event) -> Place:
    """Number and write an event; the last thing a command does. Whoever watches is told after commit."""
    tx, place = log.tx, Place(log.place.epoch, log.place.seq + 1)
    await tx.execute(
        """WITH moved AS (
               UPDATE stream_heads SET seq = $3, last_at = $4 WHERE account_id = $1 AND stream_id = $2
           )
           INSERT INTO events (account_id, stream_id, seq, kind, version, payload, actor, at)
                VALUES ($1, $2, $3, $5, $6, $7, $8, $4)""",
        tx.account_id,
        log.stream_id,
        place.seq,
        log.at,
        event.kind,
        event.version,
        event.payload(),
        tx.actor.to_json(),
    )
    log.place = place
    assert tx.account_id is not None
    tx.after_commit(StreamMoved(tx.account_id, log.stream_id, place.seq))
    return place


async def head(tx: Transaction, stream_id: UUID) -> Place | None:
    """Where the stream's log ends now; None when there is no such stream in the account."""
    row = await tx.fetchrow(
        "SELECT epoch, seq FROM stream_heads WHERE account_id = $1 AND stream_id = $2", tx.account_id, stream_id
    )
    return Place(**row) if row else None


async def heads(tx: Transaction, streams: Sequence[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Place]:
    """The heads of many streams, of many accounts, in one look."""
    rows = await tx.fetch(
        """SELECT account_id, stream_id, epoch, seq
             FROM stream_heads
             JOIN unnest($1::uuid[], $2::uuid[]) AS asked (account_id, stream_id) USING (account_id, stream_id)""",
        [account_id for account_id, _ in streams],
        [stream_id for _, stream_id in streams],
    )
    return {(row["account_id"], row["stream_id"]): Place(row["epoch"], row["seq"]) for row in rows}


async def after(tx: Transaction, stream_id: UUID, seq: int, limit: int = 500) -> list[Recorded]:
    """At most `limit` events with greater numbers, in order."""
    rows = await tx.fetch(
        """SELECT h.epoch, e.seq, e.kind, e.version, e.payload, e.actor, e.at
             FROM events e
             JOIN stream_heads h USING (account_id, stream_id)
            WHERE e.account_id = $1 AND e.stream_id = $2 AND e.seq > $3
            ORDER BY e.seq
            LIMIT $4""",
        tx.account_id,
        stream_id,
        seq,
        limit,
    )
    return [_recorded(row) for row in rows]


async def happened_at(tx: Transaction, stream_id: UUID, seq: int) -> datetime | None:
    """When the event with that number happened."""
    at: datetime | None = await tx.fetchval(
        "SELECT at FROM events WHERE account_id = $1 AND stream_id = $2 AND seq = $3", tx.account_id, stream_id, seq
    )
    return at


def _recorded(row: Record) -> Recorded:
    return Recorded(
        Place(row["epoch"], row["seq"]),
        row["kind"],
        row["version"],
        row["payload"],
        Actor.from_json(row["actor"]),
        row["at"],
    )


def newest(messages: Iterable[Message]) -> list[StreamMoved]:
    """One message a stream: the one with the greatest number."""
    last: dict[tuple[UUID, UUID], StreamMoved] = {}
    for message in messages:
        if isinstance(message, StreamMoved):
            key = message.account_id, message.stream_id
            if key not in last or last[key].seq < message.seq:
                last[key] = message
    return list(last.values())
