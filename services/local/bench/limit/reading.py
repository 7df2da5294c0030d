"""The limits of what is looked at all day: a statement for each part, rows straight to dicts."""

import base64
from typing import Any
from uuid import UUID

import asyncpg
import orjson

KINDS = {"DealCreated": "CREATED", "DealMoved": "MOVED", "DealUpdated": "UPDATED"}


def money(minor: int, currency: str) -> dict[str, str]:
    """Of a currency with two decimals, as all here."""
    return {"amount": f"{minor // 100}.{minor % 100:02}", "currency": currency}


def cursor(epoch: UUID, seq: int) -> str:
    return base64.urlsafe_b64encode(epoch.bytes + seq.to_bytes(8, "big")).decode()


async def the_row(conn: asyncpg.Connection, query: str, *args: object) -> asyncpg.Record:
    """The only one. Raises LookupError when there is none."""
    row = await conn.fetchrow(query, *args)
    if row is None:
        raise LookupError
    return row


async def board(conn: asyncpg.Connection, account: str, funnel: str, first: int) -> dict[str, Any]:
    head = await the_row(
        conn,
        """SELECT f.id::text AS id, f.name, h.epoch, h.seq
             FROM funnels f
             JOIN stream_heads h ON h.account_id = f.account_id AND h.stream_id = f.id
            WHERE f.account_id = $1 AND f.id = $2""",
        account,
        funnel,
    )
    stages = await conn.fetch(
        """SELECT s.id::text AS id, s.name, s.color, s.kind, t.currency, t.deals, t.value::bigint AS value
             FROM stages s
             LEFT JOIN stage_totals t ON t.account_id = s.account_id AND t.funnel_id = s.funnel_id
                                     AND t.stage_id = s.id AND t.deals > 0
            WHERE s.account_id = $1 AND s.funnel_id = $2 AND NOT s.deleted
            ORDER BY array_position(ARRAY['ENTRY', 'PROGRESS', 'WON', 'LOST'], s.kind), s.position""",
        account,
        funnel,
    )
    rows = await conn.fetch(
        """SELECT d.*, u.name AS assignee
             FROM unnest($2::uuid[]) AS col (col_id)
                  CROSS JOIN LATERAL (
                      SELECT d.stage_id::text AS stage_id, d.position, d.id::text AS id, d.number, d.title,
                             d.contact_name, d.contact_phone, d.contact_email, d.assignee_id, d.amount, d.currency,
                             d.expected_close_on, d.source, d.status, d.open_task_count, d.entered_stage_at,
                             d.created_at, d.version,
                             d.entered_stage_at + make_interval(days => s.idle_after_days) AS idle_from
                        FROM deals d
                        JOIN stages s ON s.account_id = $1 AND s.id = col_id
                       WHERE d.account_id = $1 AND d.stage_id = col_id AND d.position IS NOT NULL
                       ORDER BY d.position
                       LIMIT $3) AS d
                  LEFT JOIN users u ON u.account_id = $1 AND u.id = d.assignee_id
            ORDER BY col_id, d.position""",
        account,
        [stage["id"] for stage in stages],
        first + 1,
    )
    columns: dict[str, list[asyncpg.Record]] = {stage["id"]: [] for stage in stages}
    for row in rows:
        columns[row["stage_id"]].append(row)
    return {
        "seq": head["seq"],
        "cursor": cursor(head["epoch"], head["seq"]),
        "funnel": {"id": head["id"], "name": head["name"]},
        "columns": [_column(stage, columns[stage["id"]], first) for stage in stages],
    }


def _column(stage: asyncpg.Record, rows: list[asyncpg.Record], first: int) -> dict[str, Any]:
    shown = rows[:first]
    last = shown[-1] if shown else None
    return {
        "stage": {"id": stage["id"], "name": stage["name"], "color": stage["color"], "kind": stage["kind"]},
        "dealCount": stage["deals"] or 0,
        "value": [money(stage["value"], stage["currency"])] if stage["currency"] else [],
        "deals": {
            "nodes": [_card(row) for row in shown],
            "pageInfo": {
                "hasNextPage": len(rows) > first,
                "endCursor": base64.urlsafe_b64encode(orjson.dumps((last["position"], last["id"]))).decode()
                if last
                else None,
            },
        },
    }


def _card(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "id": row["id"],
        "number": row["number"],
        "title": row["title"],
        "contact": {"name": row["contact_name"], "phone": row["contact_phone"], "email": row["contact_email"]},
        "assignee": {"id": str(row["assignee_id"]), "name": row["assignee"]} if row["assignee_id"] else None,
        "amount": money(row["amount"], row["currency"]),
        "expectedCloseOn": row["expected_close_on"],
        "source": row["source"],
        "status": row["status"],
        "openTaskCount": row["open_task_count"],
        "idleFrom": row["idle_from"],
        "enteredStageAt": row["entered_stage_at"],
        "createdAt": row["created_at"],
        "version": row["version"],
    }


async def deal(conn: asyncpg.Connection, account: str, id: str) -> dict[str, Any]:
    row = await the_row(
        conn,
        """SELECT d.id::text AS id, d.number, d.title, d.contact_name, d.contact_phone, d.contact_email, d.amount,
                  d.currency, d.status, d.version, d.created_at, s.id::text AS stage_id, s.name AS stage,
                  f.id::text AS funnel_id, f.name AS funnel, u.id::text AS user_id, u.name AS assignee
             FROM deals d
             JOIN stages s ON s.account_id = d.account_id AND s.id = d.stage_id
             JOIN funnels f ON f.account_id = d.account_id AND f.id = d.funnel_id
             LEFT JOIN users u ON u.account_id = d.account_id AND u.id = d.assignee_id
            WHERE d.account_id = $1 AND d.id = $2""",
        account,
        id,
    )
    told = await conn.fetch(
        """SELECT e.seq, e.at, e.kind, e.payload ->> 'fromStageName' AS left_stage,
                  e.payload ->> 'toStageName' AS entered_stage, e.actor ->> 'kind' AS actor, u.name
             FROM events e
             LEFT JOIN users u ON u.account_id = e.account_id AND u.id = (e.actor ->> 'id')::uuid
            WHERE e.account_id = $1 AND e.deal_id = $2
            ORDER BY e.seq DESC
            LIMIT 10""",
        account,
        id,
    )
    return {
        "id": row["id"],
        "number": row["number"],
        "title": row["title"],
        "contact": {"name": row["contact_name"], "phone": row["contact_phone"], "email": row["contact_email"]},
        "amount": money(row["amount"], row["currency"]),
        "status": row["status"],
        "version": row["version"],
        "createdAt": row["created_at"],
        "stage": {"id": row["stage_id"], "name": row["stage"]},
        "funnel": {"id": row["funnel_id"], "name": row["funnel"]},
        "assignee": {"id": row["user_id"], "name": row["assignee"]} if row["user_id"] else None,
        "history": {"nodes": [_told(event) for event in told]},
    }


def _told(event: asyncpg.Record) -> dict[str, Any]:
    return {
        "seq": event["seq"],
        "at": event["at"],
        "kind": KINDS[event["kind"]],
        "fromStageName": event["left_stage"],
        "toStageName": event["entered_stage"],
        "actor": {"kind": event["actor"], "user": {"name": event["name"]}},
    }


async def funnels(conn: asyncpg.Connection, account: str) -> dict[str, Any]:
    rows = await conn.fetch(
        """SELECT f.id::text AS id, f.name, f.updated_at, t.deals::int AS deals, t.value::bigint AS value, t.currency
             FROM (SELECT * FROM funnels WHERE account_id = $1 AND NOT archived ORDER BY name_key, id LIMIT 20) AS f
                  LEFT JOIN LATERAL (
                      SELECT t.currency, sum(t.deals) AS deals, sum(t.value) AS value
                        FROM stage_totals t
                        JOIN stages s USING (account_id, funnel_id)
                       WHERE account_id = $1 AND funnel_id = f.id AND s.id = t.stage_id AND t.deals > 0
                         AND s.kind IN ('ENTRY', 'PROGRESS') AND NOT s.deleted
                       GROUP BY t.currency) AS t ON true
            ORDER BY f.name_key, f.id""",
        account,
    )
    return {
        "nodes": [
            {
                "id": row["id"],
                "name": row["name"],
                "updatedAt": row["updated_at"],
                "dealCount": row["deals"] or 0,
                "openValue": [money(row["value"], row["currency"])] if row["currency"] else [],
            }
            for row in rows
        ]
    }
