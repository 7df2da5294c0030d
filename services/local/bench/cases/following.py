"""Fan-out: what happens on a board is told to all who watch it; beside it the same bytes, sent to all by nothing else.

Events are made by another process of the product, this one: it commits a move, and says so by NOTIFY as any would.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle

import orjson

from services.local.bench import load, machine
from services.local.bench.cases import documents
from services.local.bench.ground import Ground
from services.local.bench.house import LIMIT, PRODUCT, Server
from services.local.bench.meter import metering
from services.local.bench.results import Claim, Measured, Outcome, percentile, ratio
from services.local.bench.sockets import Crowd, Talk
from shared import deals
from shared.actor import Actor, ActorKind, Permission
from shared.db import Message, connect
from shared.hints import Hints

PROTOCOL = "graphql-transport-ws"
KB, MILLI = 1_000, 1_000
ROUNDS = 3
WARM = 20  # sockets before those that are measured

Tell = Callable[[], Awaitable[float]]


@dataclass
class Side:
    """One side's crowd, and how long after each event its first and its last socket had heard of it."""

    server: Server
    crowd: Crowd
    tell: Tell
    measured: Measured = field(default_factory=Measured)
    connected: float = 0.0  # seconds
    first: list[float] = field(default_factory=list)
    last: list[float] = field(default_factory=list)
    all: list[float] = field(default_factory=list)
    a_socket: float = 0.0  # bytes

    async def gather(self) -> None:
        warm = Crowd(self.crowd.talk, min(WARM, self.crowd.size))
        await warm.gather(self.server.port or 0)
        await warm.told(self.tell)
        await warm.leave()
        before = machine.memory_of(self.server.pid)
        self.connected = await self.crowd.gather(self.server.port or 0)
        await self.crowd.told(self.tell)
        self.measured.memory = machine.memory_of(self.server.pid)
        self.a_socket = (self.measured.memory - before) / self.crowd.size

    async def happen(self, ground: Ground, events: int) -> None:
        began = time.perf_counter()
        with metering(ground.house, [self.server]) as spent:
            for _ in range(events):
                after = await self.crowd.told(self.tell)
                self.first.append(min(after))
                self.last.append(max(after))
                self.all += after
        self.measured.seconds += time.perf_counter() - began
        self.measured.count += events * self.crowd.size
        self.measured.server += spent.server
        self.measured.postgres += spent.postgres

    def sum_up(self) -> Measured:
        self.measured.p50, self.measured.p99 = percentile(self.all, 0.5), percentile(self.all, 0.99)
        self.measured.bytes = len(self.crowd.frame)
        return self.measured


async def fan_out(ground: Ground, name: str, size: int) -> Outcome:
    house = ground.house
    if not ground.scale.apart:
        return await _fan_out(ground, name, size, house.product, house.limit)
    with house.web("live", PRODUCT) as one, house.web("raw", LIMIT) as other:
        return await _fan_out(ground, name, size, one, other)


async def _fan_out(ground: Ground, name: str, size: int, one: Server, other: Server) -> Outcome:
    async with _mover(ground) as move:
        product = Side(one, Crowd(_subscription(ground), size), move)
        await product.gather()
        frame = product.crowd.frame
        limit = Side(other, Crowd(LISTENING, size), _broadcaster(other, frame))
        await limit.gather()
        for _ in range(ROUNDS):
            for side in (product, limit):
                await side.happen(ground, max(1, ground.scale.events // ROUNDS))
    for side in (product, limit):
        side.sum_up()
        await side.crowd.leave()
    return Outcome(
        name,
        f"an event to {size:,} sockets",
        "message",
        {"product": product.measured, "limit": limit.measured},
        _claims(product, limit),
        [_told(name, side) for name, side in (("product", product), ("limit", limit))],
    )


def _claims(product: Side, limit: Side) -> list[Claim]:
    many = product.crowd.size
    return [
        Claim("CPU a message", ratio(product.measured.server_ms, limit.measured.server_ms), 1.2, "× limit"),
        Claim("commit → first frame, p50", percentile(product.first, 0.5) * MILLI, 5.0, "ms"),
        Claim("commit → last frame, p50", percentile(product.last, 0.5) * MILLI, 50.0, "ms"),
        Claim("memory a socket", product.a_socket / KB, 40.0, "KB"),
        Claim(f"{many:,} sockets connect and subscribe", product.connected, 2.0 * max(many, 1_000) / 1_000, "s"),
    ]


def _told(name: str, side: Side) -> str:
    measured, lost = side.measured, dict(side.crowd.lost)
    return (
        f"{name}: {measured.server_ms * MILLI:.1f} µs CPU a message; commit → first {percentile(side.first, 0.5) * MILLI:.1f} ms,"
        f" last {percentile(side.last, 0.5) * MILLI:.1f} ms (at worst {max(side.last) * MILLI:.0f});"
        f" {side.a_socket / KB:.0f} KB a socket; all connected in {side.connected:.2f} s"
        + (f"; turned away, by code, and come again: {lost}" if lost else "")
    )


@asynccontextmanager
async def _mover(ground: Ground) -> AsyncIterator[Tell]:
    """Moves a deal to and fro; answers with when that was committed."""
    env = ground.house.env
    hints = Hints(env["DATABASE_URL"], env["REDIS_URL"])
    committed = 0.0

    def deliver(messages: Sequence[Message]) -> None:
        nonlocal committed
        committed = time.perf_counter()
        hints.deliver(messages)

    funnel, person = ground.funnels[0], ground.person
    stages = cycle(funnel.stage_ids[2:4])
    actor = Actor(ActorKind.USER, person.id, person.name, frozenset(Permission))
    async with connect(env["DATABASE_URL"], size=1, deliver=deliver) as db, hints.running():

        async def move() -> float:
            async with db.transaction(person.account_id, actor) as tx:
                await deals.move(tx, deals.Move(funnel.deal_ids[-1], next(stages)))
            return committed

        yield move


def _broadcaster(server: Server, frame: bytes) -> Tell:
    """Posts the text to the limit; answers with when it began to."""
    ask = load.Ask.post("/tell", frame, b"")

    async def tell() -> float:
        began = time.perf_counter()
        await load.once(server.port or 0, ask)
        return began

    return tell


LISTENING = Talk("/listen", PROTOCOL, (), b"ready")


def _subscription(ground: Ground) -> Talk:
    authorization = {"authorization": f"Bearer {ground.token(ground.person)}"}
    payload = {"query": documents.FOLLOW, "variables": {"id": str(ground.funnels[0].id)}}
    says = {"type": "connection_init", "payload": authorization}, {"type": "subscribe", "id": "1", "payload": payload}
    return Talk("/graphql", PROTOCOL, [orjson.dumps(one) for one in says], b"BoardReady")


async def to_200(ground: Ground) -> Outcome:
    return await fan_out(ground, "FAN-OUT-200", ground.scale.sockets[0])


async def to_1000(ground: Ground) -> Outcome:
    return await fan_out(ground, "FAN-OUT-1000", ground.scale.sockets[1])
