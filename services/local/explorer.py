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
DIST = FOLDER / "dist"
SOURCES = ("package.json", "package-lock.json", "tsconfig.json", "build.mjs", "index.html", "src/*")


def build() -> None:
    """Unless it is built of these sources already. Once at a time. Raises Refusal when it cannot be done."""
    if is_built():
        return
    found = node.install(FOLDER)
    with (FOLDER / ".npm.lock").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if is_built():
            return
        command = [*found.npm, "run", "build", "--silent"]
        done = subprocess.run(command, cwd=FOLDER, env=found.env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Refusal(f"npm run build failed in {FOLDER}:\n{done.stdout}{done.stderr}")
        (DIST / node.STAMP).write_text(_hash())


def is_built() -> bool:
    stamp = DIST / node.STAMP
    return stamp.exists() and stamp.read_text() == _hash()


def _hash() -> str:
    files = sorted(file for pattern in SOURCES for file in FOLDER.glob(pattern))
    return hashlib.sha256(b"\0".join(file.name.encode() + b"\0" + file.read_bytes() for file in files)).hexdigest()


@contextmanager
def building(state: State) -> Iterator[None]:
    """Build it meanwhile in a process of its own, which ends with the block at the latest."""
    if is_built():
        yield
        return
    log = state.log("explorer")
    launch = [sys.executable, "-I", "-S", str(children.LAUNCH), "self", str(os.getpid()), str(int(signal.SIGTERM))]
    process = subprocess.Popen(
        [*launch, sys.executable, "-P", "-m", "services.local.explorer", str(log)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={**os.environ, MARK: str(state.folder)},
        cwd=ROOT,
        start_new_session=True,  # it has children of its own: they end together
    )
    try:
        yield
    finally:
        children.stop(process, (signal.SIGTERM, 5), (signal.SIGKILL, 5))


def main(log: Path) -> None:
    """One sentence for the person at the terminal; why, is in the log."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: os.killpg(0, signal.SIGKILL))
    os.nice(10)  # the services start at the same time, and somebody waits for them
    try:
        build()
    except Refusal as refusal:
        log.write_text(f"{refusal}\n")
        sys.exit(f"dev: GraphiQL could not be built, and all else works without it ({log} says why)")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
