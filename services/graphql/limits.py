"""What one user may use up, counted over all processes in Redis: what operations cost in a minute.

Off unless set. Redis is no part of what must work: while it does not answer, each process counts for itself.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from time import monotonic
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from services.graphql import metrics
from services.graphql.viewer import Viewer

MINUTE = 60.0  # seconds
PATIENCE = 0.1  # seconds for an answer
SILENCE = 1.0  # seconds without asking after Redis did not answer
CONNECTIONS = 8
MOST_KNOWN = 10_000  # users in a process's own counts

log = structlog.get_logger()

# A generic cell rate algorithm: the key holds when the budget will be full again, in microseconds of Redis's clock.
# Answers with whether it was enough, and how many microseconds it is to that moment.
SPEND = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local after = full + tonumber(ARGV[1])
local window = tonumber(ARGV[2])
if after - now > window then return {0, full - now} end
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000))
return {1, after - now}
"""


class Counter:
    """Runs scripts in Redis. Never waits long, and never raises."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(
            url,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            max_connections=CONNECTIONS,
            retry=Retry(NoBackoff(), 0),
        )
        self._turns = asyncio.Semaphore(CONNECTIONS)
        self._silent_until = 0.0

    async def run(self, script: str, keys: Sequence[str], *arguments: str | float) -> Any | None:
        """What it answers; None when nobody does."""
        async with self._turns:
            if monotonic() < self._silent_until:
                return None
            try:
                return await self._redis.register_script(script)(list(keys), list(arguments))
            except (RedisError, OSError, TimeoutError) as failure:
                self._silent_until = monotonic() + SILENCE
                metrics.UNCOUNTED.inc()
                log.warning("redis does not count", error=str(failure) or type(failure).__name__)
                return None

    async def close(self) -> None:
        await self._redis.aclose()


@dataclass(frozen=True, slots=True)
class Standing:
    """Of a user's budget. `full_in`: seconds; `retry_after`: seconds until it is enough, when it was not."""

    most: int
    full_in: float
    retry_after: int = 0

    @property
    def left(self) -> int:
        return int((1 - self.full_in / MINUTE) * self.most + 1e-6)


class Budget:
    """What a user's operations may cost in a minute: spent at once or bit by bit, it comes back evenly."""

    def __init__(self, most: int, counter: Counter, clock: Callable[[], float] = monotonic) -> None:
        """`clock`: seconds that only rise."""
        self.most = most
        self._counter, self._clock = counter, clock
        self._full_at: OrderedDict[str, float] = OrderedDict()  # by this process's own clock

    async def spend(self, viewer: Viewer, cost: int) -> Standing:
        """`retry_after` says whether there was not enough, and nothing was spent."""
        key, seconds = f"voronka:cost:{name_of(viewer)}", cost * MINUTE / self.most
        said = await self._counter.run(SPEND, [key], round(seconds * 1e6), round(MINUTE * 1e6))
        if said is None:
            enough, full_in = self._spend_here(key, seconds)
        else:
            enough, full_in = bool(said[0]), said[1] / 1e6
        return Standing(self.most, full_in, 0 if enough else max(1, ceil(full_in + seconds - MINUTE)))

    def _spend_here(self, key: str, seconds: float) -> tuple[bool, float]:
        now = self._clock()
        full_in = max(0.0, self._full_at.get(key, now) - now)
        if full_in + seconds > MINUTE:
            return False, full_in
        self._full_at[key] = now + full_in + seconds
        self._full_at.move_to_end(key)
        if len(self._full_at) > MOST_KNOWN:
            self._full_at.popitem(last=False)
        return True, full_in + seconds


def name_of(viewer: Viewer) -> str:
    """Of whom it is that uses something up: a user of an account, or the host CRM."""
    return f"{viewer.owner_id}:{viewer.actor.user_id or ''}"


STATUS = {"UNAVAILABLE": 503, "THROTTLED": 429}  # of HTTP, where an error says when to try again


def rate_headers(body: dict[str, Any]) -> dict[str, str]:
    """Of an answer over HTTP: how much there is in a minute, how much is left, the seconds until all of it is back."""
    standing = body.get("extensions", {}).get("cost", {}).get("throttleStatus")
    if standing is None:
        return {}
    return {
        "ratelimit-limit": str(standing["maximumAvailable"]),
        "ratelimit-remaining": str(standing["currentlyAvailable"]),
        "ratelimit-reset": str(standing["fullInSeconds"]),
    }
