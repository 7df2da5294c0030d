-- Files of deals: what was uploaded, how far it is read, and what of it could not be taken.

CREATE TABLE imports (
    account_id      uuid NOT NULL REFERENCES accounts,
    id              uuid NOT NULL,
    funnel_id       uuid NOT NULL,
    user_id         uuid NOT NULL,  -- who brought the file, and has the deals that name nobody else
    file_name       text NOT NULL,
    state           text NOT NULL CHECK (state IN ('QUEUED', 'RUNNING', 'DONE', 'FAILED', 'CANCELLED')),
    mapping         jsonb NOT NULL,
    layout          jsonb,  -- how the file is written, once somebody has looked
    next_byte       bigint NOT NULL DEFAULT 0,  -- where the first row stands that is not done yet, and its number
    next_row        integer NOT NULL DEFAULT 1,
    total_rows      integer,
    processed_rows  integer NOT NULL DEFAULT 0,
    created_rows    integer NOT NULL DEFAULT 0,
    duplicate_rows  integer NOT NULL DEFAULT 0,
    rejected_rows   integer NOT NULL DEFAULT 0,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, funnel_id) REFERENCES funnels,
    FOREIGN KEY (account_id, user_id) REFERENCES users,
    CHECK (processed_rows = created_rows + duplicate_rows + rejected_rows)
) WITH (fillfactor = 50);
CREATE INDEX imports_newest ON imports (account_id, created_at DESC, id DESC);

-- A file in pieces of a megabyte. They come before their import, which is there once the whole file is.
CREATE TABLE import_chunks (
    account_id  uuid NOT NULL REFERENCES accounts,
    import_id   uuid NOT NULL,
    number      integer NOT NULL,
    body        bytea NOT NULL,
    kept_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (account_id, import_id, number)
);
ALTER TABLE import_chunks ALTER COLUMN body SET STORAGE EXTERNAL;  -- pieces are read whole: packing costs more than room

CREATE TABLE import_rejects (
    account_id  uuid NOT NULL,
    import_id   uuid NOT NULL,
    row_number  integer NOT NULL,
    reason      jsonb NOT NULL,  -- by language
    cells       jsonb NOT NULL,
    PRIMARY KEY (account_id, import_id, row_number),
    FOREIGN KEY (account_id, import_id) REFERENCES imports
);

-- What the files call their rows: the same again, in whatever file, is a duplicate.
CREATE TABLE import_external_ids (
    account_id   uuid NOT NULL,
    funnel_id    uuid NOT NULL,
    external_id  text NOT NULL,
    deal_id      uuid NOT NULL,
    PRIMARY KEY (account_id, funnel_id, external_id),
    FOREIGN KEY (account_id, funnel_id) REFERENCES funnels,
    FOREIGN KEY (account_id, deal_id) REFERENCES deals
);
CREATE INDEX import_external_ids_of_deal ON import_external_ids (account_id, deal_id);

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
UNION ALL SELECT account_id, id, 'InboxItem' FROM inbox_items
UNION ALL SELECT account_id, id, 'Quote' FROM quotes
UNION ALL SELECT account_id, id, 'Invoice' FROM invoices
UNION ALL SELECT account_id, id, 'Payment' FROM payments
UNION ALL SELECT account_id, id, 'Import' FROM imports;

DO $$
DECLARE
    owned text;
BEGIN
    FOREACH owned IN ARRAY ARRAY['imports', 'import_chunks', 'import_rejects', 'import_external_ids']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', owned);
        EXECUTE format('CREATE POLICY own_account ON %I USING (account_id = current_account())', owned);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO voronka_app', owned);
    END LOOP;
END $$;
