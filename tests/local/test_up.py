"""`./dev up`, from outside: one command, a ready line, addresses that stay true, and whoever is killed comes back."""

import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import jwt
import pytest

from services.local import children, ports, testing
from services.local.demo import OWNER
from services.local.paths import ROOT
from services.local.up import is_ready
from tests.local.test_postgres import ask
from tests.up import LONG, House, Up, until


@pytest.fixture
def start() -> Iterator[Callable[..., Up]]:
    started: list[Up] = []

    def start(state: Path, *options: str, **environment: str) -> Up:
        started.append(Up(state, *options, **environment))
        return started[-1]

    yield start
    for up in started:
        up.stop()


def still_alive(pids: list[int]) -> list[str]:
    """Their command lines."""
    return [Path(f"/proc/{pid}/cmdline").read_text() for pid in pids if children.is_alive(pid)]


def answers(up: Up, query: str) -> bool:
    try:
        return ask(up.database, query) is not None
    except Exception:  # noqa: BLE001  # whatever a database says while it starts
        return False


def test_runs_and_brings_back_whoever_is_killed(start: Callable[..., Up], tmp_path: Path) -> None:
    port = ports.choose()
    up = start(tmp_path / "стан voronka", "--port", str(port))
    said = up.wait_until_ready()
    assert said[-1].startswith("ready in ")
    token = next(line.split()[1] for line in said if line.startswith("Token"))
    assert f"GraphiQL  http://127.0.0.1:{port}/graphql#token={token}\n" in said
    assert jwt.decode(token, options={"verify_signature": False})["sub"] == str(OWNER.id)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
        assert answer.status == 200
    assert sorted(row["role"] for row in up.state.read_processes()) == ["api", "celery", "postgres", "valkey", "worker"]
    assert up.state.read_env()["VORONKA_EMBEDDED"] == "1"
    assert up.state.env_file.stat().st_mode & 0o777 == 0o600

    again = start(up.state.folder, "--port", str(port))
    assert "is already running (pid " in again.process.communicate(timeout=LONG)[0]
    assert again.process.returncode == 1

    ask(up.database, "CREATE TABLE kept AS SELECT 7 AS number")
    for role in ("api", "worker", "celery", "valkey", "postgres"):
        up.kill(role)
    until(lambda: answers(up, "SELECT number FROM kept"), LONG)
    until(lambda: is_ready(port), LONG)


def test_starts_again_after_everything_was_killed(start: Callable[..., Up], tmp_path: Path) -> None:
    options = ("--port", str(ports.choose()), "--no-demo")
    up = start(tmp_path / "state", *options)
    up.wait_until_ready()
    ask(up.database, "CREATE TABLE kept AS SELECT 7 AS number")
    database, before = up.database, up.pids

    for pid in (up.process.pid, *before):
        os.kill(pid, signal.SIGKILL)
    up.process.wait()
    up = start(tmp_path / "state", *options)
    up.wait_until_ready()

    assert up.database == database
    assert ask(up.database, "SELECT number FROM kept") == 7
    assert still_alive(before) == []

    before = up.pids
    up.process.kill()  # the supervisor alone: its children go with it, and PostgreSQL takes its time
    up.process.wait()
    up = start(tmp_path / "state", *options)
    up.wait_until_ready()
    assert still_alive(before) == []

    before = up.pids
    up.process.send_signal(signal.SIGINT)
    assert "stopping" in up.process.communicate(timeout=LONG)[0]
    assert (up.process.returncode, up.state.read_processes()) == (0, [])
    assert still_alive(before) == []


def test_uses_the_servers_it_is_given(start: Callable[..., Up], tmp_path: Path) -> None:
    port = ports.choose()
    with testing.servers() as servers:
        database = servers.database_url.rpartition("/")[0] + "/given"
        ask(servers.database_url, "CREATE DATABASE given")
        options = ("--port", str(port), "--no-demo")
        up = start(tmp_path / "state", *options, DATABASE_URL=database, REDIS_URL=servers.redis_url)
        up.wait_until_ready()
        rows = [(row["role"], row["name"], row["port"]) for row in up.state.read_processes()]
        env = up.state.read_env()
        up.stop()
        ask(servers.database_url, "DROP DATABASE given WITH (FORCE)")

    assert rows == [
        ("api", f"api-{port}", port),
        ("worker", "worker-1", None),
        ("celery", "celery-1", None),
    ]
    assert (env["DATABASE_URL"], env["REDIS_URL"], "VORONKA_EMBEDDED" in env) == (database, servers.redis_url, False)
    assert not list((tmp_path / "state").glob("postgres*"))


def test_tells_several_apart_by_their_names(house: House) -> None:
    port = house.ports[0]
    rows = [(row["role"], row["name"], row["port"]) for row in house.up.state.read_processes()]

    assert sorted(row for row in rows if row[0] not in ("postgres", "valkey")) == [
        ("api", f"api-{port}", port),
        ("api", f"api-{port + 1}", port + 1),
        ("celery", "celery-1", None),
        ("celery", "celery-2", None),
        ("worker", "worker-1", None),
        ("worker", "worker-2", None),
    ]


def test_says_when_the_port_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        up = Up(tmp_path / "state", "--port", str(port))
        said = up.process.communicate(timeout=LONG)[0]

    assert said == f"dev: Port {port} is taken by another program: choose another with --port.\n"
    assert up.process.returncode == 1


def test_production_does_not_run_on_embedded_servers(tmp_path: Path) -> None:
    up = Up(tmp_path / "state", VORONKA_ENV="production", REDIS_URL="redis://there")

    assert "production does not run on embedded servers" in up.process.communicate(timeout=LONG)[0]
    assert up.process.returncode == 1


@pytest.mark.parametrize("words", [("up", "--port", "0"), ("up", "--workers", "none"), ("fly",)])
def test_wrong_words_are_explained(words: tuple[str, ...]) -> None:
    done = subprocess.run([str(ROOT / "dev"), *words], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "Usage: ./dev" in done.stderr
