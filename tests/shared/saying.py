"""What tests of the database write, read and say."""

from dataclasses import dataclass
from uuid import UUID

from shared import ids
from shared.db import Database, Message, Transaction


@dataclass(frozen=True)
class Said(Message):
    word: str


async def add_user(tx: Transaction, name: str) -> UUID:
    user_id = ids.new()
    await tx.execute("INSERT INTO users (account_id, id, name) VALUES ($1, $2, $3)", tx.account_id, user_id, name)
    return user_id


async def names(db: Database, account_id: UUID) -> list[str]:
    async with db.reading(account_id) as tx:
        return [row["name"] for row in await tx.fetch("SELECT name FROM users ORDER BY name")]
