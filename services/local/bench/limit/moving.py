"""The limit of a move: the same rows locked, read and written, by statements written for this one case.

A deal with an amount goes on top of a stage of its own funnel that asks for nothing.
"""

from datetime import datetime
from typing import Any

import asyncpg

from services.local.bench.limit.reading import cursor, the_row
from services.local.bench.log_sql import FACTS
from shared.deals.positions import between

LOCK = """SELECT h.stream_id, h.epoch, h.seq + 1 AS seq,
                 greatest(account_now(), h.last_at + interval '1 microsecond') AS at
            FROM stream_heads h
           WHERE h.account_id = $1 AND h.stream_id = (SELECT funnel_id FROM deals WHERE account_id = $1 AND id = $2)
             FOR UPDATE"""

# What decides: where the deal is and goes, whether the module may be used, and who stands on top there.
LOOK = """SELECT d.stage_id, d.amount, d.currency, f.name AS left_stage, s.name AS entered_stage, s.kind,
                 m.usable_until > (account_now() AT TIME ZONE a.time_zone)::date AS usable,
                 (SELECT min(position) FROM deals WHERE account_id = $1 AND stage_id = $3 AND id <> $2) AS top
            FROM deals d
            JOIN stages f ON f.account_id = $1 AND f.id = d.stage_id
            JOIN stages s ON s.account_id = $1 AND s.id = $3 AND s.funnel_id = d.funnel_id AND NOT s.deleted
            JOIN account_modules m ON m.account_id = $1 AND m.code = 'sales_funnel'
            JOIN accounts a ON a.id = $1
           WHERE d.account_id = $1 AND d.id = $2 AND NOT d.archived
             FOR UPDATE OF d"""

WRITE = f"""WITH moved AS (
        UPDATE deals SET stage_id = $3, position = $4, entered_stage_at = $5, updated_at = $5, version = version + 1
         WHERE account_id = $1 AND id = $2
     RETURNING *
    ), counted AS (
        UPDATE stage_totals t
           SET deals = t.deals + delta.deals, value = t.value + delta.value
          FROM (VALUES ($6::uuid, -1, -$7::bigint), ($3::uuid, 1, $7::bigint)) AS delta (stage_id, deals, value)
         WHERE t.account_id = $1 AND t.funnel_id = $8 AND t.stage_id = delta.stage_id AND t.currency = $9
     RETURNING t.stage_id, t.deals, t.value, t.currency
    ), headed AS (
        UPDATE stream_heads SET seq = $10, last_at = $5 WHERE account_id = $1 AND stream_id = $8
    )
    INSERT INTO events (account_id, stream_id, seq, kind, version, payload, actor, at, deal_id)
    SELECT $1, $8, $10, 'DealMoved', 2,
           jsonb_build_object('deal', {FACTS}, 'placedAfter', NULL, 'fromStageId', $6::uuid,
               'fromStageName', $11::text, 'toStageName', $12::text, 'columns',
               (SELECT jsonb_agg(jsonb_build_object('stageId', c.stage_id, 'deals', c.deals,
                           'value', jsonb_build_array(jsonb_build_array(c.value, c.currency))))
                  FROM counted c)),
           jsonb_build_object('kind', 'USER', 'id', $13::text, 'name', NULL), $5, d.id
      FROM moved d
 RETURNING (SELECT version FROM moved)"""

# A statement of its own: within one, an index would meet both visits of the deal.
LEAVE = "UPDATE stage_visits SET left_at = $3 WHERE account_id = $1 AND deal_id = $2 AND left_at IS NULL"
VISIT = """INSERT INTO stage_visits (account_id, funnel_id, deal_id, stage_id, entered_at, entered_seq)
           VALUES ($1, $2, $3, $4, $5, $6)"""


async def move(conn: asyncpg.Connection, account: str, user: str, id: str, stage: str) -> dict[str, Any]:
    log = await the_row(conn, LOCK, account, id)
    seen = await the_row(conn, LOOK, account, id, stage)
    if not seen["usable"]:
        raise PermissionError
    at: datetime = log["at"]
    version = await conn.fetchval(
        WRITE,
        account,
        id,
        stage,
        between(None, seen["top"]),
        at,
        seen["stage_id"],
        seen["amount"],
        log["stream_id"],
        seen["currency"],
        log["seq"],
        seen["left_stage"],
        seen["entered_stage"],
        user,
    )
    await conn.execute(LEAVE, account, id, at)
    await conn.execute(VISIT, account, log["stream_id"], id, stage, at, log["seq"])
    return {
        "__typename": "MoveDealPayload",
        "seq": log["seq"],
        "cursor": cursor(log["epoch"], log["seq"]),
        "deal": {"id": id, "version": version, "updatedAt": at, "stage": {"id": stage, "name": seen["entered_stage"]}},
    }
