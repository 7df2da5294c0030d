"""A Valkey of our own. Losing it loses nothing but time; still it keeps what it was told, as a broker should."""

import os
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from services.local.children import Recipe


@dataclass(frozen=True)
class Valkey:
    program: Path
    folder: Path
    port: int
    password: str
    durable: bool = True

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def configure(self) -> None:
        """The password stands in a file that only we can read, and never in a list of processes."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "requirepass": self.password,
            "daemonize": "no",
            "dir": "./",  # its working folder: our path may hold what its parser would misread
            "appendonly": "yes" if self.durable else "no",
            "save": '""',
            "maxmemory-policy": "noeviction",
        }
        lines = "".join(f"{name} {value}\n" for name, value in settings.items())
        with open(os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123
            file.write(lines)

    def recipe(self, log: Path) -> Recipe:
        command = [str(self.program), str(self._file)]
        return Recipe(
            "valkey",
            "valkey",
            command,
            dict(os.environ),
            log,
            self.folder,
            port=self.port,
            last_wish=signal.SIGTERM,
        )

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as conn:
                conn.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answers = conn.makefile("rb")
                return answers.readline() == b"+OK\r\n" and answers.readline() == b"+PONG\r\n"
        except OSError:
            return False

    @property
    def _file(self) -> Path:
        return self.folder / "valkey.conf"
