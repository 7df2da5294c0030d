"""Accounts are apart: the database itself refuses to read, to point at or to write what is another account's."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import pytest

from shared import accounts, deals, ids
from shared.db import Database, Transaction
from tests import make

# Read before the account is known, so they hold ids only and stand outside; prices are everybody's.
WITHOUT_ACCOUNTS = {
    "jobs",
    "workers",
    "stream_heads",
    "source_addresses",
    "intake",
    "payment_orders",
    "payment_names",
    "callbacks",
    "sandbox_orders",  # of the provider that we stand in for
    "module_prices",
    "schema_migrations",
}
# A policy would switch its index off, so nobody reads it but through a view, which knows whose account it is.
SEARCHED = "deal_search"
OUTSIDE = WITHOUT_ACCOUNTS | {SEARCHED}


@dataclass(frozen=True)
class Neighbour:
    """Another account, with a deal in a funnel of its own."""

    account_id: UUID
    user: accounts.User
    funnel: make.Funnel
    deal: deals.Deal


@pytest.fixture
async def neighbour(db: Database) -> Neighbour:
    account = await make.account(db)
    async with db.transaction(account.id) as tx:
        user = await make.user(tx, "Сусід")
        funnel = await make.funnel(tx, viewers=[user])
        return Neighbour(account.id, user, funnel, await make.deal(tx, funnel, assignee_id=user.id))


@pytest.fixture
async def superuser(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    conn = await asyncpg.connect(dsn)
    yield conn
    await conn.close()


async def tables(conn: asyncpg.Connection) -> list[str]:
    rows = await conn.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
    return [row["tablename"] for row in rows]


async def test_row_security_is_forced_on_every_table_but_those_that_hold_ids_only(
    superuser: asyncpg.Connection,
) -> None:
    forced = await superuser.fetch(
        """SELECT relname
             FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relrowsecurity AND relforcerowsecurity"""
    )

    assert {row["relname"] for row in forced} == set(await tables(superuser)) - OUTSIDE


async def test_each_key_begins_with_the_account(superuser: asyncpg.Connection) -> None:
    """Primary, unique and foreign keys: a plain one would let a row point into another account."""
    keys = await superuser.fetch(
        """SELECT conrelid::regclass::text AS of_table, conname, attname
             FROM pg_constraint
             JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
            WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'f')
              AND NOT (conrelid::regclass::text = ANY($1))""",
        list(WITHOUT_ACCOUNTS),
    )

    assert {row["attname"] for row in keys if row["of_table"] != "accounts"} == {"account_id"}


async def test_the_role_owns_nothing_and_cannot_log_in(superuser: asyncpg.Connection) -> None:
    role = await superuser.fetchrow(
        "SELECT rolcanlogin, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = 'voronka_app'"
    )
    owned = await superuser.fetchval("SELECT count(*) FROM pg_class WHERE relowner = 'voronka_app'::regrole")

    assert role is not None
    assert tuple(role.values()) == (False, False, False)
    assert owned == 0


async def test_a_bare_select_without_an_account_sees_no_row(
    db: Database, superuser: asyncpg.Connection, neighbour: Neighbour
) -> None:
    forced = [table for table in await tables(superuser) if table not in OUTSIDE]
    async with db.reading(None) as tx:
        for table in [*forced, "nodes", "searched_deals"]:
            assert await tx.fetch(f"SELECT FROM {table}") == [], table


async def test_words_are_looked_for_in_deals_of_ones_own_account(
    tx: Transaction, db: Database, neighbour: Neighbour
) -> None:
    deal = await make.deal(tx, title="Офіс на Подолі")
    search = "SELECT deal_id FROM searched_deals WHERE text LIKE '%подолі%'"

    assert [row["deal_id"] for row in await tx.fetch(search)] == [deal.id]
    async with db.reading(neighbour.account_id) as theirs:
        assert [row["deal_id"] for row in await theirs.fetch(search)] == [neighbour.deal.id]


async def test_a_bare_select_sees_no_row_of_another_account(tx: Transaction, neighbour: Neighbour) -> None:
    for table in ("users", "funnels", "stages", "loss_reasons", "deals", "events", "stage_totals", "nodes"):
        seen = await tx.fetchval(f"SELECT count(*) FROM {table} WHERE account_id = $1", neighbour.account_id)
        assert seen == 0, table


async def test_even_the_owner_of_the_tables_sees_no_row(superuser: asyncpg.Connection, neighbour: Neighbour) -> None:
    """A superuser passes every policy, so an ordinary owner stands in for him, until the transaction ends."""
    transaction = superuser.transaction()
    await transaction.start()
    await superuser.execute(
        "CREATE ROLE an_owner; GRANT USAGE ON SCHEMA public TO an_owner; GRANT voronka_app TO an_owner"
    )
    await superuser.execute("ALTER TABLE deals OWNER TO an_owner; SET LOCAL ROLE an_owner")

    assert await superuser.fetchval("SELECT count(*) FROM deals") == 0
    await superuser.execute(f"SET LOCAL app.account = '{neighbour.account_id}'")
    assert await superuser.fetchval("SELECT count(*) FROM deals") == 1
    await transaction.rollback()


async def test_rows_of_another_account_are_not_changed(tx: Transaction, neighbour: Neighbour) -> None:
    changed = await tx.execute("UPDATE deals SET title = 'mine' WHERE account_id = $1", neighbour.account_id)
    deleted = await tx.execute("DELETE FROM funnel_viewers WHERE account_id = $1", neighbour.account_id)

    assert (changed, deleted) == ("UPDATE 0", "DELETE 0")


async def test_no_row_is_written_into_another_account(tx: Transaction, neighbour: Neighbour) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        async with tx.attempt():
            await tx.execute(
                "INSERT INTO users (account_id, id, name) VALUES ($1, $2, 'Шпигун')", neighbour.account_id, ids.new()
            )
    own = await make.user(tx)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        async with tx.attempt():
            await tx.execute("UPDATE users SET account_id = $1 WHERE id = $2", neighbour.account_id, own.id)


async def test_no_row_points_into_another_account(tx: Transaction, neighbour: Neighbour) -> None:
    own = await make.funnel(tx)
    deal = await make.deal(tx, own)
    theirs = neighbour.funnel

    for change in (
        ("UPDATE deals SET assignee_id = $2 WHERE id = $1", deal.id, neighbour.user.id),
        ("UPDATE deals SET stage_id = $2 WHERE id = $1", deal.id, theirs.entry.id),
        ("UPDATE deals SET loss_reason_id = $2 WHERE id = $1", deal.id, theirs.reason.id),
        ("UPDATE stages SET funnel_id = $2 WHERE id = $1", own.own[0].id, theirs.id),
        ("UPDATE funnel_viewers SET user_id = $2 WHERE funnel_id = $1", own.id, neighbour.user.id),
    ):
        if change[0].startswith("UPDATE funnel_viewers"):
            await tx.execute(
                "INSERT INTO funnel_viewers (account_id, funnel_id, user_id) VALUES ($1, $2, $3)",
                tx.account_id,
                own.id,
                tx.actor.id,
            )
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            async with tx.attempt():
                await tx.execute(*change)


async def test_a_deal_stands_in_stages_of_its_own_funnel_only(tx: Transaction) -> None:
    deal, other = await make.deal(tx), await make.funnel(tx)

    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await tx.execute("UPDATE deals SET stage_id = $2 WHERE id = $1", deal.id, other.entry.id)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET kind = 'Nothing'",
        "DELETE FROM events",
        "TRUNCATE events",
        "DELETE FROM stream_heads",
        "UPDATE stream_heads SET epoch = gen_random_uuid()",
        "DELETE FROM accounts",
        "UPDATE module_prices SET price = 0",
        "DROP TABLE deals",
        f"SELECT FROM {SEARCHED}",
        f"INSERT INTO {SEARCHED} (account_id, deal_id, text) VALUES (current_account(), gen_random_uuid(), '')",
        f"UPDATE {SEARCHED} SET text = ''",
        f"DELETE FROM {SEARCHED}",
    ],
)
async def test_the_role_may_not(tx: Transaction, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await tx.execute(statement)
