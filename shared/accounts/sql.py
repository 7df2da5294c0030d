"""Every SQL statement about accounts, users and usable modules. One statement per function, no decisions."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from shared.accounts.model import Account, AccountChanges, NewAccount, NewUser, User
from shared.db import Transaction


async def insert_account(tx: Transaction, new: NewAccount) -> bool:
    """False when the id is taken, by whichever account."""
    inserted = await tx.fetchval(
        """INSERT INTO accounts (id, name, time_zone, currency, locale, country, test)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
           ON CONFLICT (id) DO NOTHING
             RETURNING true""",
        new.id,
        new.name,
        new.time_zone,
        new.currency,
        new.locale,
        new.country,
        new.test,
    )
    return bool(inserted)


async def insert_counters(tx: Transaction) -> None:
    await tx.execute("INSERT INTO account_counters (account_id) VALUES ($1)", tx.account_id)


async def select_account(tx: Transaction) -> Account | None:
    row = await tx.fetchrow(
        """SELECT id, name, time_zone, currency, locale, country, test
             FROM accounts
            WHERE id = $1""",
        tx.account_id,
    )
    return Account(**row) if row else None


async def lock_account(tx: Transaction) -> None:
    """Decisions about when things of the account are due take turns."""
    await tx.execute("SELECT FROM account_counters WHERE account_id = $1 FOR UPDATE", tx.account_id)


async def update_account(tx: Transaction, changes: AccountChanges) -> None:
    await tx.execute(
        """UPDATE accounts
              SET name = coalesce($2, name), time_zone = coalesce($3, time_zone), locale = coalesce($4, locale),
                  country = coalesce($5, country)
            WHERE id = $1""",
        tx.account_id,
        changes.name,
        changes.time_zone,
        changes.locale,
        changes.country,
    )


async def select_was_used(tx: Transaction) -> bool:
    """Whether the account has a log of whatever happened, or had a module."""
    used: bool = await tx.fetchval(
        """SELECT EXISTS (SELECT FROM stream_heads WHERE account_id = $1)
               OR EXISTS (SELECT FROM account_modules WHERE account_id = $1)""",
        tx.account_id,
    )
    return used


async def select_users(tx: Transaction, ids: Sequence[UUID]) -> list[User]:
    rows = await tx.fetch(
        """SELECT id, name, email, avatar_url, active
             FROM users
            WHERE account_id = $1 AND id = ANY($2::uuid[])""",
        tx.account_id,
        list(ids),
    )
    return [User(**row) for row in rows]


async def upsert_users(tx: Transaction, users: Sequence[NewUser]) -> None:
    await tx.execute(
        """INSERT INTO users (account_id, id, name, email, avatar_url, active)
                SELECT $1, new.*
                  FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::boolean[])
                       AS new (id, name, email, avatar_url, active)
                 ORDER BY new.id
           ON CONFLICT (account_id, id) DO UPDATE
                   SET name = excluded.name, email = excluded.email, avatar_url = excluded.avatar_url,
                       active = excluded.active""",
        tx.account_id,
        [user.id for user in users],
        [user.name for user in users],
        [user.email for user in users],
        [user.avatar_url for user in users],
        [user.active for user in users],
    )


async def upsert_user_name(tx: Transaction, user_id: UUID, name: str) -> User:
    """The user as the token names them; what the token does not say is left as it is."""
    row = await tx.fetchrow(
        """INSERT INTO users AS kept (account_id, id, name)
                VALUES ($1, $2, $3)
           ON CONFLICT (account_id, id) DO UPDATE SET name = excluded.name
             RETURNING id, name, email, avatar_url, active""",
        tx.account_id,
        user_id,
        name,
    )
    assert row is not None
    return User(**row)


async def select_usable_modules(tx: Transaction, zone: str) -> list[str]:
    rows = await tx.fetch(
        """SELECT code
             FROM account_modules
            WHERE account_id = $1 AND usable_until > (account_now() AT TIME ZONE $2)::date
            ORDER BY code""",
        tx.account_id,
        zone,
    )
    return [row["code"] for row in rows]


def module_is_usable(code: str) -> str:
    """Whether the module may be used today, as an expression of SQL; $1 is the account."""
    return f"""(SELECT m.usable_until > (account_now() AT TIME ZONE a.time_zone)::date
                  FROM account_modules m
                  JOIN accounts a ON a.id = m.account_id
                 WHERE m.account_id = $1 AND m.code = {code})"""


async def select_module_is_usable(tx: Transaction, code: str) -> bool:
    return bool(await tx.fetchval(f"SELECT {module_is_usable('$2')}", tx.account_id, code))


async def select_opens(tx: Transaction, until: Mapping[str, date]) -> bool:
    """Whether one of them may be used today, if until then, that could not be before."""
    opens: bool = await tx.fetchval(
        """SELECT EXISTS (SELECT
                            FROM unnest($2::text[], $3::date[]) AS new (code, usable_until)
                            JOIN accounts a ON a.id = $1
                            LEFT JOIN account_modules old ON old.account_id = $1 AND old.code = new.code,
                                 LATERAL (SELECT (account_now() AT TIME ZONE a.time_zone)::date AS today) AS clock
                           WHERE new.usable_until > today AND coalesce(old.usable_until <= today, true))""",
        tx.account_id,
        list(until),
        list(until.values()),
    )
    return opens


async def upsert_modules(tx: Transaction, until: Mapping[str, date]) -> None:
    await tx.later(
        """INSERT INTO account_modules (account_id, code, usable_until)
                SELECT $1, * FROM unnest($2::text[], $3::date[])
           ON CONFLICT (account_id, code) DO UPDATE SET usable_until = excluded.usable_until""",
        tx.account_id,
        list(until),
        list(until.values()),
    )
