"""What a piece of work costs: CPU of the server and of PostgreSQL, all backends, while it goes on."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from services.local.bench import load, machine
from services.local.bench.house import House, Server
from services.local.bench.results import Measured, percentile


@dataclass
class Spent:
    """Seconds of CPU, known when the block has ended."""

    server: float = 0.0
    postgres: float = 0.0


@contextmanager
def metering(house: House, servers: Sequence[Server]) -> Iterator[Spent]:
    """`servers`: whose CPU is the server's, with what they have started."""
    spent = Spent()
    server = machine.cpu_of(_pids(servers))
    postgres = machine.cpu_of(machine.family(house.postmaster))
    yield spent
    spent.server = machine.cpu_since(server, _pids(servers))
    spent.postgres = machine.cpu_since(postgres, machine.family(house.postmaster))


def _pids(servers: Sequence[Server]) -> list[int]:
    return [pid for server in servers for pid in server.pids]


@dataclass(frozen=True)
class Effort:
    """How long and how hard: `rounds` turns of `seconds` for each side, one after the other."""

    seconds: float
    rounds: int
    connections: int = 16


Sides = dict[str, tuple[Server, load.Asking]]


async def in_turn(house: House, sides: Sides, effort: Effort) -> dict[str, Measured]:
    """Measure each side in each round, so that what drifts on the machine meets them all."""
    for server, asking in sides.values():  # warm: connections, prepared statements, compiled documents
        await load.run(server.port or 0, asking, effort.connections, min(1.0, effort.seconds / 4))
    loads = {name: load.Load() for name in sides}
    measured = {name: Measured() for name in sides}
    for _ in range(effort.rounds):
        for name, (server, asking) in sides.items():
            with metering(house, [server]) as spent:
                loads[name].add(await load.run(server.port or 0, asking, effort.connections, effort.seconds))
            measured[name].server += spent.server
            measured[name].postgres += spent.postgres
            measured[name].memory = machine.memory_of(server.pid)
    for name, side in measured.items():
        answered = loads[name]
        side.count, side.seconds = answered.requests, answered.seconds
        side.p50, side.p99 = percentile(answered.latencies, 0.5), percentile(answered.latencies, 0.99)
        side.bytes = answered.bytes / answered.requests if answered.requests else 0.0
    return measured
