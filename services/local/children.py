"""A child process: what is run, where it speaks, and how it is ended. Every child ends when its parent does."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

LAUNCH = Path(__file__).with_name("launch.py")
LARGEST_LOG = 10_000_000  # bytes, before it is put aside at the next start
User = Literal["self", "namespace", "nobody"]


@dataclass(frozen=True)
class Recipe:
    """How to start a child, as often as needed."""

    role: str
    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    log: Path
    cwd: Path
    port: int | None = None
    user: User = "self"
    last_wish: int = signal.SIGKILL  # the signal that comes when the parent ends without a word
    pidfile: Path | None = None  # where it writes the pid of a child of its own
    before: Callable[[], None] | None = None  # what must be put in order first

    def start(self) -> subprocess.Popen[bytes]:
        if self.before is not None:
            self.before()
        launch = [sys.executable, "-I", "-S", str(LAUNCH), self.user, str(os.getpid()), str(int(self.last_wish))]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*launch, *self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(self.env),
                cwd=self.cwd,
                start_new_session=True,  # Ctrl-C in the terminal is for us: we end the children in order
            )


def set_old_log_aside(log: Path) -> None:
    with suppress(FileNotFoundError):
        if log.stat().st_size > LARGEST_LOG:
            log.replace(log.with_suffix(".log.old"))


def tail(log: Path, lines: int = 20) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""


def is_alive(pid: int) -> bool:
    """Whether it runs. One that has ended and that nobody asks about, as in a container without init, does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return not Path("/proc/self").exists()  # it ended just now; or this system has no such files
    return stat.rpartition(")")[2].split()[0] != "Z"


def end(pid: int, *steps: tuple[int, float]) -> None:
    """Send signals to a process that is not our child, each with some seconds to take effect, until it is gone."""
    for number, patience in steps:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if not is_alive(pid):
                return
            time.sleep(0.02)


def stop(process: subprocess.Popen[bytes], *steps: tuple[int, float]) -> None:
    """The same for a child of ours."""
    for number, patience in steps:
        process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            return
