"""The limit of taking something in: the request as it came and the job that reads it, in one statement and one commit."""

from uuid import uuid4

import asyncpg

CALLBACK = """WITH kept AS (
        INSERT INTO callbacks (id, provider, dedupe_key, headers, body, state)
             VALUES ($1, 'liqpay', $2, $3, $4, 'RECEIVED')
    )
    INSERT INTO jobs (id, kind, ref, due_at, run_at, max_attempts)
         VALUES ($5, 'bench.nothing', $1, clock_timestamp(), 'infinity', 10)"""

REQUEST = """WITH kept AS (
        INSERT INTO intake (id, account_id, source_id, headers, body, received_at)
        SELECT $1, $2, s.id, $4, $5, clock_timestamp()
          FROM sources s
         WHERE s.account_id = $2 AND s.id = $3 AND s.enabled
    )
    INSERT INTO jobs (id, account_id, kind, ref, due_at, run_at, max_attempts)
         VALUES ($6, $2, 'bench.nothing', $1, clock_timestamp(), 'infinity', 10)"""


async def callback(conn: asyncpg.Connection, headers: dict[str, str], body: bytes) -> None:
    await conn.execute(CALLBACK, uuid4(), uuid4().hex, headers, body, uuid4())


async def request(conn: asyncpg.Connection, account: str, source: str, headers: dict[str, str], body: bytes) -> None:
    await conn.execute(REQUEST, uuid4(), account, source, headers, body, uuid4())
