"""Brings a database to the newest schema: `migrations/*.sql` in the order of their numbers, each in a transaction.

A file that was applied never changes: its hash is kept and compared. Two who migrate at once take turns.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from importlib.resources import files

import asyncpg

from shared.config import settings

LOCK = 0x766F726F6E6B61  # "voronka" in ASCII, as an advisory lock's key
TRIES = 30


@dataclass(frozen=True)
class Migration:
    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> list[Migration]:
    """All of them, in order."""
    found = [
        Migration(int(file.name.split("_")[0]), file.name, file.read_text(encoding="utf-8"))
        for file in files("shared").joinpath("migrations").iterdir()
        if file.name.endswith(".sql")
    ]
    return sorted(found, key=lambda migration: migration.number)


async def migrate(dsn: str) -> list[str]:
    """Apply what is missing; the names of what was applied.

    Raises RuntimeError when an applied migration was changed since.
    """
    conn: asyncpg.Connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await conn.execute("SELECT pg_advisory_lock($1)", LOCK)
        await conn.execute(
            """CREATE TABLE IF NOT EXISTS schema_migrations (
                   number      integer PRIMARY KEY,
                   name        text NOT NULL,
                   sha256      text NOT NULL,
                   applied_at  timestamptz NOT NULL DEFAULT clock_timestamp()
               )"""
        )
        applied = {
            row["number"]: row["sha256"] for row in await conn.fetch("SELECT number, sha256 FROM schema_migrations")
        }
        done = []
        for migration in migrations():
            if migration.number not in applied:
                await _apply(conn, migration)
                done.append(migration.name)
            elif applied[migration.number] != migration.sha256:
                raise RuntimeError(f"{migration.name} was changed after it had been applied to this database.")
        return done
    finally:
        await conn.close()


async def _apply(conn: asyncpg.Connection, migration: Migration) -> None:
    """Waits at most 2 s for a lock, so that requests behind it do not pile up, and tries again."""
    for attempt in range(1, TRIES + 1):
        try:
            async with conn.transaction():
                await conn.execute("SET LOCAL lock_timeout = '2s'")
                await conn.execute(migration.sql)
                await conn.execute(
                    "INSERT INTO schema_migrations (number, name, sha256) VALUES ($1, $2, $3)",
                    migration.number,
                    migration.name,
                    migration.sha256,
                )
            return
        except asyncpg.LockNotAvailableError:
            if attempt == TRIES:
                raise
            await asyncio.sleep(1)


def main() -> None:
    done = asyncio.run(migrate(settings().direct_url))
    print("\n".join(f"applied {name}" for name in done) or "nothing to apply")


if __name__ == "__main__":
    main()
