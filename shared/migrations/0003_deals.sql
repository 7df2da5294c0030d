-- What is done with deals every day: notes, tasks, and each deal's history out of the log.

-- ─── history ──────────────────────────────────────────────────────────────────────────────────────

-- The one deal that an event is about; null when it is about a funnel, or about many deals.
ALTER TABLE events ADD COLUMN deal_id uuid;

-- Forced row-level security would hide all of them from who migrates, unless that is a superuser.
ALTER TABLE events NO FORCE ROW LEVEL SECURITY;
UPDATE events SET deal_id = (payload -> 'deal' ->> 'id')::uuid WHERE payload ? 'deal';
ALTER TABLE events FORCE ROW LEVEL SECURITY;

CREATE INDEX events_of_deal ON events (account_id, deal_id, seq) WHERE deal_id IS NOT NULL;

-- ─── notes ────────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE notes (
    account_id  uuid NOT NULL,
    id          uuid NOT NULL,
    deal_id     uuid NOT NULL,
    text        text NOT NULL,
    author_id   uuid,  -- null: no person wrote it
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, deal_id) REFERENCES deals,
    FOREIGN KEY (account_id, author_id) REFERENCES users
);
CREATE INDEX notes_newest ON notes (account_id, deal_id, created_at DESC, id DESC);

-- ─── tasks ────────────────────────────────────────────────────────────────────────────────────────

-- How many of a deal's tasks are open stands in `deals.open_task_count`.
CREATE TABLE tasks (
    account_id   uuid NOT NULL,
    id           uuid NOT NULL,
    deal_id      uuid NOT NULL,
    title        text NOT NULL,
    due_at       timestamptz,
    assignee_id  uuid,
    done_at      timestamptz,  -- null: it is open
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, deal_id) REFERENCES deals,
    FOREIGN KEY (account_id, assignee_id) REFERENCES users
);
CREATE INDEX tasks_of_deal ON tasks (account_id, deal_id);
-- tasks stand by when they are due; those that are due at no time stand last
CREATE INDEX tasks_due ON tasks (account_id, (coalesce(due_at, 'infinity')), id);
CREATE INDEX tasks_of_assignee ON tasks (account_id, assignee_id, (coalesce(due_at, 'infinity')), id);

-- ─── every id, whatever it is the id of ───────────────────────────────────────────────────────────

CREATE OR REPLACE VIEW nodes WITH (security_invoker = true) AS
          SELECT id AS account_id, id, 'Account' AS kind FROM accounts
UNION ALL SELECT account_id, id, 'User' FROM users
UNION ALL SELECT account_id, id, 'Funnel' FROM funnels
UNION ALL SELECT account_id, id, 'Stage' FROM stages
UNION ALL SELECT account_id, id, 'LossReason' FROM loss_reasons
UNION ALL SELECT account_id, id, 'Deal' FROM deals
UNION ALL SELECT account_id, id, 'Note' FROM notes
UNION ALL SELECT account_id, id, 'Task' FROM tasks
UNION ALL SELECT account_id, id, 'ModuleSubscription' FROM module_subscriptions
UNION ALL SELECT account_id, id, 'Source' FROM sources
UNION ALL SELECT account_id, id, 'InboxItem' FROM inbox_items;

-- ─── who may see and do what ──────────────────────────────────────────────────────────────────────

DO $$
DECLARE
    owned text;
BEGIN
    FOREACH owned IN ARRAY ARRAY['notes', 'tasks']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', owned);
        EXECUTE format('CREATE POLICY own_account ON %I USING (account_id = current_account())', owned);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO voronka_app', owned);
    END LOOP;
END $$;
