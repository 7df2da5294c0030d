"""How many sockets and streamed answers a user has open, over all processes.

Each holds a lease in Redis, which ends with its process. Off unless set. While Redis does not answer, each process counts
its own; when it comes back empty, they are told again.
"""

import asyncio
from collections import defaultdict
from itertools import count
from secrets import token_hex

import structlog

from services.graphql.limits import Counter, name_of
from services.graphql.viewer import Viewer

LEASE = 30.0  # seconds: so long after a kill -9 its sockets count
RENEW = 10.0
MOST_RENEWED = 200  # at once

log = structlog.get_logger()

Lease = tuple[str, str]  # the user's key, and the socket in it

TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
"""
KEEP = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for number, key in ipairs(KEYS) do
    redis.call('ZADD', key, now + ARGV[1], ARGV[number + 1])
    redis.call('PEXPIRE', key, ARGV[1])
end
"""
END = "redis.call('ZREM', KEYS[1], ARGV[1])"


class Leases:
    """Of this process."""

    def __init__(self, most: int, counter: Counter, lease: float = LEASE) -> None:
        self.most = most
        self._counter = counter
        self._milliseconds = round(lease * 1_000)
        self._process, self._numbers = token_hex(8), count()
        self._held: defaultdict[str, set[str]] = defaultdict(set)
        self._ending: set[asyncio.Task[object]] = set()

    async def take(self, viewer: Viewer) -> Lease | None:
        """None when the user has as many as they may. `give_back` it."""
        key, socket = f"voronka:sockets:{name_of(viewer)}", f"{self._process}:{next(self._numbers)}"
        held = self._held[key]
        held.add(socket)  # first: others may come while Redis is asked
        taken = len(held) <= self.most
        try:
            if taken:
                taken = await self._counter.run(TAKE, [key], socket, self._milliseconds, self.most) != 0
        except asyncio.CancelledError:
            self.give_back((key, socket))
            raise
        if not taken:
            self._forget(key, socket)
        return (key, socket) if taken else None

    def give_back(self, lease: Lease) -> None:
        key, socket = lease
        self._forget(key, socket)
        ending = asyncio.create_task(self._counter.run(END, [key], socket))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    def _forget(self, key: str, socket: str) -> None:
        self._held[key].discard(socket)
        if not self._held[key]:
            del self._held[key]

    async def renew(self) -> None:
        """Once: all of them."""
        held = [(key, socket) for key, sockets in self._held.items() for socket in sockets]
        for start in range(0, len(held), MOST_RENEWED):
            some = [one for one in held[start : start + MOST_RENEWED] if one[1] in self._held.get(one[0], ())]
            keys, sockets = [key for key, _ in some], [socket for _, socket in some]
            await self._counter.run(KEEP, keys, self._milliseconds, *sockets)

    async def keep_renewing(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(RENEW)
            try:
                await self.renew()
            except Exception:  # whatever it is: leases that are not renewed would let in whom they should not
                log.exception("could not renew the leases of sockets")
