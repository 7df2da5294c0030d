"""Servers for tests are there, and gone afterwards."""

from pathlib import Path

import pytest

from services.local import testing
from tests.local.test_postgres import ask


def test_starts_a_pair_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(testing.DATABASE, raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    with testing.servers() as servers:
        assert ask(servers.database_url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is True
        assert servers.redis_url.startswith("redis://:")

    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OSError, match="Connect call failed"):
        ask(servers.database_url, "SELECT 1")


def test_uses_what_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(testing.DATABASE, "postgresql://a")
    monkeypatch.setenv(testing.REDIS, "redis://b")

    with testing.servers() as servers:
        assert servers == testing.Servers("postgresql://a", "redis://b")
