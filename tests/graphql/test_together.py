"""Many who ask the same are answered by one read that began after they asked."""

import asyncio

import pytest

from services.graphql.together import Together


class Reads:
    """Answers with how many reads there were; each ends when it may."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.may_end = asyncio.Semaphore(0)

    async def read(self, key: str) -> int:
        self.begun.append(key)
        number = len(self.begun)
        await self.may_end.acquire()
        if key == "wrong":
            raise ConnectionError
        return number


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_asks_while_it_is_read_waits_for_the_next_read() -> None:
    reads = Reads()
    together = Together(reads.read)
    first = [asyncio.create_task(together.ask("a")) for _ in range(100)]
    await settle()
    later = [asyncio.create_task(together.ask("a")) for _ in range(100)]
    await settle()
    assert reads.begun == ["a"]

    reads.may_end.release()
    await settle()
    assert reads.begun == ["a", "a"]
    reads.may_end.release()

    assert await asyncio.gather(*first, *later) == [1] * 100 + [2] * 100
    assert (together._next, together._running) == ({}, {})


async def test_other_keys_take_turns() -> None:
    reads = Reads()
    together = Together(reads.read, asyncio.Semaphore(2))
    asking = [asyncio.create_task(together.ask(key)) for key in "abc"]
    await settle()
    assert reads.begun == ["a", "b"]

    for _ in range(3):
        reads.may_end.release()

    assert await asyncio.gather(*asking) == [1, 2, 3]


async def test_a_failure_is_told_to_all_who_wait_and_to_nobody_later() -> None:
    reads = Reads()
    together = Together(reads.read)
    reads.may_end.release()
    asking = [asyncio.create_task(together.ask("wrong")) for _ in range(3)]
    await settle()
    assert [type(one) for one in await asyncio.gather(*asking, return_exceptions=True)] == [ConnectionError] * 3

    reads.may_end.release()
    with pytest.raises(ConnectionError):
        await together.ask("wrong")
    assert reads.begun == ["wrong", "wrong"]


async def test_who_goes_away_takes_it_from_nobody() -> None:
    reads = Reads()
    together = Together(reads.read)
    first, other = asyncio.create_task(together.ask("a")), asyncio.create_task(together.ask("a"))
    await settle()
    first.cancel()
    reads.may_end.release()

    assert await other == 1
