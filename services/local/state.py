"""The folder of `./dev up`: secrets that last, what runs now, logs. One supervisor has it at a time.

secrets.json          ports and secrets, made at the first start (0600)
run/env               KEY=value lines for whoever wants to talk to what runs (0600)
run/processes.json    [{role, name, pid, port}], rewritten at each restart
log/*.log             what each process says
postgres-18/ valkey/  their data
"""

import fcntl
import json
import os
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO, TypedDict

from services.local import ports
from services.local.errors import Refusal

MARK = "VORONKA_CHILD_OF"  # in the environment of every child: whose it is


class Row(TypedDict):
    """A process as others see it: `pid` is the real one, `port` is where it listens."""

    role: str
    name: str
    pid: int
    port: int | None


@dataclass(frozen=True)
class Secrets:
    """Made once, so that tokens, sealed secrets and addresses outlive a restart."""

    id: str
    postgres_port: int
    postgres_password: str
    valkey_port: int
    valkey_password: str
    jwt_secret: str
    secret_key: str

    @classmethod
    def new(cls) -> "Secrets":
        postgres_port = ports.choose()
        valkey_port = ports.choose()
        while valkey_port == postgres_port:
            valkey_port = ports.choose()
        return cls(
            id=secrets.token_hex(8),
            postgres_port=postgres_port,
            postgres_password=secrets.token_hex(16),
            valkey_port=valkey_port,
            valkey_password=secrets.token_hex(16),
            jwt_secret=secrets.token_urlsafe(32),
            secret_key=urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        )


class State:
    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._lock: TextIO | None = None

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def env_file(self) -> Path:
        return self.run / "env"

    @property
    def processes_file(self) -> Path:
        return self.run / "processes.json"

    def log(self, name: str) -> Path:
        return self.folder / "log" / f"{name}.log"

    def take(self) -> Secrets:
        """Make the folder ours until this process ends. Raises Refusal when another one has it."""
        self._refuse_what_is_not_ours()
        try:
            for folder in (self.folder, self.run, self.folder / "log"):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = (self.folder / "lock").open("a+")
        except OSError as failure:
            raise Refusal(f"{failure.filename} cannot be used ({failure.strerror}): give another --state.") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.seek(0)
            holder = self._lock.read().strip() or "another ./dev up"
            raise Refusal(
                f"{self.folder} is already running ({holder}): stop it first, or give another --state."
            ) from None
        self.folder.chmod(0o700)
        self._lock.truncate(0)
        self._lock.write(f"pid {os.getpid()}\n")
        self._lock.flush()
        return self._secrets()

    def release(self) -> None:
        if self._lock is not None:
            self._lock.close()

    def _refuse_what_is_not_ours(self) -> None:
        """We change modes and owners inside: it must be a folder of ours, or a new one."""
        try:
            owner = self.folder.stat().st_uid
            names = {path.name for path in self.folder.iterdir()}
        except FileNotFoundError:
            return
        except OSError as failure:
            raise Refusal(f"{self.folder} cannot be used ({failure.strerror}): give another --state.") from None
        if owner != os.geteuid():
            raise Refusal(f"{self.folder} belongs to another user: run ./dev as that one, or give another --state.")
        if names and not names & {"lock", "secrets.json"}:
            raise Refusal(f"{self.folder} holds other things: give a new folder to --state.")

    def _secrets(self) -> Secrets:
        file = self.folder / "secrets.json"
        try:
            return Secrets(**json.loads(file.read_text()))
        except FileNotFoundError:
            made = Secrets.new()
            write(file, json.dumps(asdict(made), indent=1) + "\n")
            return made
        except (TypeError, ValueError):
            raise Refusal(f"{file} cannot be read: remove {self.folder} to begin anew.") from None

    def write_env(self, env: Mapping[str, str]) -> None:
        write(self.env_file, "".join(f"{name}={value}\n" for name, value in env.items()))

    def read_env(self) -> dict[str, str]:
        """What the last `up` wrote; empty when there was none."""
        try:
            lines = self.env_file.read_text().splitlines()
        except FileNotFoundError:
            return {}
        except PermissionError:
            raise Refusal(f"{self.env_file} belongs to somebody else.") from None
        return dict(line.split("=", 1) for line in lines)

    def write_processes(self, rows: Sequence[Row]) -> None:
        write(self.processes_file, json.dumps(rows, indent=1) + "\n")

    def read_processes(self) -> list[Row]:
        try:
            rows: list[Row] = json.loads(self.processes_file.read_text())
        except (FileNotFoundError, ValueError):
            return []
        return rows


def write(file: Path, text: str) -> None:
    """Whole or not at all, and for our eyes only."""
    new = file.with_name(file.name + ".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:  # noqa: PTH123
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    new.replace(file)
