"""What follows from the deals that `data` brings: statements of ($1 the account, $2 its funnels)."""

NEW = "d.account_id = $1 AND d.funnel_id = ANY($2::uuid[])"

# A deal as facts, as the product's events hold it; `{}` are the facts of an earlier time that it overrides.
FACTS = """jsonb_build_object(
        'id', d.id, 'number', d.number, 'funnelId', d.funnel_id, 'stageId', d.stage_id, 'title', d.title,
        'contact', jsonb_build_object('name', d.contact_name, 'phone', d.contact_phone, 'email', d.contact_email),
        'assigneeId', d.assignee_id, 'amount', jsonb_build_array(d.amount, d.currency),
        'expectedCloseOn', d.expected_close_on, 'source', d.source, 'sourceName', d.source_name, 'status', d.status,
        'lossReasonId', d.loss_reason_id, 'lossNote', d.loss_note, 'closedFromStageId', d.closed_from_stage_id,
        'openTaskCount', d.open_task_count, 'archived', d.archived, 'enteredStageAt', d.entered_stage_at,
        'createdAt', d.created_at, 'updatedAt', d.updated_at, 'closedAt', d.closed_at, 'version', d.version,
        'customFields', d.custom_fields)"""
BORN = """jsonb_build_object('stageId', e.id, 'status', 'OPEN', 'lossReasonId', NULL, 'closedFromStageId', NULL,
        'enteredStageAt', d.created_at, 'updatedAt', d.created_at, 'closedAt', NULL, 'version', 1)"""
ACTOR = """(SELECT jsonb_build_object('kind', 'USER', 'id', u.id, 'name', u.name)
              FROM users u WHERE u.account_id = $1 ORDER BY u.id LIMIT 1)"""
ENTRY = "JOIN stages e ON e.account_id = d.account_id AND e.funnel_id = d.funnel_id AND e.kind = 'ENTRY'"
INSERT = "INSERT INTO events (account_id, stream_id, seq, kind, version, payload, actor, at, deal_id)"

SEARCHED = f"""INSERT INTO deal_search (account_id, deal_id, text)
    SELECT account_id, id, searchable(concat_ws(E'\\n', title, contact_name, contact_email,
                                                regexp_replace(contact_phone, '\\D', '', 'g'), number))
      FROM deals d
     WHERE {NEW}"""

COUNTED = f"""INSERT INTO stage_totals (account_id, funnel_id, stage_id, currency, deals, value)
    SELECT account_id, funnel_id, stage_id, currency, count(*), sum(amount)
      FROM deals d
     WHERE {NEW}
     GROUP BY account_id, funnel_id, stage_id, currency"""

# One after another in the entry, whose totals rise with each.
CREATED = f"""{INSERT}
    SELECT d.account_id, d.funnel_id, row_number() OVER made, 'DealCreated', 1,
           jsonb_build_object('deal', {FACTS} || {BORN}, 'placedAfter', NULL, 'columns', jsonb_build_array(
               jsonb_build_object('stageId', e.id, 'deals', count(*) OVER made,
                   'value', jsonb_build_array(jsonb_build_array(sum(d.amount) OVER made, d.currency))))),
           {ACTOR}, d.created_at, d.id
      FROM deals d {ENTRY}
     WHERE {NEW}
    WINDOW made AS (PARTITION BY d.funnel_id ORDER BY d.number)"""

# Those that stand elsewhere now were moved there, in the same order: the entry loses what the others get.
MOVED = f"""{INSERT}
    SELECT d.account_id, d.funnel_id, whole.deals + row_number() OVER gone, 'DealMoved', 2,
           jsonb_build_object('deal', {FACTS}, 'placedAfter', NULL, 'fromStageId', e.id, 'fromStageName', e.name,
               'toStageName', s.name, 'columns', jsonb_build_array(
               jsonb_build_object('stageId', e.id, 'deals', whole.deals - count(*) OVER gone,
                   'value', jsonb_build_array(jsonb_build_array(whole.value - sum(d.amount) OVER gone, d.currency))),
               jsonb_build_object('stageId', s.id, 'deals', count(*) OVER come,
                   'value', jsonb_build_array(jsonb_build_array(sum(d.amount) OVER come, d.currency))))),
           {ACTOR}, d.entered_stage_at, d.id
      FROM deals d {ENTRY}
      JOIN stages s ON s.account_id = d.account_id AND s.id = d.stage_id
      JOIN (SELECT funnel_id, count(*) AS deals, sum(amount) AS value FROM deals d WHERE {NEW} GROUP BY funnel_id)
           AS whole ON whole.funnel_id = d.funnel_id
     WHERE {NEW} AND d.stage_id <> e.id
    WINDOW gone AS (PARTITION BY d.funnel_id ORDER BY d.number), come AS (PARTITION BY d.stage_id ORDER BY d.number)"""

VISITED = """INSERT INTO stage_visits (account_id, funnel_id, deal_id, stage_id, entered_at, left_at, entered_seq)
    SELECT account_id, stream_id, deal_id, (payload #>> '{deal,stageId}')::uuid, at,
           lead(at) OVER (PARTITION BY account_id, deal_id ORDER BY seq), seq
      FROM events
     WHERE account_id = $1 AND stream_id = ANY($2::uuid[]) AND deal_id IS NOT NULL"""

# $3 times each deal's own fields say so, one deal after the other, a second each.
CHANGED = f"""{INSERT}
    SELECT d.account_id, d.funnel_id, place.seq, 'DealUpdated', 1,
           jsonb_build_object('columns', '[]'::jsonb, 'changed', '["customFields"]'::jsonb, 'deal',
               {FACTS} || jsonb_build_object('customFields', jsonb_build_object('правка', time),
                                             'version', d.version + time, 'updatedAt', place.at)),
           {ACTOR}, place.at, d.id
      FROM (SELECT *, row_number() OVER (PARTITION BY funnel_id ORDER BY number) AS nth,
                   count(*) OVER (PARTITION BY funnel_id) AS many
              FROM deals d
             WHERE {NEW}) AS d
      JOIN (SELECT stream_id, max(seq) AS seq, max(at) AS at FROM events
             WHERE account_id = $1 AND stream_id = ANY($2::uuid[])
             GROUP BY stream_id) AS last ON last.stream_id = d.funnel_id
     CROSS JOIN generate_series(1, $3::int) AS time
     CROSS JOIN LATERAL (SELECT (time - 1) * d.many + d.nth AS later) AS step
     CROSS JOIN LATERAL (SELECT last.seq + later AS seq, last.at + later * interval '1 second' AS at) AS place"""

CHANGED_SINCE = f"""UPDATE deals d
       SET custom_fields = jsonb_build_object('правка', $3::int), version = d.version + $3::int,
           updated_at = (SELECT max(at) FROM events e WHERE e.account_id = $1 AND e.deal_id = d.id)
     WHERE {NEW}"""

HEADS = """UPDATE stream_heads h
       SET seq = told.seq, last_at = told.at
      FROM (SELECT stream_id, max(seq) AS seq, max(at) AS at FROM events
             WHERE account_id = $1 AND stream_id = ANY($2::uuid[])
             GROUP BY stream_id) AS told
     WHERE h.account_id = $1 AND h.stream_id = told.stream_id"""

DERIVED = (SEARCHED, COUNTED, CREATED, MOVED, VISITED)
