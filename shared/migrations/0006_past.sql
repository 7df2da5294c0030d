-- What is kept beside the log, so that the past is read without folding all of it.

-- A board as it stood after every thousandth event: the log folds from the newest one before the moment asked for.
CREATE TABLE board_checkpoints (
    account_id  uuid NOT NULL,
    funnel_id   uuid NOT NULL,
    seq         bigint NOT NULL,
    at          timestamptz NOT NULL,
    state       jsonb NOT NULL,
    PRIMARY KEY (account_id, funnel_id, seq),
    FOREIGN KEY (account_id, funnel_id) REFERENCES funnels
);

-- From when to when a deal stood in a stage. `entered_seq`: the event that brought it there.
CREATE TABLE stage_visits (
    account_id   uuid NOT NULL,
    funnel_id    uuid NOT NULL,
    deal_id      uuid NOT NULL,
    stage_id     uuid NOT NULL,
    entered_at   timestamptz NOT NULL,
    left_at      timestamptz,
    entered_seq  bigint NOT NULL,
    PRIMARY KEY (account_id, funnel_id, deal_id, entered_seq),
    FOREIGN KEY (account_id, funnel_id, stage_id) REFERENCES stages (account_id, funnel_id, id),
    FOREIGN KEY (account_id, deal_id) REFERENCES deals
) WITH (fillfactor = 85);
-- a deal stands in one stage at a time
CREATE UNIQUE INDEX stage_visits_now ON stage_visits (account_id, deal_id) WHERE left_at IS NULL;
CREATE INDEX stage_visits_by_time ON stage_visits (account_id, funnel_id, entered_at);

-- What was done before visits were kept. Forced row-level security would hide it from who migrates.
ALTER TABLE events NO FORCE ROW LEVEL SECURITY;

INSERT INTO stage_visits (account_id, funnel_id, deal_id, stage_id, entered_at, left_at, entered_seq)
SELECT account_id, stream_id, deal_id, (payload #>> '{deal,stageId}')::uuid, at,
       lead(at) OVER (PARTITION BY account_id, deal_id ORDER BY seq), seq
  FROM (SELECT *, lag(payload #>> '{deal,stageId}') OVER (PARTITION BY account_id, deal_id ORDER BY seq) AS stood
          FROM events
         WHERE deal_id IS NOT NULL) AS told
 WHERE payload #>> '{deal,stageId}' IS DISTINCT FROM stood;

ALTER TABLE events FORCE ROW LEVEL SECURITY;

DO $$
DECLARE
    owned text;
BEGIN
    FOREACH owned IN ARRAY ARRAY['board_checkpoints', 'stage_visits']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', owned);
        EXECUTE format('CREATE POLICY own_account ON %I USING (account_id = current_account())', owned);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO voronka_app', owned);
    END LOOP;
END $$;
