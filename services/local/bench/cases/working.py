"""What workers do: the rows of a file become deals, and modules are renewed."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

import asyncpg
import orjson

from services.local.bench import load, machine
from services.local.bench.cases import renewals_sql
from services.local.bench.data import Funnel
from services.local.bench.ground import Ground
from services.local.bench.house import Server
from services.local.bench.limit import inserting
from services.local.bench.load import Ask
from services.local.bench.meter import metering
from services.local.bench.results import Claim, Measured, Outcome

GLANCE = 0.05  # seconds between looks
PATIENCE = 600.0  # seconds
HEADER = "Назва,Ім'я,Телефон,Пошта,Сума,Валюта,Зовнішній ID"

Left = Callable[[], Awaitable[int]]


async def worked_off(ground: Ground, workers: int, begin: Left, left: Left, seconds: float = PATIENCE) -> Measured:
    """How much of a backlog that many workers do in so many seconds, or until nothing is left of it.

    `begin`: makes the backlog, once the workers are there, and says how much that is.
    """
    there = ground.house.hire(workers)
    with metering(ground.house, there) as spent:
        before = now = await begin()
        began = time.perf_counter()
        while now and time.perf_counter() - began < seconds:
            await asyncio.sleep(GLANCE)
            now = await left()
        ended = time.perf_counter()
        memory = sum(machine.memory_of(pid) for worker in there for pid in worker.pids)
    return Measured(before - now, ended - began, spent.server, spent.postgres, memory=memory)


async def files(ground: Ground) -> Outcome:
    rows, sides = ground.scale.rows, {"product": Measured(), "limit": Measured()}
    for number in range(ground.scale.files):  # each file into a funnel that nothing else is measured in
        funnel = ground.funnels[-2 - number % 2]
        _add(sides["product"], await _imported(ground, funnel, number))
        _add(sides["limit"], await _inserted(ground, funnel))
    claims = [Claim("rows into one funnel", sides["product"].rate, 10_000, "a second", most=False)]
    about = f"{rows:,} rows of a CSV, by one worker; limit: batches of 500 inserted"
    return Outcome("IMPORT", about, "row", sides, claims)


def _add(one: Measured, more: Measured) -> None:
    one.count, one.seconds = one.count + more.count, one.seconds + more.seconds
    one.server, one.postgres = one.server + more.server, one.postgres + more.postgres
    one.memory = more.memory


async def _inserted(ground: Ground, funnel: Funnel) -> Measured:
    """By this process, which is the limit's server."""
    rows, conn = ground.scale.rows, await asyncpg.connect(ground.house.database_url)
    try:
        with metering(ground.house, [Server("bench", os.getpid())]) as spent:
            began = time.perf_counter()
            await inserting.insert(conn, ground.person, funnel, rows)
            seconds = time.perf_counter() - began
    finally:  # not sooner: a backend takes with it what it has computed
        await conn.close()
    return Measured(rows, seconds, spent.server, spent.postgres)


async def _imported(ground: Ground, funnel: Funnel, number: int) -> Measured:
    rows = ground.scale.rows
    import_id = UUID(int=0)

    async def begin() -> int:
        nonlocal import_id
        raw = _file(rows, number)
        ask = Ask.post(f"/imports?funnelId={funnel.id}", raw, b'{"id":"', "text/csv", ground.token(ground.person))
        import_id = UUID(orjson.loads(await load.once(ground.house.product.port or 0, ask))["id"])
        return rows

    async def left() -> int:
        seen = await ground.db.pool.fetchrow("SELECT state, created_rows FROM imports WHERE id = $1", import_id)
        assert seen is not None
        if seen["state"] == "FAILED" or (seen["state"] == "DONE" and seen["created_rows"] != rows):
            raise load.WrongAnswer(f"The import ended as {seen['state']} with {seen['created_rows']} of {rows} rows.")
        return rows - int(seen["created_rows"])

    return await worked_off(ground, 1, begin, left)


def _file(rows: int, number: int) -> bytes:
    lines = [
        f"Квартира {row},Клієнт {row},+38063{row:07},import{row}@example.com,{25_000 + row}.50,UAH,{number}-{row}"
        for row in range(rows)
    ]
    return "\n".join([HEADER, *lines, ""]).encode()


async def renewals(ground: Ground) -> Outcome:
    many = ground.scale.invoices
    async with ground.db.pool.acquire() as conn:
        await conn.execute(renewals_sql.ACCOUNTS, many)
        for statement in renewals_sql.WHAT_THEY_HAVE:
            await conn.execute(statement)
        await conn.execute("ANALYZE")

    async def begin() -> int:
        await ground.db.pool.execute(renewals_sql.JOBS)
        return many

    async def left() -> int:
        paid: int = await ground.db.pool.fetchval(
            "SELECT count(*) FROM invoices WHERE state = 'PAID' AND purpose = 'RENEWAL'"
        )
        return many - paid

    workers = ground.scale.workers
    product = await worked_off(ground, workers, begin, left)
    claims = [Claim(f"invoices by {workers} workers", product.rate, 300, "a second", most=False)]
    return Outcome("RENEWALS", f"{many:,} accounts due on one date", "invoice", {"product": product}, claims)
