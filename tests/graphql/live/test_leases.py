"""Sockets of a user are counted by leases in Redis, which end by themselves when their process does."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import anyio
import pytest

from services.graphql.limits import Counter
from services.graphql.live.leases import Leases
from services.graphql.viewer import Viewer
from shared import ids
from shared.actor import Actor, ActorKind
from tests.graphql.live.boards import GLANCE, PATIENCE

SHORT = 0.1  # seconds: a lease that is not renewed
LONG = 60.0
MEMBERS = "return redis.call('ZRANGE', KEYS[1], 0, -1)"


@pytest.fixture
async def counter(redis_url: str) -> AsyncIterator[Counter]:
    counter = Counter(redis_url)
    yield counter
    await counter.close()


@pytest.fixture
def viewer() -> Viewer:
    """Somebody whom nobody knows."""
    actor = Actor(ActorKind.USER, ids.new(), "Олена", frozenset())
    return Viewer(actor, None, None, ids.new(), None, datetime.now(UTC))


async def taken(leases: Leases, viewer: Viewer) -> None:
    """As soon as there is one to take."""
    with anyio.fail_after(PATIENCE):
        while not await leases.take(viewer):  # noqa: ASYNC110  # Redis tells nobody
            await anyio.sleep(GLANCE)


async def test_a_process_that_was_killed_holds_nobody_up_for_long(counter: Counter, viewer: Viewer) -> None:
    killed, other = Leases(1, counter, SHORT), Leases(1, counter, LONG)
    assert await killed.take(viewer)  # and never again a word from it

    await taken(other, viewer)

    assert await Leases(1, counter, LONG).take(viewer) is None


async def test_leases_are_renewed_also_where_redis_has_lost_them(counter: Counter, viewer: Viewer) -> None:
    here, there = Leases(1, counter, LONG), Leases(1, counter, LONG)
    lease = await here.take(viewer)
    assert lease is not None
    await counter.run("return redis.call('DEL', KEYS[1])", [lease[0]])

    await here.renew()

    assert await there.take(viewer) is None
    here.give_back(lease)
    await taken(there, viewer)


async def test_what_was_given_back_is_not_renewed(counter: Counter, viewer: Viewer) -> None:
    here = Leases(2, counter, LONG)
    first, second = await here.take(viewer), await here.take(viewer)
    assert first is not None
    assert second is not None
    here.give_back(first)

    await here.renew()

    with anyio.fail_after(PATIENCE):
        while await counter.run(MEMBERS, [first[0]]) != [second[1].encode()]:  # noqa: ASYNC110  # as above
            await anyio.sleep(GLANCE)


async def test_without_redis_a_process_counts_its_own(viewer: Viewer) -> None:
    leases = Leases(2, Counter("redis://127.0.0.1:1/0"))
    first = await leases.take(viewer)
    assert first is not None
    assert await leases.take(viewer)
    assert await leases.take(viewer) is None

    leases.give_back(first)

    assert await leases.take(viewer)
