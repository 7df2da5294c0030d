"""The log: numbers without gaps in the order of commit, times that never fall, and cursors."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import ClassVar
from uuid import UUID

import pytest

from shared import accounts, events, ids
from shared.actor import Actor, ActorKind
from shared.db import Database, Transaction, connect
from shared.errors import DomainError, NotFound, Sentence
from shared.events import Place, StreamMoved
from tests import make


@dataclass(frozen=True)
class Noted:
    kind: ClassVar[str] = "Noted"
    version: ClassVar[int] = 3

    word: str

    def payload(self) -> Mapping[str, object]:
        return {"word": self.word}


class Refused(DomainError):
    says = Sentence("No.", "Ні.")


async def note(tx: Transaction, stream_id: UUID, word: str) -> Place:
    return await events.record(await events.lock(tx, stream_id), Noted(word))


@pytest.fixture
async def stream(tx: Transaction) -> UUID:
    return (await events.begin(tx, ids.new())).stream_id


@pytest.fixture
async def kept_stream(db: Database, account: accounts.Account) -> UUID:
    """A stream that is committed."""
    async with db.transaction(account.id) as tx:
        return (await events.begin(tx, ids.new())).stream_id


async def test_numbers_events_from_one(tx: Transaction, stream: UUID) -> None:
    assert [(await note(tx, stream, word)).seq for word in ("a", "b", "c")] == [1, 2, 3]

    assert [(event.seq, event.payload) for event in await events.after(tx, stream, 0)] == [
        (1, {"word": "a"}),
        (2, {"word": "b"}),
        (3, {"word": "c"}),
    ]


async def test_an_event_says_what_it_is_and_who_did_it(tx: Transaction, stream: UUID) -> None:
    tx.actor = Actor(ActorKind.SOURCE, ids.new(), "Сайт")
    place = await note(tx, stream, "📞 שלום")

    (recorded,) = await events.after(tx, stream, 0)

    assert recorded.place == place
    assert (recorded.kind, recorded.version) == ("Noted", 3)
    assert recorded.payload == {"word": "📞 שלום"}
    assert recorded.actor == tx.actor
    assert recorded.at == await events.happened_at(tx, stream, 1)


async def test_each_stream_counts_for_itself(tx: Transaction, stream: UUID) -> None:
    other = (await events.begin(tx, ids.new())).stream_id
    await note(tx, stream, "a")

    assert (await note(tx, other, "b")).seq == 1
    assert (await note(tx, stream, "c")).seq == 2


async def test_gives_pages_from_a_place_on(tx: Transaction, stream: UUID) -> None:
    for word in "abcde":
        await note(tx, stream, word)

    assert [event.seq for event in await events.after(tx, stream, 1, limit=3)] == [2, 3, 4]
    assert await events.after(tx, stream, 5) == []


async def test_tells_of_each_event_after_commit(tx: Transaction, stream: UUID) -> None:
    await note(tx, stream, "a")
    await note(tx, stream, "b")

    assert tx.account_id is not None
    assert tx.outgoing == [StreamMoved(tx.account_id, stream, 1), StreamMoved(tx.account_id, stream, 2)]
    assert events.newest(tx.outgoing) == [StreamMoved(tx.account_id, stream, 2)]


async def test_there_is_no_stream_of_another_account(db: Database, tx: Transaction, kept_stream: UUID) -> None:
    other = await make.account(db)
    async with db.transaction(other.id) as theirs:
        with pytest.raises(NotFound) as refused:
            await events.lock(theirs, kept_stream)
        assert await events.head(theirs, kept_stream) is None
        assert await events.after(theirs, kept_stream, 0) == []

    assert refused.value.id == kept_stream
    assert await events.head(tx, kept_stream) is not None


async def test_a_refusal_leaves_no_gap(db: Database, account: accounts.Account, kept_stream: UUID) -> None:
    async def refuse() -> None:
        async with db.transaction(account.id) as tx:
            await note(tx, kept_stream, "never")
            raise Refused

    with pytest.raises(Refused):
        await refuse()
    async with db.transaction(account.id) as tx:
        assert (await note(tx, kept_stream, "first")).seq == 1


async def test_many_writers_over_two_pools_leave_no_gap(dsn: str, account: accounts.Account, kept_stream: UUID) -> None:
    """A third of them are refused at the end. Times rise strictly, in the order of the numbers."""

    async def write(db: Database, index: int) -> None:
        async with db.transaction(account.id) as tx:
            await note(tx, kept_stream, str(index))
            if index % 3 == 0:
                raise Refused

    async with connect(dsn, size=4) as first, connect(dsn, size=4) as second:
        gate = asyncio.Semaphore(8)

        async def in_turn(index: int) -> None:
            async with gate:
                await write((first, second)[index % 2], index)

        done = await asyncio.gather(*(in_turn(index) for index in range(60)), return_exceptions=True)
        async with first.reading(account.id) as tx:
            log = await events.after(tx, kept_stream, 0)
            head = await events.head(tx, kept_stream)

    assert sum(isinstance(one, Refused) for one in done) == 20
    assert sum(one is None for one in done) == 40
    assert [event.seq for event in log] == list(range(1, 41))
    assert {int(event.payload["word"]) for event in log} == {index for index in range(60) if index % 3}
    assert all(earlier.at < later.at for earlier, later in pairwise(log))
    assert head == log[-1].place


async def test_times_never_fall_when_the_clock_is_set_back(tx: Transaction, stream: UUID) -> None:
    await make.clock(tx, timedelta(days=30))
    await note(tx, stream, "ahead")
    await make.clock(tx, timedelta(0))
    await note(tx, stream, "back")
    await note(tx, stream, "again")

    ahead, back, again = await events.after(tx, stream, 0)

    assert back.at == ahead.at + timedelta(microseconds=1)
    assert again.at == back.at + timedelta(microseconds=1)


async def test_looks_at_the_heads_of_many_accounts_at_once(
    db: Database, account: accounts.Account, kept_stream: UUID
) -> None:
    other = await make.account(db)
    async with db.transaction(other.id) as tx:
        their_stream = (await events.begin(tx, ids.new())).stream_id
        theirs = await note(tx, their_stream, "a")
    asked = [(account.id, kept_stream), (other.id, their_stream), (account.id, their_stream)]

    async with db.reading(None) as tx:
        heads = await events.heads(tx, asked)

    assert heads.keys() == {(account.id, kept_stream), (other.id, their_stream)}
    assert heads[account.id, kept_stream].seq == 0
    assert heads[other.id, their_stream] == theirs


@pytest.mark.parametrize("seq", [0, 1, 255, 256, 2**63 - 1])
def test_a_cursor_is_read_as_the_place_that_it_was_made_of(seq: int) -> None:
    place = Place(PLACE.epoch, seq)

    assert Place.read(place.cursor) == place


PLACE = Place(UUID(int=7), 5)
WHOLE = Place(UUID(int=2**128 - 1), 2**62).cursor  # holds "_", which is "/" in another spelling


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "abc",
        "курсор",
        "\ud800",
        "a" * 31,
        "a" * 33,
        "!" * 32,
        PLACE.cursor + "\n",
        " " + PLACE.cursor,
        PLACE.cursor[:-1] + "=",
        "f" * 32,  # a number that is below zero
        WHOLE.replace("_", "/"),
    ],
)
def test_garbage_is_no_cursor(garbage: str) -> None:
    assert Place.read(garbage) is None
