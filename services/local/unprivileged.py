"""PostgreSQL refuses to run as root: who runs it then, and from where. Nothing outside our folders is changed.

As root it runs in a user namespace where root is called nobody; where that is refused, as nobody. Where that user
cannot reach the programs or the data, both are kept in a folder of ours under /var/tmp.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from services.local.binaries import PostgresPrograms
from services.local.children import LAUNCH, User
from services.local.errors import Refusal
from services.local.launch import NOBODY, REFUSED

ELSEWHERE = Path("/var/tmp")  # noqa: S108  # the folder in it is made by us, or refused


@dataclass(frozen=True)
class Place:
    """Who runs PostgreSQL, with which programs, and the folder in which its data stand."""

    user: User
    programs: PostgresPrograms
    folder: Path

    def give(self, path: Path) -> None:
        """Make it that user's, with all that is in it."""
        if self.user == "self":
            return
        owner = NOBODY if self.user == "nobody" else 0
        if path.lstat().st_uid == owner:
            return
        for folder, folders, files in os.walk(path):
            for name in (*folders, *files):
                os.chown(os.path.join(folder, name), owner, owner, follow_symlinks=False)  # noqa: PTH118
        os.chown(path, owner, owner, follow_symlinks=False)


def find_place(programs: PostgresPrograms, folder: Path, name: str) -> Place:
    """`folder`, a folder of ours, is where the data should stand; `name` tells it from others when it cannot be."""
    if os.geteuid() != 0:
        return Place("self", programs, folder)
    for user in users_for_root():
        try:
            if user == "nobody":
                folder.chmod(0o711)  # nobody may pass; what is in it has modes of its own
            if not unreachable(user, programs, folder):
                return Place(user, programs, folder)
            return _elsewhere(user, programs, name)
        except CannotBecome:
            continue
    raise Refusal(
        "PostgreSQL does not run as root, and this system lets root become nobody else. "
        "Run ./dev as an ordinary user, or give DATABASE_URL."
    )


class CannotBecome(Exception):
    """This system does not let root become that user."""


def users_for_root() -> Sequence[User]:
    """The namespace first: files stay root's, and root reads its own."""
    return ("namespace", "nobody") if sys.platform == "linux" else ("nobody",)


def unreachable(user: User, programs: PostgresPrograms, folder: Path) -> list[str]:
    """What that user cannot reach. Asked of the system as that user: modes alone do not tell it."""
    places = [f"rx:{programs.postgres}", f"rx:{programs.initdb}", f"x:{folder}"]
    command = [sys.executable, "-I", "-S", str(LAUNCH), user, "probe", *places]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    if done.returncode == REFUSED:
        raise CannotBecome(done.stderr.strip())
    if done.returncode:
        raise Refusal(f"Could not look as {user}: {done.stderr.strip()}")
    return [places[int(number)] for number in done.stdout.split()]


def _elsewhere(user: User, programs: PostgresPrograms, name: str) -> Place:
    home = ELSEWHERE / f"voronka-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    home.mkdir(mode=0o711, exist_ok=True)
    found = home.lstat()
    if not home.is_dir() or home.is_symlink() or found.st_uid != 0 or found.st_mode & 0o022:
        raise Refusal(f"{home} is not ours: somebody else made it. Remove it.")
    home.chmod(0o711)
    reached = programs
    if programs.whole is not None:
        reached = _copy(programs, programs.whole, home)
    if lost := unreachable(user, reached, home):
        raise Refusal(f"PostgreSQL must not run as root, and nobody cannot reach {', '.join(lost)}. Give DATABASE_URL.")
    return Place(user, reached, home)


def _copy(programs: PostgresPrograms, whole: Path, home: Path) -> PostgresPrograms:
    """The programs where everyone may read them. A finished copy is known by its name."""
    version = hashlib.sha256(f"{programs.postgres.stat().st_mtime_ns} {programs.version}".encode()).hexdigest()[:8]
    copy = home / f"programs-{version}"
    if not copy.exists():
        half_made = home / f"programs-{version}.new"
        shutil.rmtree(half_made, ignore_errors=True)
        shutil.copytree(whole, half_made, symlinks=True)
        for path in (half_made, *half_made.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        half_made.rename(copy)
    return replace(programs, folder=copy / programs.folder.relative_to(whole), whole=copy)
