"""Every SQL statement about lists of people. One statement per function, no decisions."""

from collections.abc import Sequence
from uuid import UUID

from shared.accounts.model import User
from shared.db import Transaction

# Each of the words is a part of the name or of the address, in whatever case and with whatever accents.
MATCHING = """account_id = $1
              AND NOT EXISTS (SELECT FROM unnest($2::text[]) AS word
                               WHERE strpos(searchable(concat_ws(E'\\n', name, email)), searchable(word)) = 0)"""


async def select_page(
    tx: Transaction, words: Sequence[str], after: tuple[str, UUID] | None, limit: int
) -> list[tuple[str, User]]:
    """People, each with the key that their name sorts by."""
    key, id = after or (None, None)
    rows = await tx.fetch(
        f"""SELECT name_key, id, name, email, avatar_url, active
              FROM users
             WHERE {MATCHING} AND ($3::text IS NULL OR (name_key, id) > ($3, $4::uuid))
             ORDER BY name_key, id
             LIMIT $5""",
        tx.account_id,
        list(words),
        key,
        id,
        limit,
    )
    return [(row["name_key"], User(**{name: row[name] for name in User.__slots__})) for row in rows]


async def count(tx: Transaction, words: Sequence[str]) -> int:
    counted: int = await tx.fetchval(f"SELECT count(*) FROM users WHERE {MATCHING}", tx.account_id, list(words))
    return counted


async def select_named(tx: Transaction, said: Sequence[str]) -> list[User]:
    """Active users by their whole name or address in small letters."""
    rows = await tx.fetch(
        """SELECT id, name, email, avatar_url, active
             FROM users
            WHERE account_id = $1 AND active AND (lower(name) = ANY($2::text[]) OR lower(email) = ANY($2::text[]))
            ORDER BY id""",
        tx.account_id,
        list(said),
    )
    return [User(**row) for row in rows]
