"""Whoever falls is back within a second; whoever is asked to end ends, in order; nobody is left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.local import children
from services.local.state import Row
from tests.up import until

ROOT = Path(__file__).parents[2]
STAYS = "touch $DIR/up-api; exec sleep 60"
ENDS_SLOWLY = "trap 'echo {0} >> $DIR/ended; sleep 0.3; exit' TERM INT; touch $DIR/up-{0}; while :; do sleep 0.05; done"
NEVER_ENDS = "trap '' TERM; touch $DIR/up-api; while :; do sleep 0.05; done"
HAS_A_CHILD = "sleep 60 & echo $! > $PIDFILE; touch $DIR/up-worker; wait; echo ended; exit 1"


class Supervised:
    """A running supervisor, and what it says."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.folder = folder
        command = [sys.executable, "-P", "-m", "tests.local.supervised", str(folder), *words]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def wait_until_ready(self) -> "Supervised":
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"
        return self

    def rows(self) -> list[Row]:
        rows: list[Row] = json.loads((self.folder / "run" / "processes.json").read_text())
        return rows

    def pid(self, role: str) -> int | None:
        return next((row["pid"] for row in self.rows() if row["role"] == role), None)

    def end(self, *signals: int) -> str:
        """What it says to that."""
        for number in signals:
            self.process.send_signal(number)
            time.sleep(0.2)
        return self.process.communicate(timeout=30)[0]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Supervised]]:
    started = []

    def start(*words: str) -> Supervised:
        started.append(Supervised(tmp_path / "state", *words))
        return started[-1]

    yield start
    for supervised in started:
        supervised.process.kill()
        supervised.process.communicate()


def changes(supervised: Supervised, role: str, old: int) -> Callable[[], bool]:
    return lambda: supervised.pid(role) not in (old, None)


def test_starts_whoever_falls_within_a_second_however_often(start: Callable[..., Supervised]) -> None:
    supervised = start("api", "api-80", STAYS).wait_until_ready()

    for _ in range(6):
        old = supervised.pid("api")
        assert old is not None
        os.kill(old, signal.SIGKILL)
        until(changes(supervised, "api", old), 1.0)

    assert supervised.rows() == [{"role": "api", "name": "api-80", "pid": supervised.pid("api"), "port": 80}]
    assert "api-80 was ended by SIGKILL: it is started again" in supervised.end(signal.SIGTERM)


def test_lists_the_child_of_a_child(start: Callable[..., Supervised]) -> None:
    supervised = start("worker", "worker-1", HAS_A_CHILD).wait_until_ready()
    until(lambda: supervised.pid("celery") is not None, 1.0)
    celery, worker = supervised.pid("celery"), supervised.pid("worker")
    assert celery is not None
    assert worker is not None

    os.kill(worker, signal.SIGKILL)
    until(changes(supervised, "worker", worker), 1.0)
    until(changes(supervised, "celery", celery), 1.0)

    until(lambda: not children.is_alive(celery), 1.0)  # nobody's child goes on working
    assert [row["name"] for row in supervised.rows()] == ["worker-1", "celery-1"]


def test_ends_in_order(start: Callable[..., Supervised]) -> None:
    roles = ("postgres", "valkey", "worker", "api")
    supervised = start(*(word for role in roles for word in (role, role, ENDS_SLOWLY.format(role)))).wait_until_ready()
    pids = [row["pid"] for row in supervised.rows()]

    supervised.end(signal.SIGTERM)

    ended = (supervised.folder / "ended").read_text().split()
    assert (sorted(ended[:2]), ended[2:]) == (["api", "worker"], ["valkey", "postgres"])
    assert not any(children.is_alive(pid) for pid in pids)
    assert (supervised.rows(), supervised.process.returncode) == ([], 0)


def test_a_second_signal_hurries(start: Callable[..., Supervised]) -> None:
    supervised = start("api", "api-80", NEVER_ENDS).wait_until_ready()
    began = time.monotonic()

    supervised.end(signal.SIGINT, signal.SIGINT)

    assert time.monotonic() - began < 3
    assert supervised.process.returncode == 0


def test_children_go_with_a_killed_supervisor(start: Callable[..., Supervised]) -> None:
    supervised = start("api", "api-80", STAYS).wait_until_ready()
    pid = supervised.pid("api")
    assert pid is not None

    supervised.process.kill()

    until(lambda: not children.is_alive(pid), 2.0)


def test_gives_up_on_one_that_never_stands(start: Callable[..., Supervised]) -> None:
    supervised = start("api", "api-80", "echo the reason; exit 3")

    said = supervised.process.communicate(timeout=10)[0]

    assert supervised.process.returncode == 1
    assert "api-80 ended with code 3" in said
    assert "api-80 does not stay up" in said
    assert said.endswith("the reason\n")


def test_can_be_stopped_before_it_is_ready(start: Callable[..., Supervised]) -> None:
    supervised = start("api", "api-80", "exec sleep 60")  # never says that it is up
    until((supervised.folder / "run" / "processes.json").exists, 5.0)

    assert supervised.end(signal.SIGTERM) == "stopping; once more to hurry\n"
    assert supervised.process.returncode == 0
