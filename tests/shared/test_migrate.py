"""Bringing a database to the newest schema."""

import asyncio
from collections.abc import AsyncIterator
from secrets import token_hex
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from services.local.testing import Servers
from shared.migrate import LOCK, migrate, migrations


@pytest.fixture
async def empty(started_servers: Servers) -> AsyncIterator[str]:
    """The address of a database that holds nothing."""
    url, name = started_servers.database_url, f"voronka_empty_{token_hex(4)}"
    administrator = await asyncpg.connect(url)
    await administrator.execute(f"CREATE DATABASE {name}")
    yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    await administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await administrator.close()


def test_migrations_have_numbers_of_their_own() -> None:
    numbers = [migration.number for migration in migrations()]

    assert numbers == sorted(set(numbers))
    assert all(migration.name.startswith(f"{migration.number:04}_") for migration in migrations())


async def test_applies_everything_once(empty: str) -> None:
    names = [migration.name for migration in migrations()]

    assert await migrate(empty) == names
    assert await migrate(empty) == []


async def test_two_who_migrate_at_once_take_turns(empty: str) -> None:
    done = await asyncio.gather(*(migrate(empty) for _ in range(3)))

    assert sorted(map(len, done)) == [0, 0, len(migrations())]


async def test_waits_for_who_migrates_already(empty: str) -> None:
    async def waits(conn: asyncpg.Connection) -> None:
        while not await conn.fetchval(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"
        ):
            pass  # the question itself lets others go on

    holder = await asyncpg.connect(empty)
    await holder.execute("SELECT pg_advisory_lock($1)", LOCK)
    second = asyncio.create_task(migrate(empty))
    await waits(holder)
    assert await holder.fetchval("SELECT to_regclass('schema_migrations')") is None
    await holder.close()

    assert len(await second) == len(migrations())


async def test_refuses_a_file_that_was_changed_after_it_had_been_applied(empty: str) -> None:
    await migrate(empty)
    conn = await asyncpg.connect(empty)
    await conn.execute("UPDATE schema_migrations SET sha256 = 'another' WHERE number = 1")
    await conn.close()

    with pytest.raises(RuntimeError, match=r"0001_house\.sql was changed after it had been applied"):
        await migrate(empty)


async def test_a_migration_that_fails_leaves_nothing(empty: str) -> None:
    conn = await asyncpg.connect(empty)
    await conn.execute("CREATE TABLE deals (id int)")  # in the way
    with pytest.raises(asyncpg.DuplicateTableError):
        await migrate(empty)

    assert await conn.fetchval("SELECT to_regclass('accounts')") is None
    assert await conn.fetchval("SELECT count(*) FROM schema_migrations") == 0
    await conn.close()
