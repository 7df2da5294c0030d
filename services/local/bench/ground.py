"""What the cases stand on: the house, an account that is filled, and who asks."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson

from services.local import tokens
from services.local.bench import data
from services.local.bench.data import Funnel, Person, Shape
from services.local.bench.house import House
from services.local.bench.load import Ask
from services.local.bench.meter import Effort
from shared.db import Database, connect

HOUR = 3_600  # seconds


@dataclass(frozen=True)
class Scale:
    """How big everything is. What grows does so by powers of ten, up to the one that is named here."""

    shape: Shape
    busy: Shape  # of the funnels whose deals have a long history
    effort: Effort
    sockets: tuple[int, int]
    apart: bool  # by processes of their own: in the heap that others have left, sockets seem to cost nothing
    events: int  # that each socket is told
    making: float  # seconds in which deals are made of posts
    files: int  # that are imported
    rows: int  # of each
    invoices: int
    workers: int  # that renew modules
    deals: int
    accounts: int
    log: int


SMALLEST = Scale(
    Shape(3, 16),
    Shape(2, 16, 10),
    Effort(0.05, 1, 2),
    sockets=(4, 8),
    apart=False,
    events=3,
    making=20.0,
    files=1,
    rows=40,
    invoices=4,
    workers=1,  # the one that is there already
    deals=3,
    accounts=1,
    log=4,
)
QUICK = Scale(
    Shape(24, 1_000),
    Shape(2, 200, 10),
    Effort(0.5, 2),
    sockets=(200, 1_000),
    apart=True,
    events=10,
    making=2.0,
    files=1,
    rows=5_000,
    invoices=2_000,  # fewer, and what is measured is how workers begin
    workers=2,
    deals=4,
    accounts=2,
    log=4,
)
FULL = Scale(
    Shape(152, 1_000),
    Shape(2, 1_000, 10),
    Effort(3.0, 4),
    sockets=(200, 1_000),
    apart=True,
    events=50,
    making=15.0,
    files=2,
    rows=50_000,
    invoices=10_000,
    workers=2,
    deals=5,
    accounts=3,
    log=6,
)


@dataclass
class Ground:
    house: House
    db: Database
    scale: Scale
    say: Callable[[str], None]
    person: Person
    funnels: list[Funnel]
    busy: list[Funnel]
    _tokens: dict[Person, str] = field(default_factory=dict)

    def token(self, person: Person) -> str:
        if person not in self._tokens:
            rights = [str(one) for one in data.EVERYTHING]
            self._tokens[person] = tokens.person(
                self.house.env, person.account_id, person.id, person.name, rights, HOUR
            )
        return self._tokens[person]

    def query(self, person: Person, document: str, expected: str, **variables: object) -> Ask:
        """To the product. `expected`: with what `data` begins."""
        body = orjson.dumps({"query": document, "variables": variables})
        return Ask.post("/graphql", body, f'{{"data":{{"{expected}"'.encode(), token=self.token(person))

    def by_hand(self, person: Person, path: str, expected: str, **said: object) -> Ask:
        """The same to its limit."""
        body = orjson.dumps({"account": str(person.account_id), "user": str(person.id), **said})
        return Ask.post(path, body, f'{{"data":{{"{expected}"'.encode())


@asynccontextmanager
async def prepared(house: House, scale: Scale, say: Callable[[str], None]) -> AsyncIterator[Ground]:
    async with connect(house.database_url, size=4) as db:
        say(f"filling {scale.shape.funnels} funnels with {scale.shape.deals} deals each")
        person, people, made = await data.begin(db, scale.shape.funnels + scale.busy.funnels)
        busy, plain = made[: scale.busy.funnels], made[scale.busy.funnels :]
        await data.fill(house.database_url, busy, people, scale.busy)
        await data.fill(house.database_url, plain, people, scale.shape)
        await settle(db)
        yield Ground(house, db, scale, say, person, plain, busy)


async def settle(db: Database) -> None:
    """As a database that has been there for a while: with statistics, and nothing left to vacuum or to write."""
    async with db.pool.acquire() as conn:
        await conn.execute("VACUUM ANALYZE")
        await conn.execute("CHECKPOINT")
    await asyncio.sleep(0)
