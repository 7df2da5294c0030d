"""What all tests share: real servers, a database of this process's own, and an account for each test."""

import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from secrets import token_hex
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import structlog

from services.local.testing import Servers, servers
from shared import accounts
from shared.actor import Permission
from shared.db import JOB, Database, Transaction, connect
from shared.migrate import migrate, migrations
from tests import make, up

LOCK = 0x74656D706C617465  # "template" in ASCII, as an advisory lock's key
POOL = 8

# By default tracebacks are drawn with colours and every variable: seconds for each job that fails in a test.
PLAIN = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[structlog.processors.add_log_level, structlog.dev.set_exc_info, PLAIN])


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """One loop for the whole session, so that a pool may serve every test."""
    return "asyncio"


@pytest.fixture(scope="session")
def started_servers() -> Iterator[Servers]:
    with servers() as started:
        yield started


@pytest.fixture(scope="session")
async def dsn(started_servers: Servers) -> AsyncIterator[str]:
    """A superuser's address of this process's own database, which is at the newest schema."""
    name = f"voronka_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}_{token_hex(4)}"
    administrator = await asyncpg.connect(started_servers.database_url)
    try:
        await administrator.execute("SELECT pg_advisory_lock($1)", LOCK)  # who comes second finds the template
        template = await _template(administrator, started_servers.database_url)
        await administrator.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        await administrator.execute("SELECT pg_advisory_unlock($1)", LOCK)
        yield _beside(started_servers.database_url, name)
        await administrator.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    finally:
        await administrator.close()


async def _template(administrator: asyncpg.Connection, url: str) -> str:
    """A migrated database that nobody is connected to. Its name holds the hash of the migrations."""
    digest = hashlib.sha256("".join(migration.sha256 for migration in migrations()).encode()).hexdigest()[:16]
    template, unfinished = f"voronka_template_{digest}", f"voronka_unfinished_{digest}"
    if not await administrator.fetchval("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", template):
        await administrator.execute(f"DROP DATABASE IF EXISTS {unfinished}")
        await administrator.execute(f"CREATE DATABASE {unfinished}")
        await migrate(_beside(url, unfinished))
        await administrator.execute(f"ALTER DATABASE {unfinished} RENAME TO {template}")
    return template


def _beside(url: str, database: str) -> str:
    """The address of another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


@pytest.fixture(scope="session")
def redis_url(started_servers: Servers) -> str:
    return started_servers.redis_url


@pytest.fixture(scope="session")
async def db(dsn: str) -> AsyncIterator[Database]:
    """A pool that tells nobody what was committed."""
    async with connect(dsn, size=POOL) as database:
        yield database


@pytest.fixture
async def account(db: Database) -> accounts.Account:
    """An account that no other test knows; it may use `sales_funnel` for ever."""
    return await make.account(db)


class _TakeBack(Exception):
    """Ends a transaction without committing it."""


@pytest.fixture
async def tx(db: Database, account: accounts.Account) -> AsyncIterator[Transaction]:
    """An open transaction of the account, by a user with all rights. It is taken back when the test ends."""
    with suppress(_TakeBack):
        async with db.transaction(account.id, limits=JOB) as tx:
            tx.actor = make.actor(await make.user(tx, "Олена"), *Permission)
            tx.outgoing.clear()
            yield tx
            raise _TakeBack


@pytest.fixture(scope="session")
def started_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[up.House]:
    with up.house(tmp_path_factory.mktemp("house")) as house:
        yield house


@pytest.fixture
def house(started_house: up.House) -> up.House:
    """The whole service as `./dev up` runs it, in which everybody is well, whatever the test before did to them."""
    started_house.make_well()
    return started_house
