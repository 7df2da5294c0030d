"""The real `./dev up`, as tests start it: one command, a folder of its own, and its processes by role."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from services.local import children, ports
from services.local.paths import ROOT
from services.local.state import Row, State
from services.local.up import is_ready

LONG = 60.0  # seconds; another test may have the processor
GLANCE = 0.01
SERVERS = ("DATABASE_URL", "DATABASE_DIRECT_URL", "REDIS_URL")
APIS = WORKERS = 2
EVERYBODY = sorted(["postgres", "valkey", *["api"] * APIS, *["worker", "celery"] * WORKERS])


class Up:
    def __init__(self, state: Path, *options: str, **environment: str) -> None:
        self.state = State(state)
        command = [str(ROOT / "dev"), "up", "--state", str(state), *options]
        env = {name: value for name, value in os.environ.items() if name not in SERVERS} | environment
        self.process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def wait_until_ready(self) -> list[str]:
        """What it said, the ready line last."""
        assert self.process.stdout is not None
        said = []
        for line in self.process.stdout:
            said.append(line)
            if line.startswith("ready"):
                return said
        raise AssertionError("".join(said))

    def rows(self, role: str) -> list[Row]:
        return [row for row in self.state.read_processes() if row["role"] == role]

    def row(self, role: str) -> Row:
        return self.rows(role)[0]

    def kill(self, role: str) -> Row:
        """The new row, once it is there."""
        until(lambda: bool(self.rows(role)), LONG)
        old = self.row(role)
        os.kill(old["pid"], signal.SIGKILL)
        until(lambda: any(row["pid"] != old["pid"] for row in self.rows(role)), LONG)
        assert self.row(role)["port"] == old["port"]
        return self.row(role)

    @property
    def pids(self) -> list[int]:
        return [row["pid"] for row in self.state.read_processes()]

    @property
    def database(self) -> str:
        return self.state.read_env()["DATABASE_URL"]

    def stop(self) -> str:
        self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=LONG)[0]


class House:
    """What many tests live in: two API processes, two workers, durable servers.

    A test may kill in it whom it likes: `make_well` brings back whatever does not come back by itself.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = _ports(APIS)
        self.up = self._start()

    def _start(self) -> Up:
        port, apis, workers = str(self.ports[0]), str(APIS), str(WORKERS)
        up = Up(self.folder, "--no-demo", "--port", port, "--api", apis, "--workers", workers)
        try:
            up.wait_until_ready()
        except BaseException:
            up.stop()
            raise
        return up

    @property
    def addresses(self) -> list[str]:
        """Of the API processes."""
        return [f"http://127.0.0.1:{port}" for port in self.ports]

    @property
    def env(self) -> dict[str, str]:
        """What `up` tells whoever wants to talk to it."""
        return self.up.state.read_env()

    def signal(self, role: str, number: int, which: int = 0) -> int:
        """Send a signal to one of that role. Its pid."""
        pid = self.up.rows(role)[which]["pid"]
        os.kill(pid, number)
        return pid

    def kill_everything(self) -> list[int]:
        """kill -9 of the supervisor and of each process that it knows. Their pids."""
        pids = [self.up.process.pid, *self.up.pids]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        self.up.process.communicate()
        return pids

    def start_again(self) -> None:
        self.up = self._start()

    @property
    def is_well(self) -> bool:
        """Whether everybody runs, and can be talked to."""
        roles = sorted(row["role"] for row in self.up.state.read_processes())
        return roles == EVERYBODY and all(is_ready(port) for port in self.ports)

    def make_well(self) -> None:
        if self.up.process.poll() is not None:
            self.start_again()
        until(lambda: self.is_well, LONG)

    def get_over(self, gone: int) -> None:
        """Until everybody is well, and that process is not one of them."""
        until(lambda: gone not in self.up.pids and self.is_well, LONG)

    def stop(self) -> None:
        for row in self.up.state.read_processes():
            if children.is_alive(row["pid"]):
                os.kill(row["pid"], signal.SIGCONT)  # one that a test has paused would not hear the farewell
        self.up.stop()


@contextmanager
def house(folder: Path) -> Iterator[House]:
    started = House(folder)
    try:
        yield started
    finally:
        started.stop()


def _ports(count: int) -> range:
    """Free ones that follow each other."""
    while True:
        first = ports.choose()
        if all(ports.is_free(port) for port in range(first, first + count)):
            return range(first, first + count)


def until(condition: Callable[[], bool], seconds: float) -> float:
    """How long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds
        time.sleep(GLANCE)
    return time.monotonic() - began
