-- Paying for modules: quotes, invoices, payments, what is covered, the balance and its ledger.
--
-- Amounts are minor units of the account's currency, dates are civil days of its zone, and an end is the first day not
-- covered. What must never happen is refused by the constraints below, whatever the code does.

CREATE EXTENSION IF NOT EXISTS btree_gist;

-- ─── the account's billing ────────────────────────────────────────────────────────────────────────

CREATE TABLE billing_accounts (
    account_id          uuid PRIMARY KEY REFERENCES accounts,
    grid_origin         date,  -- null: no module is connected
    grid_version        integer NOT NULL DEFAULT 0,
    balance             bigint NOT NULL DEFAULT 0 CHECK (balance >= 0),
    invoice_number      integer NOT NULL DEFAULT 0,
    credit_note_number  integer NOT NULL DEFAULT 0
);

ALTER TABLE module_subscriptions
    ADD COLUMN suspended_on date,
    ADD COLUMN trial_months integer CHECK (trial_months IN (1, 3, 12)),  -- what is bought when the trial ends
    ADD CHECK (months IN (1, 3, 12)),
    ADD CHECK (next_months IN (1, 3, 12));

CREATE TABLE quotes (
    account_id     uuid NOT NULL REFERENCES accounts,
    id             uuid NOT NULL,
    created_at     timestamptz NOT NULL,
    effective_on   date NOT NULL,
    valid_until    timestamptz NOT NULL,
    grid_version   integer NOT NULL,
    price_version  integer NOT NULL,
    currency       text NOT NULL,
    lines          jsonb NOT NULL,
    total          bigint NOT NULL CHECK (total >= 0),
    from_balance   bigint NOT NULL CHECK (from_balance BETWEEN 0 AND total),
    PRIMARY KEY (account_id, id)
);

CREATE TABLE invoices (
    account_id    uuid NOT NULL REFERENCES accounts,
    id            uuid NOT NULL,
    number        integer NOT NULL,
    purpose       text NOT NULL CHECK (purpose IN ('QUOTE', 'TRIAL', 'RENEWAL')),
    quote_id      uuid,
    state         text NOT NULL CHECK (state IN ('OPEN', 'PAID', 'VOID', 'UNCOLLECTIBLE')),
    issued_on     date NOT NULL,
    due_on        date NOT NULL,
    currency      text NOT NULL,
    total         bigint NOT NULL CHECK (total >= 0),
    from_balance  bigint NOT NULL CHECK (from_balance BETWEEN 0 AND total),
    received      bigint NOT NULL DEFAULT 0 CHECK (received BETWEEN 0 AND total),
    PRIMARY KEY (account_id, id),
    -- counted without gaps, under the head of the account's billing
    CONSTRAINT invoices_number UNIQUE (account_id, number),
    CONSTRAINT invoices_of_quote UNIQUE (account_id, quote_id),
    FOREIGN KEY (account_id, quote_id) REFERENCES quotes,
    CHECK (state <> 'PAID' OR from_balance + received = total)
);

CREATE TABLE invoice_lines (
    account_id    uuid NOT NULL,
    id            uuid NOT NULL,
    invoice_id    uuid NOT NULL,
    position      integer NOT NULL,
    module_code   text NOT NULL,
    months        integer NOT NULL CHECK (months IN (1, 3, 12)),
    kind          text NOT NULL CHECK (kind IN ('FULL', 'PRORATED', 'CREDIT')),
    period_start  date NOT NULL,
    period_end    date NOT NULL CHECK (period_end >= period_start),
    of_days       integer NOT NULL CHECK (of_days > 0),
    full_price    bigint NOT NULL CHECK (full_price >= 0),
    amount        bigint NOT NULL CHECK ((kind = 'CREDIT') = (amount < 0) OR amount = 0),
    vat           bigint NOT NULL,
    credited      uuid,     -- the line that a credit gives back from
    renews        uuid,     -- the subscription that a renewal goes on with
    void          boolean NOT NULL DEFAULT false,
    PRIMARY KEY (account_id, id),
    CONSTRAINT invoice_lines_position UNIQUE (account_id, invoice_id, position),
    FOREIGN KEY (account_id, invoice_id) REFERENCES invoices,
    FOREIGN KEY (account_id, credited) REFERENCES invoice_lines,
    FOREIGN KEY (account_id, renews) REFERENCES module_subscriptions
);
-- a subscription is renewed once at a boundary; what was voided does not count
CREATE UNIQUE INDEX invoice_lines_renewal ON invoice_lines (account_id, renews, period_start)
    WHERE renews IS NOT NULL AND NOT void;

CREATE TABLE coverage (
    account_id       uuid NOT NULL,
    line_id          uuid NOT NULL,
    subscription_id  uuid NOT NULL,
    during           daterange NOT NULL,
    PRIMARY KEY (account_id, line_id),
    FOREIGN KEY (account_id, line_id) REFERENCES invoice_lines,
    FOREIGN KEY (account_id, subscription_id) REFERENCES module_subscriptions,
    -- no day of a module is paid for twice
    CONSTRAINT coverage_once EXCLUDE USING gist (account_id WITH =, subscription_id WITH =, during WITH &&)
);

CREATE TABLE credit_notes (
    account_id  uuid NOT NULL,
    id          uuid NOT NULL,
    number      integer NOT NULL,
    invoice_id  uuid NOT NULL,
    issued_on   date NOT NULL,
    total       bigint NOT NULL CHECK (total >= 0),
    reason      text NOT NULL,
    PRIMARY KEY (account_id, id),
    CONSTRAINT credit_notes_number UNIQUE (account_id, number),
    FOREIGN KEY (account_id, invoice_id) REFERENCES invoices
);

CREATE TABLE line_credits (
    account_id    uuid NOT NULL,
    line_id       uuid NOT NULL,
    operation_id  uuid NOT NULL,  -- the credit note, or the invoice whose line takes it off
    amount        bigint NOT NULL CHECK (amount >= 0),
    CONSTRAINT line_credits_once PRIMARY KEY (account_id, line_id, operation_id),
    FOREIGN KEY (account_id, line_id) REFERENCES invoice_lines
);

-- ─── money ────────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE payment_methods (
    account_id  uuid NOT NULL REFERENCES accounts,
    id          uuid NOT NULL,
    provider    text NOT NULL,
    token       text NOT NULL,
    label       text NOT NULL,
    expires_on  date,
    is_default  boolean NOT NULL,
    removed     boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (account_id, id),
    CONSTRAINT payment_methods_token UNIQUE (account_id, provider, token)
);
CREATE UNIQUE INDEX payment_methods_default ON payment_methods (account_id) WHERE is_default AND NOT removed;

-- The order that a provider knows a payment by is the payment's id.
CREATE TABLE payments (
    account_id   uuid NOT NULL,
    id           uuid NOT NULL,
    provider     text NOT NULL,
    invoice_id   uuid NOT NULL,
    method_id    uuid,               -- null: the payer goes to the provider's page
    attempt_on   date,               -- the day of a charge that nobody asked for but the renewal
    save_method  boolean NOT NULL,
    return_url   text,
    rank         integer NOT NULL DEFAULT 0,
    amount       bigint NOT NULL CHECK (amount > 0),
    refunded     bigint NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND amount),
    received     bigint NOT NULL DEFAULT 0 CHECK (received >= 0),
    currency     text NOT NULL,
    created_at   timestamptz NOT NULL,
    paid_at      timestamptz,
    failure      text,
    flagged      boolean NOT NULL DEFAULT false,  -- another amount came than was asked for
    PRIMARY KEY (account_id, id),
    CONSTRAINT payments_attempt UNIQUE (account_id, invoice_id, attempt_on),
    FOREIGN KEY (account_id, invoice_id) REFERENCES invoices,
    FOREIGN KEY (account_id, method_id) REFERENCES payment_methods
);

-- Whose a payment is: read before the account is known.
CREATE TABLE payment_orders (
    payment_id  uuid PRIMARY KEY,
    account_id  uuid NOT NULL
);

CREATE TABLE refunds (
    account_id  uuid NOT NULL,
    id          uuid NOT NULL,
    payment_id  uuid NOT NULL,
    amount      bigint NOT NULL CHECK (amount > 0),
    reason      text NOT NULL,
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, payment_id) REFERENCES payments
);

-- Each entry moves an amount from one book to another, so that all of them together are nothing.
CREATE TABLE ledger (
    account_id      uuid NOT NULL,
    id              uuid NOT NULL,
    at              timestamptz NOT NULL,
    source_type     text NOT NULL CHECK (source_type IN ('PAYMENT', 'INVOICE', 'CREDIT_NOTE', 'REFUND')),
    source_id       uuid NOT NULL,
    kind            text NOT NULL,
    from_book       text NOT NULL CHECK (from_book IN ('OUTSIDE', 'BALANCE', 'INVOICES')),
    to_book         text NOT NULL CHECK (to_book IN ('OUTSIDE', 'BALANCE', 'INVOICES') AND to_book <> from_book),
    amount          bigint NOT NULL CHECK (amount > 0),
    PRIMARY KEY (account_id, id),
    CONSTRAINT ledger_once UNIQUE (account_id, source_type, source_id, kind),
    FOREIGN KEY (account_id) REFERENCES billing_accounts
);
CREATE INDEX ledger_newest ON ledger (account_id, at DESC, id DESC);

-- ─── what was finalised stays ─────────────────────────────────────────────────────────────────────

CREATE FUNCTION keep_finalised() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := to_jsonb(OLD);
    after  jsonb := to_jsonb(NEW);
BEGIN
    IF TG_TABLE_NAME = 'invoices' THEN
        IF before ->> 'state' IN ('VOID', 'UNCOLLECTIBLE')
           OR (before ->> 'state' = 'PAID' AND after ->> 'state' NOT IN ('PAID', 'UNCOLLECTIBLE')) THEN
            RAISE EXCEPTION 'invoice % is final', before ->> 'id';
        END IF;
        IF before ->> 'state' = 'OPEN' THEN
            before := before - 'received';
            after := after - 'received';
        END IF;
        before := before - 'state';
        after := after - 'state';
    ELSIF TG_TABLE_NAME = 'invoice_lines' AND NOT (before ->> 'void')::boolean THEN
        before := before - 'void';
        after := after - 'void';
    END IF;
    IF before <> after THEN
        RAISE EXCEPTION 'a finalised row of % does not change', TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER keep_finalised BEFORE UPDATE ON invoices FOR EACH ROW EXECUTE FUNCTION keep_finalised();
CREATE TRIGGER keep_finalised BEFORE UPDATE ON invoice_lines FOR EACH ROW EXECUTE FUNCTION keep_finalised();
CREATE TRIGGER keep_finalised BEFORE UPDATE ON credit_notes FOR EACH ROW EXECUTE FUNCTION keep_finalised();
CREATE TRIGGER keep_finalised BEFORE UPDATE ON ledger FOR EACH ROW EXECUTE FUNCTION keep_finalised();

-- ─── who may see and do what ──────────────────────────────────────────────────────────────────────

DO $$
DECLARE
    owned text;
BEGIN
    FOREACH owned IN ARRAY ARRAY['billing_accounts', 'quotes', 'invoices', 'invoice_lines', 'coverage', 'credit_notes',
        'line_credits', 'payment_methods', 'payments', 'refunds', 'ledger']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', owned);
        EXECUTE format('CREATE POLICY own_account ON %I USING (account_id = current_account())', owned);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO voronka_app', owned);
    END LOOP;
END $$;

GRANT DELETE ON coverage TO voronka_app;  -- an invoice whose money is taken away again covers nothing
GRANT SELECT, INSERT ON payment_orders TO voronka_app;
GRANT INSERT ON module_prices TO voronka_app;  -- an operator's command

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
UNION ALL SELECT account_id, id, 'Payment' FROM payments;
