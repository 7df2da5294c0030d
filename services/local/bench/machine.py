"""What a measurement is made with: processors to stand on, and the CPU and memory of processes, as /proc tells them."""

import os
import platform
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
NANO = 1e9
TICK = os.sysconf("SC_CLK_TCK")  # a second
KB = 1024


@dataclass(frozen=True)
class Cores:
    """Where the measured server stands, and where everything else does. Empty: nobody is bound to a processor."""

    server: frozenset[int]
    others: frozenset[int]

    @classmethod
    def all(cls) -> "Cores":
        """Nobody is bound to any."""
        return cls(frozenset(), frozenset())

    @classmethod
    def choose(cls) -> "Cores":
        """One for the server, the rest for PostgreSQL and the clients; nothing where the system has but one."""
        if not hasattr(os, "sched_getaffinity"):
            return cls.all()
        first, *rest = sorted(os.sched_getaffinity(0))
        return cls(frozenset([first]), frozenset(rest)) if rest else cls.all()

    @property
    def sentence(self) -> str:
        if not self.server:
            return "not pinned: this system has one processor, or binds nobody to any"
        return f"server on processor {_listed(self.server)}, PostgreSQL and client on {_listed(self.others)}"


def pin(pid: int, cores: Iterable[int]) -> None:
    """Bind a process, with all its threads and what they start from now on. Nothing happens without cores."""
    wanted = set(cores)
    if wanted:
        with suppress(OSError):
            for thread in (PROC / str(pid) / "task").iterdir():
                os.sched_setaffinity(int(thread.name), wanted)


def cpu_of(pids: Iterable[int]) -> dict[int, float]:
    """Seconds that each of these processes has computed so far."""
    return {pid: _cpu(pid) for pid in pids}


def cpu_since(before: Mapping[int, float], pids: Iterable[int]) -> float:
    """Seconds that these have computed since then, together. Who has ended meanwhile counts nothing."""
    return sum(max(0.0, now - before.get(pid, 0.0)) for pid, now in cpu_of(pids).items())


def _cpu(pid: int) -> float:
    total = 0.0
    with suppress(OSError):
        for thread in (PROC / str(pid) / "task").iterdir():
            with suppress(OSError):
                total += _of_thread(thread)
    return total


def _of_thread(thread: Path) -> float:
    """To the nanosecond where the kernel keeps schedstat, else to the tick, a hundredth of a second."""
    try:
        return int((thread / "schedstat").read_text().split()[0]) / NANO
    except FileNotFoundError:
        fields = (thread / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK


def family(pid: int) -> list[int]:
    """The process and all who descend from it, as of now."""
    children: dict[int, list[int]] = {}
    for entry in PROC.glob("[0-9]*"):
        with suppress(OSError, IndexError, ValueError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += children.get(one, ())
    return found


def memory_of(pid: int) -> int:
    """Bytes in memory that are the process's own: libraries are shared with others."""
    with suppress(OSError):
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss_Anon:"):
                return int(line.split()[1]) * KB
    with suppress(OSError):
        for line in (PROC / str(pid) / "status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * KB
    return 0


def describe() -> str:
    """The machine in a line."""
    name = platform.processor() or platform.machine()
    with suppress(OSError):
        lines = (PROC / "cpuinfo").read_text().splitlines()
        name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), name)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / KB**3
    return f"{os.cpu_count()} × {name}, {memory:.0f} GB, {platform.system()} {platform.release()}, Python {platform.python_version()}"


def _listed(cores: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(cores)))
