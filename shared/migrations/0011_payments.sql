-- Payment providers: what they call us with, what was begun with them, and the sandbox's own books.

-- ─── what providers call with ─────────────────────────────────────────────────────────────────────

-- The request as it came, verified and not yet read. Kept before it is answered, and before the account is known.
CREATE TABLE callbacks (
    id           uuid PRIMARY KEY,
    provider     text NOT NULL,
    dedupe_key   text NOT NULL,
    headers      jsonb NOT NULL,
    body         bytea NOT NULL,
    received_at  timestamptz NOT NULL DEFAULT clock_timestamp(),  -- on the real clock
    state        text NOT NULL CHECK (state IN ('RECEIVED', 'APPLIED', 'IGNORED', 'DEAD')),
    reason       text,
    conflicts    integer NOT NULL DEFAULT 0,  -- how often another body came with the same key: the first one stays
    -- a provider may call twice: the second call changes nothing
    CONSTRAINT callbacks_once UNIQUE (provider, dedupe_key)
);
CREATE INDEX callbacks_dead ON callbacks (received_at) WHERE state = 'DEAD';

-- ─── what was begun with a provider ───────────────────────────────────────────────────────────────

-- Committed before a provider is asked for money: whoever finds it asks what became of it, and never charges again.
CREATE TABLE payment_attempts (
    account_id  uuid NOT NULL,
    payment_id  uuid NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('CHECKOUT', 'CHARGE')),
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),  -- on the real clock
    reference   text,   -- the provider's own id of it, once we know
    checkout    jsonb,  -- how the payer goes on, once the provider has said
    PRIMARY KEY (account_id, payment_id),
    FOREIGN KEY (account_id, payment_id) REFERENCES payments
);

-- The same of a refund. `goal`: how much of the payment is back with the payer once it is done.
CREATE TABLE refund_attempts (
    account_id  uuid NOT NULL,
    refund_id   uuid NOT NULL,
    payment_id  uuid NOT NULL,
    goal        bigint NOT NULL CHECK (goal > 0),
    PRIMARY KEY (account_id, refund_id),
    CONSTRAINT refund_attempts_goal UNIQUE (account_id, payment_id, goal),
    FOREIGN KEY (account_id, refund_id) REFERENCES refunds,
    FOREIGN KEY (account_id, payment_id) REFERENCES payments
);

ALTER TABLE payment_attempts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_account ON payment_attempts USING (account_id = current_account());
ALTER TABLE refund_attempts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_account ON refund_attempts USING (account_id = current_account());

-- ─── the sandbox ──────────────────────────────────────────────────────────────────────────────────

-- The books of a provider that only pretends: they know payments by their ids, as any provider's would.
CREATE TABLE sandbox_orders (
    payment_id  uuid PRIMARY KEY,
    amount      bigint NOT NULL CHECK (amount > 0),
    currency    text NOT NULL,
    state       text NOT NULL CHECK (state IN ('PAID', 'DECLINED')),
    refunded    bigint NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND amount)
);

GRANT SELECT, INSERT, UPDATE (state, reason, conflicts) ON callbacks TO voronka_app;
GRANT SELECT, INSERT, UPDATE (reference, checkout) ON payment_attempts TO voronka_app;
GRANT SELECT, INSERT, DELETE ON refund_attempts TO voronka_app;
GRANT SELECT, INSERT, UPDATE (state, refunded) ON sandbox_orders TO voronka_app;
