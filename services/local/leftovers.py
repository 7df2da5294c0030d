"""What an earlier supervisor left running when it was killed: found by its mark, ended before we start.

On Linux children end with their parent; their own children may not, and elsewhere nothing does.
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from services.local import children
from services.local.state import MARK, State

OURS = ("services.", "celery", "valkey", "redis-server")


def end(state: State) -> None:
    """Call it under the lock of the state: then whatever bears its mark has no parent any more."""
    pids = _marked(state) if sys.platform == "linux" else _listed(state)
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    for pid in pids:
        children.end(pid, (0, 3), (signal.SIGKILL, 5))


def _marked(state: State) -> list[int]:
    mark = f"{MARK}={state.folder}".encode()
    broker = state.folder / "valkey"
    found = []
    for proc in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            # Valkey writes its title over its environment: it is known by the folder it stands in.
            if mark in (proc / "environ").read_bytes().split(b"\0") or (proc / "cwd").readlink() == broker:
                found.append(int(proc.name))
    return [pid for pid in found if pid != os.getpid()]


def _listed(state: State) -> list[int]:
    """By what was written down, when the process of that number is of our kind still."""
    found = []
    for row in state.read_processes():
        command = ["ps", "-o", "command=", "-p", str(row["pid"])]
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        if row["role"] != "postgres" and any(word in said for word in OURS):
            found.append(row["pid"])
    return found
