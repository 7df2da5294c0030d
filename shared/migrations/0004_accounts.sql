-- Clocks of test accounts that walk, jobs that are due on a civil day, and people in the order of their names.

-- ─── clocks ───────────────────────────────────────────────────────────────────────────────────────

-- From here on each test account has its row. Who adds a job locks it shared and who sets the clock locks it alone, so
-- that no job is put on a clock that has just moved.
ALTER TABLE account_clocks
    ADD COLUMN target timestamptz,                    -- where the clock is walking to, while it walks
    ADD COLUMN was_set boolean NOT NULL DEFAULT true;
ALTER TABLE account_clocks ALTER COLUMN was_set SET DEFAULT false;

-- Forced row-level security would hide all rows from who migrates, unless that is a superuser.
ALTER TABLE accounts NO FORCE ROW LEVEL SECURITY;
ALTER TABLE account_clocks NO FORCE ROW LEVEL SECURITY;
INSERT INTO account_clocks (account_id, clock_offset)
SELECT id, '0' FROM accounts WHERE test
    ON CONFLICT DO NOTHING;
ALTER TABLE accounts FORCE ROW LEVEL SECURITY;
ALTER TABLE account_clocks FORCE ROW LEVEL SECURITY;

-- ─── jobs ─────────────────────────────────────────────────────────────────────────────────────────

ALTER TABLE jobs
    -- due at the first moment of this day of the account's zone: `due_at` follows when the zone changes
    ADD COLUMN due_on date,
    -- `due_at` is of the real clock, whatever the account's own says
    ADD COLUMN real_clock boolean NOT NULL DEFAULT false;
CREATE INDEX jobs_of_account ON jobs (account_id, due_at) WHERE state = 'queued';

ALTER TABLE module_subscriptions NO FORCE ROW LEVEL SECURITY;
UPDATE jobs j
   SET due_on = s.trial_ends_on
  FROM module_subscriptions s
 WHERE j.kind = 'billing.end_trial' AND j.state = 'queued' AND s.account_id = j.account_id AND s.id = j.ref;
ALTER TABLE module_subscriptions FORCE ROW LEVEL SECURITY;

-- ─── people ───────────────────────────────────────────────────────────────────────────────────────

ALTER TABLE users ADD COLUMN name_key text COLLATE "C" GENERATED ALWAYS AS (ukrainian(name)) STORED;
CREATE INDEX users_by_name ON users (account_id, name_key, id);
