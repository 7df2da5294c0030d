"""The SQL statement that reads deals' histories out of the log."""

from collections.abc import Sequence
from uuid import UUID

from shared.accounts import User
from shared.db import Record, Transaction

# What is asked of each row, by what it is called there. Beyond it, whose it is, and who did it.
COLUMNS = {
    "epoch": "h.epoch",
    "seq": "e.seq",
    "at": "e.at",
    "event": "e.kind",
    "imported": "e.kind = 'DealCreated' AND e.payload #>> '{deal,source}' = 'IMPORT'",
    "did": "e.payload ->> 'did'",
    "note": "e.payload ->> 'noteId'",
    "task": "e.payload ->> 'taskId'",
    "from_stage_name": "e.payload ->> 'fromStageName'",
    "to_stage_name": "e.payload ->> 'toStageName'",
    "actor_kind": "e.actor ->> 'kind'",
    "actor_id": "e.actor ->> 'id'",
    "actor_name": "e.actor ->> 'name'",
    "payload": "CASE WHEN $5 THEN e.payload END",
}
SHOWN = ", ".join(f"{expression} AS {name}" for name, expression in COLUMNS.items())


async def select_newest(
    tx: Transaction, deal_ids: Sequence[UUID], before: int | None, limit: int, *, payloads: bool
) -> tuple[dict[UUID, list[Record]], dict[UUID, User]]:
    """The events of each deal with smaller numbers than `before`, newest first; and the people who made them.

    Rows begin with COLUMNS; `payloads`: whether the payload is among them, or null.
    """
    asked = list(set(deal_ids))  # a deal that is asked for twice has its history once
    # PostgreSQL keeps the plan for one deal; for a list, whose length it cannot know, it makes one each time.
    one = len(asked) == 1
    source = "(VALUES ($2::uuid))" if one else "unnest($2::uuid[])"
    rows = await tx.fetch(
        f"""SELECT {SHOWN}, asked.of_deal,
                  u.id, u.name, u.email, u.avatar_url, u.active
             FROM {source} AS asked (of_deal)
                  CROSS JOIN LATERAL (
                      (SELECT stream_id, seq, kind, version, payload, actor, at
                         FROM events
                        WHERE account_id = $1 AND deal_id = of_deal
                          AND ($3::bigint IS NULL OR seq < $3)
                        ORDER BY seq DESC
                        LIMIT $4)
                      UNION ALL
                      -- a file's deals were made many by one event: of that only the deal itself
                      (SELECT b.stream_id, b.seq, 'DealCreated', b.version,
                              jsonb_build_object('deal', told.deal, 'columns', '[]'::jsonb, 'placedAfter', NULL,
                                                 'toStageName', b.payload -> 'toStageName'),
                              b.actor, b.at
                         FROM (SELECT v.funnel_id, v.entered_seq
                                 FROM deals d
                                 JOIN stage_visits v USING (account_id, funnel_id)
                                WHERE d.account_id = $1 AND d.id = of_deal AND v.deal_id = of_deal
                                  AND d.source = 'IMPORT'
                                ORDER BY v.entered_seq
                                LIMIT 1) AS v
                              JOIN events b ON b.account_id = $1 AND b.stream_id = v.funnel_id
                                           AND b.seq = v.entered_seq AND b.kind = 'DealsImported'
                              CROSS JOIN LATERAL jsonb_array_elements(b.payload -> 'deals') AS told (deal)
                        WHERE told.deal ->> 'id' = of_deal::text AND ($3 IS NULL OR b.seq < $3))
                      ORDER BY seq DESC
                      LIMIT $4) AS e
                  JOIN stream_heads h ON h.account_id = $1 AND h.stream_id = e.stream_id
                  LEFT JOIN users u ON u.account_id = $1 AND e.actor ->> 'kind' = 'USER'
                                   AND u.id = (e.actor ->> 'id')::uuid
            ORDER BY e.seq DESC""",
        tx.account_id,
        asked[0] if one else asked,
        before,
        limit,
        payloads,
    )
    found: dict[UUID, list[Record]] = {id: [] for id in deal_ids}
    people: dict[UUID, User] = {}
    for row in rows:
        found[row["of_deal"]].append(row)
        if row["id"] is not None and row["id"] not in people:
            people[row["id"]] = User(*row[-5:])
    return found, people
