-- Payments that a payer's bank takes back. What is said of a dispute names the payment as the provider does.

-- What providers call payments, from when they are paid. Read before the account is known.
CREATE TABLE payment_names (
    provider    text NOT NULL,
    name        text NOT NULL,
    payment_id  uuid NOT NULL REFERENCES payment_orders,
    PRIMARY KEY (provider, name)
);
ALTER TABLE payment_orders DROP COLUMN reference;

-- What of a payment a dispute took, beside what was refunded; `won`: it came again, to the balance.
CREATE TABLE disputes (
    account_id  uuid NOT NULL,
    payment_id  uuid NOT NULL,
    reference   text NOT NULL,  -- the provider's own id of it
    amount      bigint NOT NULL CHECK (amount >= 0),
    won         boolean NOT NULL DEFAULT false,
    PRIMARY KEY (account_id, payment_id, reference),
    FOREIGN KEY (account_id, payment_id) REFERENCES payments
);
ALTER TABLE disputes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_account ON disputes USING (account_id = current_account());

-- What a call names as a payment, where we knew none: it is applied when we come to know it.
ALTER TABLE callbacks ADD COLUMN about text;
CREATE INDEX callbacks_about ON callbacks (provider, about) WHERE state = 'IGNORED' AND about IS NOT NULL;

GRANT SELECT, INSERT ON payment_names TO voronka_app;
GRANT SELECT, INSERT, UPDATE (won) ON disputes TO voronka_app;
GRANT UPDATE (about) ON callbacks TO voronka_app;
