"""Our own PostgreSQL and Valkey: from a folder with any name, by any user, after any crash."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from services.local import binaries, children, ports, unprivileged
from services.local.children import Recipe, User
from services.local.errors import Refusal
from services.local.postgres import Postgres
from services.local.valkey import Valkey
from tests.local.test_launch import users

PASSWORD = "пароль".encode().hex()
SSL_REQUEST = (80_877_103).to_bytes(4)  # PostgreSQL's protocol: a message of 8 bytes whose code is this


@contextmanager
def running(recipe: Recipe, server: Postgres | Valkey) -> Iterator[subprocess.Popen[bytes]]:
    process = recipe.start()
    try:
        deadline = time.monotonic() + 30
        while not server.answers():
            assert process.poll() is None, children.tail(recipe.log)
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield process
    finally:
        children.stop(process, (signal.SIGINT, 20), (signal.SIGKILL, 5))


def ask(url: str, query: str) -> object:
    async def answer() -> object:
        conn: asyncpg.Connection = await asyncpg.connect(url)
        try:
            return await conn.fetchval(query)
        finally:
            await conn.close()

    return asyncio.run(answer())


@contextmanager
def cluster(user: User, folder: Path) -> Iterator[Postgres]:
    folder.mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unprivileged, "users_for_root", lambda: (user,))
        place = unprivileged.find_place(binaries.postgres(), folder, str(folder))
    made = Postgres(place, ports.choose(), PASSWORD, durable=False)
    try:
        made.create()
        yield made
    finally:
        if place.folder != folder:
            shutil.rmtree(place.folder)


@pytest.fixture(params=users(), scope="module")
def postgres(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """In a folder with blanks and Cyrillic letters, which only its owner may enter; by every user possible here."""
    with cluster(request.param, tmp_path_factory.mktemp("pg") / "дані voronka") as made:
        yield made


def test_its_clients_do_not_ask_for_tls_first(postgres: Postgres) -> None:
    async def first_words() -> bytes:
        heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.set_result(await reader.readexactly(8))
            writer.close()

        async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
            url = postgres.at(server.sockets[0].getsockname()[1]).url
            with pytest.raises((asyncpg.ConnectionDoesNotExistError, ConnectionError)):
                await asyncpg.connect(url)
            return await heard

    assert asyncio.run(first_words())[4:] != SSL_REQUEST


def test_answers_to_the_password_alone(postgres: Postgres, tmp_path: Path) -> None:
    postgres = replace(postgres, durable=True)

    with running(postgres.recipe(tmp_path / "log"), postgres) as process:
        assert (
            ask(postgres.url, "SELECT current_setting('fsync') || current_setting('unix_socket_directories')") == "on"
        )
        assert ask(postgres.url, "SELECT datcollate FROM pg_database WHERE datname = 'voronka'") in (
            "C.UTF-8",
            "en_US.UTF-8",
        )
        assert ask(postgres.url, "SELECT lower('ЇЖАК')") == "їжак"
        with pytest.raises(asyncpg.InvalidPasswordError):
            ask(postgres.url.replace(PASSWORD, "guess"), "SELECT 1")
        assert PASSWORD not in Path(f"/proc/{process.pid}/cmdline").read_text()
    assert postgres.data.stat().st_mode & 0o077 == 0


def test_keeps_what_it_confirmed_when_it_is_killed(postgres: Postgres, tmp_path: Path) -> None:
    postgres = replace(postgres, durable=True)
    with running(postgres.recipe(tmp_path / "log"), postgres) as process:
        ask(postgres.url, "CREATE TABLE kept AS SELECT 7 AS number")
        process.kill()
        process.wait()

    with running(postgres.recipe(tmp_path / "log"), postgres):
        assert ask(postgres.url, "SELECT number FROM kept") == 7


def test_starts_though_another_process_has_the_number_of_a_dead_server(postgres: Postgres, tmp_path: Path) -> None:
    with running(postgres.recipe(tmp_path / "log"), postgres) as process:
        pidfile = postgres.data / "postmaster.pid"
        left = pidfile.read_text()
        process.kill()
        process.wait()
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        pidfile.write_text(left.replace(str(process.pid), str(sleeper.pid), 1))
        with running(postgres.recipe(tmp_path / "log"), postgres):
            assert sleeper.poll() is None
    finally:
        sleeper.kill()
        sleeper.wait()


def test_ends_the_server_of_an_earlier_supervisor(postgres: Postgres, tmp_path: Path) -> None:
    with (
        running(postgres.recipe(tmp_path / "log"), postgres) as orphan,
        running(postgres.recipe(tmp_path / "log"), postgres) as process,
    ):
        assert orphan.wait(1) == 0  # it was asked to end, and did
        assert process.pid != orphan.pid


@pytest.mark.parametrize("user", users())
def test_a_half_made_cluster_is_made_again(user: User, tmp_path: Path) -> None:
    with cluster(user, tmp_path / "state") as postgres:
        half_made = postgres.data.with_suffix(".new")
        postgres.data.rename(half_made)

        postgres.create()

        assert not half_made.exists()
        with running(postgres.recipe(tmp_path / "log"), postgres):
            assert ask(postgres.url, "SELECT 1") == 1


def test_says_when_the_password_is_lost(postgres: Postgres, tmp_path: Path) -> None:
    other = replace(postgres, password="another")

    with (
        running(postgres.recipe(tmp_path / "log"), postgres),
        pytest.raises(Refusal, match="is not the one that is kept"),
    ):
        other.answers()


@pytest.mark.parametrize("user", users())
def test_is_kept_elsewhere_where_its_user_cannot_reach_the_folder(user: User, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "state").mkdir(parents=True)
    closed.chmod(0o700)
    if user != "self":
        os.chown(closed, 4_321, 4_321)  # somebody else's: root goes in, but not as nobody

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unprivileged, "users_for_root", lambda: (user,))
        place = unprivileged.find_place(binaries.postgres(), closed / "state", str(tmp_path))
    try:
        assert (place.folder == closed / "state") is (user == "self")
        assert closed.stat().st_mode & 0o777 == 0o700
        postgres = Postgres(place, ports.choose(), PASSWORD, durable=False)
        postgres.create()
        with running(postgres.recipe(tmp_path / "log"), postgres):
            assert ask(postgres.url, "SELECT 1") == 1
    finally:
        shutil.rmtree(place.folder)


def test_valkey_forgets_nothing_and_knows_its_own(tmp_path: Path) -> None:
    valkey = Valkey(binaries.valkey(), tmp_path / "черга voronka", ports.choose(), PASSWORD)
    valkey.configure()
    assert (valkey.folder / "valkey.conf").stat().st_mode & 0o777 == 0o600

    with running(valkey.recipe(tmp_path / "log"), valkey) as process:
        assert talk(valkey, "SET key kept", "CONFIG GET maxmemory-policy")[1:] == [
            b"+OK",
            *bulk("maxmemory-policy", "noeviction"),
        ]
        assert talk(valkey, "PING", password="guess")[1].startswith(b"-NOAUTH")
        assert PASSWORD.encode() not in Path(f"/proc/{process.pid}/cmdline").read_bytes()
        children.stop(process, (signal.SIGTERM, 10))

    with running(valkey.recipe(tmp_path / "log"), valkey):
        assert talk(valkey, "GET key")[1:] == [b"$4", b"kept"]


def talk(valkey: Valkey, *commands: str, password: str = PASSWORD) -> list[bytes]:
    with socket.create_connection(("127.0.0.1", valkey.port), timeout=5) as conn:
        conn.sendall("".join(f"{command}\r\n" for command in (f"AUTH {password}", *commands, "QUIT")).encode())
        said = conn.makefile("rb").read().split(b"\r\n")
    return said[:-2]


def bulk(*words: str) -> list[bytes]:
    return [b"*%d" % len(words), *(part for word in words for part in (b"$%d" % len(word), word.encode()))]
