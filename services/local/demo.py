"""The demo account that `./dev up` shows to a newcomer. Filled through the commands, as anyone would fill it.

Filling it again changes nothing that somebody has done in it since.
"""

import asyncio
import json
import os
from dataclasses import asdict, dataclass
from typing import Self
from uuid import UUID

from shared import accounts
from shared.accounts import NewAccount, NewUser
from shared.db import connect
from shared.errors import NotFound

ACCOUNT = UUID("01990000-0000-7000-8000-000000000001")
OWNER = UUID("01990000-0000-7000-8000-000000000002")
OWNER_NAME = "Олена Коваль"


@dataclass(frozen=True)
class DemoResult:
    """Whom a newcomer may be, and where."""

    account: UUID
    user: UUID
    name: str

    def to_json(self) -> str:
        return json.dumps({name: str(value) for name, value in asdict(self).items()}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        kept = json.loads(text)
        return cls(UUID(kept["account"]), UUID(kept["user"]), kept["name"])


async def fill(database_url: str) -> DemoResult:
    async with connect(database_url, size=2) as db, db.transaction(ACCOUNT) as tx:
        try:
            await accounts.get(tx)
        except NotFound:
            new = {
                "id": str(ACCOUNT),
                "name": "Агенція «Дім»",
                "time_zone": "Europe/Kyiv",
                "currency": "UAH",
                "locale": "uk",
                "country": "UA",
            }
            await accounts.create(tx, NewAccount.read(new, test=True))
        await accounts.save_users(tx, ACCOUNT, [NewUser(OWNER, OWNER_NAME, None, None, active=True)])
    return DemoResult(ACCOUNT, OWNER, OWNER_NAME)


if __name__ == "__main__":
    print(asyncio.run(fill(os.environ["DATABASE_URL"])).to_json())
