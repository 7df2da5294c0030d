"""The limit of an import: rows put into one funnel, 500 in a statement and a commit, with no look at what they say."""

from datetime import UTC, datetime
from uuid import uuid4

import asyncpg

from services.local.bench.data import Funnel, Person
from shared.deals.positions import spread

BATCH = 500
INSERT = """INSERT INTO deals (account_id, funnel_id, stage_id, source, status, entered_stage_at, created_at, updated_at,
                               version, assignee_id, currency, custom_fields, id, number, position, title,
                               contact_name, contact_phone, contact_email, amount)
            SELECT $1, $2, $3, 'IMPORT', 'OPEN', $4, $4, $4, 1, $5, 'UAH', '{}', new.*
              FROM unnest($6::uuid[], $7::bigint[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
                          $13::bigint[]) AS new"""
TAKE = "UPDATE account_counters SET deal_number = deal_number + $2 WHERE account_id = $1 RETURNING deal_number"
COUNT = """INSERT INTO stage_totals AS kept (account_id, funnel_id, stage_id, currency, deals, value)
           VALUES ($1, $2, $3, 'UAH', $4, $5)
           ON CONFLICT (account_id, funnel_id, stage_id, currency)
           DO UPDATE SET deals = kept.deals + excluded.deals, value = kept.value + excluded.value"""


async def insert(conn: asyncpg.Connection, person: Person, funnel: Funnel, rows: int) -> None:
    for first in range(0, rows, BATCH):
        async with conn.transaction():
            await conn.execute(f"SET LOCAL ROLE voronka_app; SET LOCAL app.account = '{person.account_id.hex}'")
            await _insert(conn, person, funnel, range(first, min(first + BATCH, rows)))


async def _insert(conn: asyncpg.Connection, person: Person, funnel: Funnel, rows: range) -> None:
    account, entry, many = person.account_id, funnel.stage_ids[0], len(rows)
    last: int = await conn.fetchval(TAKE, account, many)
    top = await conn.fetchval("SELECT min(position) FROM deals WHERE account_id = $1 AND stage_id = $2", account, entry)
    amounts = [2_500_050 + 100 * row for row in rows]
    await conn.execute(
        INSERT,
        *(account, funnel.id, entry, datetime.now(UTC), person.id),
        [uuid4() for _ in rows],
        list(range(last - many + 1, last + 1)),
        list(spread(None, top, many)),
        [f"Квартира {row}" for row in rows],
        [f"Клієнт {row}" for row in rows],
        [f"+38063{row:07}" for row in rows],
        [f"import{row}@example.com" for row in rows],
        amounts,
    )
    await conn.execute(COUNT, account, funnel.id, entry, many, sum(amounts))
