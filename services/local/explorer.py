"""Builds GraphiQL out of npm's packages, once: a stamp in what was built tells of which sources.

`./dev up` does it beside everything else, since nobody needs it to be ready: a failure is told, and ends nothing.
"""

import fcntl
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.local import children, node
from services.local.errors import Refusal
from services.local.paths import ROOT
from services.local.state import MARK, State

FOLDER = ROOT / "services" / "graphql" / "explorer"
SOURCES = ("package.json", "package-lock.json", "tsconfig.json", "build.mjs", "index.html", "src/*")


def build(folder: Path = FOLDER) -> None:
    """Unless it is built of these sources already. Once at a time. Raises Refusal when it cannot be done."""
    if is_built(folder):
        return
    found = node.install(folder)
    with (folder / ".npm.lock").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if is_built(folder):
            return
        command = [*found.npm, "run", "build", "--silent"]
        done = subprocess.run(command, cwd=folder, env=found.env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Refusal(f"npm run build failed in {folder}:\n{done.stdout}{done.stderr}")
        _stamp(folder).write_text(_hash(folder))


def is_built(folder: Path = FOLDER) -> bool:
    stamp = _stamp(folder)
    return stamp.exists() and stamp.read_text() == _hash(folder)


def _stamp(folder: Path) -> Path:
    return folder / "dist" / node.STAMP


def _hash(folder: Path) -> str:
    files = sorted(file for pattern in SOURCES for file in folder.glob(pattern))
    return hashlib.sha256(b"\0".join(file.name.encode() + b"\0" + file.read_bytes() for file in files)).hexdigest()


@contextmanager
def building(state: State, folder: Path = FOLDER) -> Iterator[subprocess.Popen[bytes] | None]:
    """Build it meanwhile in a process of its own, which ends with the block at the latest; None: it is built."""
    if is_built(folder):
        yield None
        return
    launch = [sys.executable, "-I", "-S", str(children.LAUNCH), "self", str(os.getpid()), str(int(signal.SIGTERM))]
    words = [sys.executable, "-P", "-m", "services.local.explorer", str(folder), str(state.log("explorer"))]
    process = subprocess.Popen(
        [*launch, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={**os.environ, MARK: str(state.folder)},
        cwd=ROOT,
        start_new_session=True,  # it has children of its own: they end together
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            children.stop(process, (signal.SIGTERM, 5), (signal.SIGKILL, 5))


def main(folder: Path, log: Path) -> None:
    """One sentence for the person at the terminal; why, is in the log."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: os.killpg(0, signal.SIGKILL))
    os.nice(10)  # the services start at the same time, and somebody waits for them
    try:
        build(folder)
    except Refusal as refusal:
        log.write_text(f"{refusal}\n")
        sys.exit(f"dev: GraphiQL could not be built, and all else works without it ({log} says why)")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
