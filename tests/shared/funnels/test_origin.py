"""Funnels that were there before their beginnings were kept: what they are is what they began as."""

from secrets import token_hex
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import asyncpg
import pytest

from services.local.testing import Servers
from shared import funnels
from shared.db import connect
from shared.migrate import migrate, migrations

ACCOUNT, FUNNEL, USER = (UUID(int=number) for number in (1, 2, 3))
A_FUNNEL = f"""
    INSERT INTO accounts (id, name, time_zone, currency, locale, country, test)
         VALUES ('{ACCOUNT}', 'Оселя', 'Europe/Kyiv', 'UAH', 'uk', 'UA', false);
    INSERT INTO users (account_id, id, name) VALUES ('{ACCOUNT}', '{USER}', 'Олена');
    INSERT INTO stream_heads (account_id, stream_id, last_at) VALUES ('{ACCOUNT}', '{FUNNEL}', now());
    INSERT INTO funnels (account_id, id, name, created_at, updated_at)
         VALUES ('{ACCOUNT}', '{FUNNEL}', 'Оренда', now(), now());
    INSERT INTO funnel_viewers VALUES ('{ACCOUNT}', '{FUNNEL}', '{USER}');
    INSERT INTO loss_reasons (account_id, id, funnel_id, position, name, requires_note)
         VALUES ('{ACCOUNT}', gen_random_uuid(), '{FUNNEL}', 1, 'Дорого', false),
                ('{ACCOUNT}', gen_random_uuid(), '{FUNNEL}', 0, 'Інше', true);
    INSERT INTO stages (account_id, id, funnel_id, kind, position, name, color, probability, idle_after_days,
                        requires_amount)
         VALUES ('{ACCOUNT}', gen_random_uuid(), '{FUNNEL}', 'LOST', 4, 'Втрачено', '#DC2626', 0, NULL, false),
                ('{ACCOUNT}', gen_random_uuid(), '{FUNNEL}', 'PROGRESS', 2, 'Договір', '#1A2B3C', 70, 3, true),
                ('{ACCOUNT}', gen_random_uuid(), '{FUNNEL}', 'PROGRESS', 1, 'Показ', '#1A2B3C', 40, NULL, false),
                ('{ACCOUNT}', gen_random_uuid(), '{FUNNEL}', 'WON', 3, 'Успішно', '#16A34A', 100, NULL, false),
                ('{ACCOUNT}', gen_random_uuid(), '{FUNNEL}', 'ENTRY', 0, 'Нові', '#64748B', 10, NULL, false);
"""


@pytest.mark.usefixtures("dsn")  # by then the role of the app is there
async def test_a_funnel_of_the_first_schema_begins_as_it_is(started_servers: Servers) -> None:
    """Also when who migrates is no superuser: forced row-level security holds for the owner of the tables."""
    name, password = f"voronka_old_{token_hex(4)}", token_hex(8)
    administrator = await asyncpg.connect(started_servers.database_url)
    await administrator.execute(f"CREATE ROLE {name} LOGIN CREATEROLE PASSWORD '{password}'")
    await administrator.execute(f"GRANT voronka_app TO {name} WITH ADMIN OPTION")
    await administrator.execute(f"CREATE DATABASE {name} OWNER {name}")
    parts = urlsplit(started_servers.database_url)
    owned = urlunsplit(parts._replace(netloc=f"{name}:{password}@{parts.hostname}:{parts.port}", path=f"/{name}"))
    try:
        await _first_schema(owned, urlunsplit(parts._replace(path=f"/{name}")))
        await migrate(owned)

        async with connect(owned, size=1) as db, db.transaction(ACCOUNT) as tx:
            origin = await funnels.origin(tx, FUNNEL)
            assert origin == await funnels.state(tx, await funnels.require_visible(tx, FUNNEL))
        assert [stage.name for stage in origin.stages] == ["Нові", "Показ", "Договір", "Успішно", "Втрачено"]
        assert [reason.name for reason in origin.loss_reasons] == ["Інше", "Дорого"]
        assert origin.viewer_ids == (USER,)
    finally:
        await administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await administrator.execute(f"DROP ROLE {name}")
        await administrator.close()


async def _first_schema(owner: str, superuser: str) -> None:
    """The database as it was after the first migration, with a funnel that the superuser puts into it."""
    first = migrations()[0]
    conn = await asyncpg.connect(owner)
    await conn.execute("CREATE TABLE schema_migrations (number integer PRIMARY KEY, name text, sha256 text)")
    await conn.execute(first.sql)
    await conn.execute("INSERT INTO schema_migrations VALUES (1, $1, $2)", first.name, first.sha256)
    await conn.close()
    conn = await asyncpg.connect(superuser)
    await conn.execute(A_FUNNEL)
    await conn.close()
