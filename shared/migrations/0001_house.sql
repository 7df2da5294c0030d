-- The house: accounts, funnels, deals, their log, jobs, modules, and what comes in from outside.
--
-- Every row belongs to an account. `account_id` leads each primary, unique and foreign key, so that no row can point
-- into another account; row-level security hides what is not the account's from the role `voronka_app`, under which
-- all work is done. Tables that are read before the account is known stand outside of it and hold ids only.

DO $$
BEGIN
    CREATE ROLE voronka_app NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- roles belong to the cluster: another database has made it
END $$;

GRANT voronka_app TO current_user;
GRANT USAGE ON SCHEMA public TO voronka_app;

CREATE FUNCTION current_account() RETURNS uuid LANGUAGE sql STABLE
RETURN nullif(current_setting('app.account', true), '')::uuid;

-- ─── accounts ─────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE accounts (
    id          uuid PRIMARY KEY,
    name        text NOT NULL,
    time_zone   text NOT NULL,
    currency    text NOT NULL,
    locale      text NOT NULL,
    country     text NOT NULL,
    test        boolean NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Only test accounts have a clock of their own: a row here.
CREATE TABLE account_clocks (
    account_id    uuid PRIMARY KEY REFERENCES accounts,
    clock_offset  interval NOT NULL
);

CREATE FUNCTION account_offset() RETURNS interval LANGUAGE sql STABLE
RETURN coalesce((SELECT clock_offset FROM account_clocks WHERE account_id = current_account()), interval '0');

CREATE FUNCTION account_now() RETURNS timestamptz LANGUAGE sql VOLATILE
RETURN clock_timestamp() + account_offset();

CREATE TABLE account_counters (
    account_id   uuid PRIMARY KEY REFERENCES accounts,
    deal_number  bigint NOT NULL DEFAULT 0
);

CREATE TABLE users (
    account_id  uuid NOT NULL REFERENCES accounts,
    id          uuid NOT NULL,
    name        text NOT NULL,
    email       text,
    avatar_url  text,
    active      boolean NOT NULL DEFAULT true,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX users_by_email ON users (account_id, lower(email));

-- Which modules may be used, and up to which day (not included) of the account's time zone.
CREATE TABLE account_modules (
    account_id    uuid NOT NULL REFERENCES accounts,
    code          text NOT NULL,
    usable_until  date NOT NULL,
    PRIMARY KEY (account_id, code)
);

CREATE TABLE idempotency_keys (
    account_id  uuid NOT NULL,  -- or the issuer of a service token, which has no account
    user_id     text NOT NULL,
    mutation    text NOT NULL,
    key         text NOT NULL,
    input_hash  bytea NOT NULL,
    answer      jsonb,
    used_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (account_id, user_id, mutation, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (account_id, used_at);

-- ─── the log ──────────────────────────────────────────────────────────────────────────────────────

-- A stream is a funnel's log (or, later, an account's billing). Its head is locked first by whoever writes.
CREATE TABLE stream_heads (
    account_id  uuid NOT NULL,
    stream_id   uuid NOT NULL,
    epoch       uuid NOT NULL DEFAULT gen_random_uuid(),  -- another one: history was restored from a backup
    seq         bigint NOT NULL DEFAULT 0,
    last_at     timestamptz NOT NULL,
    PRIMARY KEY (account_id, stream_id)
) WITH (fillfactor = 50);

CREATE TABLE events (
    account_id  uuid NOT NULL,
    stream_id   uuid NOT NULL,
    seq         bigint NOT NULL,
    kind        text NOT NULL,
    version     smallint NOT NULL,
    payload     jsonb NOT NULL,
    actor       jsonb NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (account_id, stream_id, seq),
    FOREIGN KEY (account_id, stream_id) REFERENCES stream_heads
);

-- ─── jobs ─────────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE jobs (
    id            uuid PRIMARY KEY,
    account_id    uuid,
    kind          text NOT NULL,
    -- the same work is asked for once
    dedupe_key    text CONSTRAINT jobs_once UNIQUE,
    ref           uuid,
    due_at        timestamptz NOT NULL,  -- in the account's time
    run_at        timestamptz NOT NULL,  -- the same moment on the real clock
    state         text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'done', 'dead')),
    attempts      integer NOT NULL DEFAULT 0,
    max_attempts  integer NOT NULL,
    lease_until   timestamptz,
    lease_token   uuid,
    swept_at      timestamptz,
    last_error    text,
    done_at       timestamptz
) WITH (fillfactor = 70);
CREATE INDEX jobs_due ON jobs (run_at) WHERE state = 'queued';
CREATE INDEX jobs_done ON jobs (done_at) WHERE state = 'done';

CREATE TABLE workers (
    id          uuid PRIMARY KEY,
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    beat_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- ─── funnels ──────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE funnels (
    account_id  uuid NOT NULL REFERENCES accounts,
    id          uuid NOT NULL,
    name        text NOT NULL,
    archived    boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    version     integer NOT NULL DEFAULT 1,
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, id) REFERENCES stream_heads
);

CREATE TABLE funnel_viewers (
    account_id  uuid NOT NULL,
    funnel_id   uuid NOT NULL,
    user_id     uuid NOT NULL,
    PRIMARY KEY (account_id, funnel_id, user_id),
    FOREIGN KEY (account_id, funnel_id) REFERENCES funnels,
    FOREIGN KEY (account_id, user_id) REFERENCES users
);
CREATE INDEX funnel_viewers_by_user ON funnel_viewers (account_id, user_id);

CREATE TABLE stages (
    account_id       uuid NOT NULL,
    id               uuid NOT NULL,
    funnel_id        uuid NOT NULL,
    kind             text NOT NULL CHECK (kind IN ('ENTRY', 'PROGRESS', 'WON', 'LOST')),
    position         integer NOT NULL,
    name             text NOT NULL,
    color            text NOT NULL,
    probability      integer NOT NULL CHECK (probability BETWEEN 0 AND 100),
    idle_after_days  integer,
    requires_amount  boolean NOT NULL,
    PRIMARY KEY (account_id, id),
    CONSTRAINT stages_of_funnel UNIQUE (account_id, funnel_id, id),
    FOREIGN KEY (account_id, funnel_id) REFERENCES funnels
);
-- entry, won and lost are there exactly once
CREATE UNIQUE INDEX stages_built_in ON stages (account_id, funnel_id, kind) WHERE kind <> 'PROGRESS';

CREATE TABLE loss_reasons (
    account_id     uuid NOT NULL,
    id             uuid NOT NULL,
    funnel_id      uuid NOT NULL,
    position       integer NOT NULL,
    name           text NOT NULL,
    requires_note  boolean NOT NULL DEFAULT false,
    archived       boolean NOT NULL DEFAULT false,
    PRIMARY KEY (account_id, id),
    CONSTRAINT loss_reasons_of_funnel UNIQUE (account_id, funnel_id, id),
    FOREIGN KEY (account_id, funnel_id) REFERENCES funnels
);

-- What stands in a stage, kept with every change of a deal, a row for each currency; '' counts deals without an amount.
CREATE TABLE stage_totals (
    account_id  uuid NOT NULL,
    funnel_id   uuid NOT NULL,
    stage_id    uuid NOT NULL,
    currency    text NOT NULL,
    deals       bigint NOT NULL CHECK (deals >= 0),
    value       numeric(40, 0) NOT NULL CHECK (value >= 0),
    PRIMARY KEY (account_id, funnel_id, stage_id, currency),
    FOREIGN KEY (account_id, funnel_id, stage_id) REFERENCES stages (account_id, funnel_id, id)
) WITH (fillfactor = 50);

-- ─── deals ────────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE deals (
    account_id            uuid NOT NULL,
    id                    uuid NOT NULL,
    number                bigint NOT NULL,
    funnel_id             uuid NOT NULL,
    stage_id              uuid NOT NULL,
    -- where it stands in its column: a fractional key, made under the head's lock, never told to anyone
    position              text COLLATE "C",
    title                 text NOT NULL,
    contact_name          text NOT NULL,
    contact_phone         text,
    contact_email         text,
    assignee_id           uuid,
    amount                bigint CHECK (amount >= 0),
    currency              text,
    expected_close_on     date,
    source                text NOT NULL CHECK (source IN ('MANUAL', 'FORM', 'CALL', 'IMPORT', 'API')),
    source_name           text,
    status                text NOT NULL CHECK (status IN ('OPEN', 'WON', 'LOST')),
    loss_reason_id        uuid,
    loss_note             text,
    closed_from_stage_id  uuid,
    open_task_count       integer NOT NULL DEFAULT 0,
    archived              boolean NOT NULL DEFAULT false,
    entered_stage_at      timestamptz NOT NULL,
    created_at            timestamptz NOT NULL,
    updated_at            timestamptz NOT NULL,
    closed_at             timestamptz,
    version               integer NOT NULL,
    custom_fields         jsonb NOT NULL,
    PRIMARY KEY (account_id, id),
    CONSTRAINT deals_number UNIQUE (account_id, number),
    -- the board: a column in its order, no two deals in one place; deferrable, since re-spacing moves many at once
    CONSTRAINT deals_on_board UNIQUE (account_id, stage_id, position) DEFERRABLE,
    -- archived deals are never on a board
    CONSTRAINT deals_archived_have_no_place CHECK ((position IS NULL) = archived),
    CHECK ((amount IS NULL) = (currency IS NULL)),
    FOREIGN KEY (account_id, funnel_id, stage_id) REFERENCES stages (account_id, funnel_id, id),
    FOREIGN KEY (account_id, funnel_id, loss_reason_id) REFERENCES loss_reasons (account_id, funnel_id, id),
    FOREIGN KEY (account_id, assignee_id) REFERENCES users
) WITH (fillfactor = 85);

-- ─── modules ──────────────────────────────────────────────────────────────────────────────────────

-- A price never changes: a new one is a new version.
CREATE TABLE module_prices (
    module_code     text NOT NULL,
    currency        text NOT NULL,
    months          integer NOT NULL CHECK (months IN (1, 3, 12)),
    version         integer NOT NULL,
    price           bigint NOT NULL CHECK (price >= 0),
    effective_from  timestamptz NOT NULL,
    PRIMARY KEY (module_code, currency, months, version)
);
INSERT INTO module_prices (module_code, currency, months, version, price, effective_from)
VALUES ('sales_funnel', 'UAH',  1, 1,  50000, '-infinity'),
       ('sales_funnel', 'UAH',  3, 1, 135000, '-infinity'),
       ('sales_funnel', 'UAH', 12, 1, 480000, '-infinity'),
       ('telephony',    'UAH',  1, 1,  30000, '-infinity'),
       ('telephony',    'UAH',  3, 1,  81000, '-infinity'),
       ('telephony',    'UAH', 12, 1, 288000, '-infinity'),
       ('lead_ads',     'UAH',  1, 1,  20000, '-infinity'),
       ('lead_ads',     'UAH',  3, 1,  54000, '-infinity'),
       ('lead_ads',     'UAH', 12, 1, 192000, '-infinity');

CREATE TABLE module_subscriptions (
    account_id            uuid NOT NULL REFERENCES accounts,
    id                    uuid NOT NULL,
    module_code           text NOT NULL,
    state                 text NOT NULL
        CHECK (state IN ('TRIALING', 'ACTIVE', 'PAST_DUE', 'SUSPENDED', 'CANCELLED')),
    months                integer,
    period_start          date,
    period_end            date,
    trial_ends_on         date,
    cancel_at_period_end  boolean NOT NULL DEFAULT false,
    next_months           integer,
    started_at            timestamptz NOT NULL,
    PRIMARY KEY (account_id, id)
);
-- one live subscription a module
CREATE UNIQUE INDEX module_subscriptions_live ON module_subscriptions (account_id, module_code)
    WHERE state <> 'CANCELLED';
-- one trial a module, for ever
CREATE UNIQUE INDEX module_subscriptions_trial ON module_subscriptions (account_id, module_code)
    WHERE trial_ends_on IS NOT NULL;

-- ─── what comes in from outside ───────────────────────────────────────────────────────────────────

CREATE TABLE sources (
    account_id           uuid NOT NULL REFERENCES accounts,
    id                   uuid NOT NULL,
    name                 text NOT NULL,
    kind                 text NOT NULL,
    funnel_id            uuid NOT NULL,
    assignee_id          uuid,
    assignment           text NOT NULL,
    attach_to_open_deal  boolean NOT NULL,
    mapping              jsonb NOT NULL,
    enabled              boolean NOT NULL DEFAULT true,
    created_at           timestamptz NOT NULL,
    received             bigint NOT NULL DEFAULT 0,
    created              bigint NOT NULL DEFAULT 0,
    duplicates           bigint NOT NULL DEFAULT 0,
    rejected             bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, funnel_id) REFERENCES funnels,
    FOREIGN KEY (account_id, assignee_id) REFERENCES users
) WITH (fillfactor = 70);

-- Whose a source is, and the hash of what proves it: all that an unknown caller's request is looked up in.
CREATE TABLE source_addresses (
    source_id    uuid PRIMARY KEY,
    account_id   uuid NOT NULL,
    secret_hash  bytea NOT NULL
);

-- The request as it came, before anybody looked at it.
CREATE TABLE intake (
    id           uuid PRIMARY KEY,
    account_id   uuid NOT NULL,
    source_id    uuid NOT NULL,
    headers      jsonb NOT NULL,
    body         bytea NOT NULL,
    received_at  timestamptz NOT NULL  -- in the account's time
);

CREATE TABLE inbox_items (
    account_id   uuid NOT NULL,
    id           uuid NOT NULL,
    source_id    uuid NOT NULL,
    intake_id    uuid NOT NULL,
    part         integer NOT NULL DEFAULT 0,  -- which of the leads in the request
    state        text NOT NULL CHECK (state IN
        ('RECEIVED', 'WAITING', 'CREATED', 'ATTACHED', 'DUPLICATE', 'IGNORED', 'REJECTED')),
    received_at  timestamptz NOT NULL,
    external_id  text,
    payload      jsonb,
    deal_id      uuid,
    reason       text,
    reason_code  text,
    attempts     integer NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, id),
    -- a lead is taken in once, however often its job runs
    CONSTRAINT inbox_items_once UNIQUE (account_id, intake_id, part),
    FOREIGN KEY (account_id, source_id) REFERENCES sources,
    FOREIGN KEY (account_id, deal_id) REFERENCES deals
);
CREATE INDEX inbox_items_newest ON inbox_items (account_id, received_at DESC, id DESC);
CREATE INDEX inbox_items_newest_of_source ON inbox_items (account_id, source_id, received_at DESC, id DESC);
CREATE INDEX inbox_items_waiting ON inbox_items (account_id, received_at) WHERE state = 'WAITING';

-- The same call or lead is sent again: the first item that took the key is the one.
CREATE TABLE inbox_keys (
    account_id  uuid NOT NULL,
    source_id   uuid NOT NULL,
    key         text NOT NULL,
    item_id     uuid NOT NULL,
    until       timestamptz NOT NULL,
    CONSTRAINT inbox_keys_once PRIMARY KEY (account_id, source_id, key),
    FOREIGN KEY (account_id, source_id) REFERENCES sources
);

-- ─── every id, whatever it is the id of ───────────────────────────────────────────────────────────

CREATE VIEW nodes WITH (security_invoker = true) AS
          SELECT id AS account_id, id, 'Account' AS kind FROM accounts
UNION ALL SELECT account_id, id, 'User' FROM users
UNION ALL SELECT account_id, id, 'Funnel' FROM funnels
UNION ALL SELECT account_id, id, 'Stage' FROM stages
UNION ALL SELECT account_id, id, 'LossReason' FROM loss_reasons
UNION ALL SELECT account_id, id, 'Deal' FROM deals
UNION ALL SELECT account_id, id, 'ModuleSubscription' FROM module_subscriptions
UNION ALL SELECT account_id, id, 'Source' FROM sources
UNION ALL SELECT account_id, id, 'InboxItem' FROM inbox_items;

-- ─── who may see and do what ──────────────────────────────────────────────────────────────────────

ALTER TABLE accounts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_account ON accounts USING (id = current_account());

DO $$
DECLARE
    owned text;
BEGIN
    FOREACH owned IN ARRAY ARRAY['account_clocks', 'account_counters', 'users', 'account_modules', 'idempotency_keys',
        'events', 'funnels', 'funnel_viewers', 'stages', 'loss_reasons', 'stage_totals', 'deals',
        'module_subscriptions', 'sources', 'inbox_items', 'inbox_keys']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', owned);
        EXECUTE format('CREATE POLICY own_account ON %I USING (account_id = current_account())', owned);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO voronka_app', owned);
    END LOOP;
END $$;

GRANT SELECT, INSERT, UPDATE ON accounts TO voronka_app;
REVOKE UPDATE, DELETE ON events FROM voronka_app;  -- the log is only ever added to
GRANT SELECT ON nodes, module_prices TO voronka_app;
GRANT SELECT, INSERT, UPDATE (seq, last_at) ON stream_heads TO voronka_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON jobs, workers, intake TO voronka_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON source_addresses TO voronka_app;
