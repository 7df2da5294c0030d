"""Keeps children alive and ends them in order. One thread: a child of another thread would end with that thread.

It sleeps until a child ends, a signal comes, or it is time to look; whoever falls is back within a second.
"""

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

from services.local import children
from services.local.children import Recipe
from services.local.errors import Refusal
from services.local.state import Row, State

STEADY = 3.0  # seconds: one who lived shorter fell at once
DELAYS = (0.0, 0.1, 0.3, 0.5, 0.7)  # before the first, second… start in a row that did not last
MOST_FALLS = 4  # in a row, before anything was ready: then it will not get better
LONG = 20.0  # seconds of waiting, before we say for what
GLANCE = 0.25  # seconds between looks at what tells nothing by itself

# How the roles are ended, one group after another: by which signal, and how many seconds before SIGKILL.
FAREWELLS = (
    {"api": (signal.SIGTERM, 14.0), "worker": (signal.SIGTERM, 16.0)},
    {"valkey": (signal.SIGTERM, 10.0)},
    {"postgres": (signal.SIGINT, 60.0)},
)


class Stop(Exception):
    """Somebody wants us to end."""


@dataclass
class Child:
    recipe: Recipe
    process: subprocess.Popen[bytes] | None
    started: float
    falls: int = 0
    due: float = 0.0  # when to start it again

    @property
    def rows(self) -> Iterator[Row]:
        if self.process is None:
            return
        yield Row(role=self.recipe.role, name=self.recipe.name, pid=self.process.pid, port=self.recipe.port)
        if (pid := self.inner_pid) is not None:
            yield Row(role="celery", name=self.recipe.name.replace("worker", "celery"), pid=pid, port=None)

    @property
    def inner_pid(self) -> int | None:
        """The pid of the child's own child, when it runs."""
        if self.recipe.pidfile is None:
            return None
        with suppress(FileNotFoundError, ValueError):
            pid = int(self.recipe.pidfile.read_text())
            return pid if children.is_alive(pid) else None
        return None


class Supervisor:
    def __init__(self, state: State, say: Callable[[str], None]) -> None:
        self._state = state
        self._say = say
        self._children: list[Child] = []
        self._written: list[Row] = []
        self._signals = 0
        self._read, self._wake = os.pipe()
        self.ready = False

    @contextmanager
    def running(self) -> Iterator["Supervisor"]:
        """With our signal handlers; all children have ended at its end."""
        for end in (self._read, self._wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup
            signal.signal(signal.SIGHUP, self._on_signal)
        try:
            yield self
        except Stop:
            self._say("stopping; once more to hurry")
        finally:
            self._stop()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1

    def start(self, recipe: Recipe) -> subprocess.Popen[bytes]:
        children.set_old_log_aside(recipe.log)
        process = recipe.start()
        self._children.append(Child(recipe, process, time.monotonic()))
        self._write()
        return process

    def has_inner(self, name: str) -> bool:
        """Whether that child's own child runs."""
        return any(child.inner_pid is not None for child in self._children if child.recipe.name == name)

    def run(self, recipe: Recipe) -> None:
        """Run a child to its end. Raises Refusal when that is not a good one."""
        children.set_old_log_aside(recipe.log)
        process = recipe.start()
        try:
            while process.poll() is None:
                self.pause(1.0)
        finally:
            if process.poll() is None:
                children.stop(process, (signal.SIGTERM, 5), (signal.SIGKILL, 5))
        if process.returncode:
            raise Refusal(f"{recipe.name} failed; {recipe.log} says:\n{children.tail(recipe.log)}")

    def wait(self, what: str, come: Callable[[], bool]) -> None:
        """Until it has come; says so when that takes long."""
        patience = time.monotonic() + LONG
        while not come():
            self.pause(GLANCE / 5)
            if time.monotonic() > patience:
                self._say(f"still waiting for {what}")
                patience = time.monotonic() + LONG

    def watch(self) -> None:
        """For ever: raises Stop when somebody wants us to end."""
        while True:
            self.pause(GLANCE)

    def pause(self, seconds: float) -> None:
        """Sleep at most so long, with an eye on the children. Raises Stop when we are to end."""
        if self._signals:
            raise Stop
        due = min((child.due for child in self._children if child.process is None), default=float("inf"))
        select.select([self._read], [], [], max(0.0, min(seconds, due - time.monotonic())))
        self._drain()
        if self._signals:
            raise Stop
        for child in self._children:
            self._look_at(child)
        self._write()

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            while os.read(self._read, 1024):
                pass

    def _look_at(self, child: Child) -> None:
        if child.process is not None and child.process.poll() is not None:
            self._fell(child, how_it_ended(child.process.returncode))
        if child.process is None and time.monotonic() >= child.due:
            child.started = time.monotonic()
            try:
                child.process = child.recipe.start()
            except OSError as failure:  # no memory, no disk: it may be there in a moment
                self._fell(child, f"cannot be started ({failure.strerror})")

    def _fell(self, child: Child, how: str) -> None:
        recipe, now = child.recipe, time.monotonic()
        child.falls = child.falls + 1 if now - child.started < STEADY else 1
        if not self.ready and child.falls >= MOST_FALLS:
            raise Refusal(f"{recipe.name} does not stay up; {recipe.log} says:\n{children.tail(recipe.log)}")
        self._say(f"{recipe.name} {how}: it is started again ({recipe.log})")
        if child.process is not None and (orphan := child.inner_pid) is not None:
            children.end(orphan, (signal.SIGTERM, 0))  # it finishes what it does beside the new one
        if recipe.pidfile is not None:
            recipe.pidfile.unlink(missing_ok=True)  # by and by the number may be another's
        child.process = None
        child.due = now + DELAYS[min(child.falls, len(DELAYS)) - 1]

    def _write(self) -> None:
        rows = [row for child in self._children for row in child.rows]
        if rows != self._written:
            with suppress(OSError):  # a full disk ends nobody: it is tried again at the next look
                self._state.write_processes(rows)
                self._written = rows

    def _stop(self) -> None:
        self._signals = max(0, self._signals - 1)  # the first one brought us here
        for farewells in FAREWELLS:
            leaving = [child for child in self._children if child.recipe.role in farewells and child.process]
            for child in leaving:
                self._send(child, farewells[child.recipe.role][0])
            began = time.monotonic()
            while leaving := [child for child in leaving if child.process and child.process.poll() is None]:
                for child in leaving:
                    patience = farewells[child.recipe.role][1]
                    if time.monotonic() - began > patience or (self._signals and child.recipe.role != "postgres"):
                        self._send(child, signal.SIGKILL)
                select.select([self._read], [], [], 0.1)
                self._drain()
        with suppress(OSError):
            self._state.write_processes([])
        signal.set_wakeup_fd(-1)

    def _send(self, child: Child, number: int) -> None:
        if child.process is None:
            return
        if number == signal.SIGKILL and child.recipe.role == "worker":
            with suppress(ProcessLookupError):
                os.killpg(child.process.pid, number)  # with its Celery
        child.process.send_signal(number)


def how_it_ended(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
