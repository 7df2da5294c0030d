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

from shared import crash
from shared.actor import Actor
from shared.db import Message, Record, Transaction
from shared.errors import NotFound

CURSOR = re.compile(r"[A-Za-z0-9_-]{32}", re.ASCII)  # 24 bytes


class Event(Protocol):
    """A fact that folds without asking the database. `version` is that of the payload's form.

    One that is about one deal has that deal's id as its attribute `deal_id`.
    """

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
    """Call it first: whoever decides about a stream holds its head.

    Raises NotFound when there is no such stream in the account.
    """
    logs = await lock_all(tx, [stream_id])
    if stream_id not in logs:
        raise NotFound(stream_id)
    return logs[stream_id]


async def lock_all(tx: Transaction, stream_ids: Iterable[UUID]) -> dict[UUID, Log]:
    """The same for several streams, in the order of their ids; those that the account does not have are left out."""
    return await lock_those(tx, "SELECT unnest($2::uuid[])", list(stream_ids))


async def lock_those(tx: Transaction, streams: str, asked: object) -> dict[UUID, Log]:
    """The same for the streams whose ids a query answers with: $1 is the account, $2 what is asked.

    The query is put before anything is held: it may only look at what never changes.
    """
    rows = await tx.fetch(
        f"""SELECT stream_id, epoch, seq, greatest(account_now(), last_at + interval '1 microsecond') AS at
              FROM stream_heads
             WHERE account_id = $1 AND stream_id = ANY(ARRAY({streams}))
             ORDER BY stream_id
               FOR UPDATE""",
        tx.account_id,
        asked,
    )
    crash.at("events.locked")
    return {
        row["stream_id"]: Log(tx, row["stream_id"], Place(row["epoch"], row["seq"]), row["at"])
        for row in sorted(rows, key=lambda row: row["stream_id"])
    }


async def record(log: Log, *happened: Event) -> Place:
    """Number and write events, in their order; the last thing a command does. Who watches is told after commit."""
    if not happened:
        return log.place
    tx, place = log.tx, Place(log.place.epoch, log.place.seq + len(happened))
    crash.at("events.recording")
    await tx.later(
        "UPDATE stream_heads SET seq = $3, last_at = $4 WHERE account_id = $1 AND stream_id = $2",
        tx.account_id,
        log.stream_id,
        place.seq,
        log.at,
    )
    await tx.later(
        """INSERT INTO events (account_id, stream_id, seq, kind, version, payload, actor, at, deal_id)
                SELECT $1, $2, told.seq, told.kind, told.version, told.payload, $4, $3, told.deal_id
                  FROM unnest($5::bigint[], $6::text[], $7::smallint[], $8::jsonb[], $9::uuid[])
                       AS told (seq, kind, version, payload, deal_id)""",
        tx.account_id,
        log.stream_id,
        log.at,
        tx.actor.to_json(),
        list(range(log.place.seq + 1, place.seq + 1)),
        [event.kind for event in happened],
        [event.version for event in happened],
        [event.payload() for event in happened],
        [getattr(event, "deal_id", None) for event in happened],
    )
    crash.at("events.recorded")
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
    return [recorded(row) for row in rows]


async def happened_at(tx: Transaction, stream_id: UUID, seq: int) -> datetime | None:
    """When the event with that number happened."""
    at: datetime | None = await tx.fetchval(
        "SELECT at FROM events WHERE account_id = $1 AND stream_id = $2 AND seq = $3", tx.account_id, stream_id, seq
    )
    return at


def recorded(row: Record) -> Recorded:
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
