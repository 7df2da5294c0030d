-- What billing needs to take money back, to find payments by their providers' names, and to issue invoices early.

-- Money of another amount than was asked for can go back as well.
ALTER TABLE payments DROP CONSTRAINT payments_check;
ALTER TABLE payments ADD CONSTRAINT payments_refunded CHECK (refunded BETWEEN 0 AND received);

-- The provider's own name of a payment: some of what it says names nothing else, and the account is not known then.
ALTER TABLE payment_orders ADD COLUMN reference text;
CREATE INDEX payment_orders_reference ON payment_orders (reference) WHERE reference IS NOT NULL;
GRANT UPDATE (reference) ON payment_orders TO voronka_app;

ALTER TABLE refunds ADD COLUMN refused text;  -- why the provider pays nothing back; the balance has it again

-- From when grace is counted, where that is not the later of `due_on` and `issued_on`: an invoice that stands in for a
-- voided one prolongs nothing.
ALTER TABLE invoices ADD COLUMN grace_from date;

CREATE INDEX invoices_open ON invoices (account_id) WHERE state = 'OPEN';

-- Of a line never more is credited than it cost. The line is locked: its credits are counted one after another.
CREATE FUNCTION cap_credits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    cost bigint;
BEGIN
    SELECT amount INTO cost FROM invoice_lines WHERE account_id = NEW.account_id AND id = NEW.line_id FOR UPDATE;
    IF NEW.amount + (SELECT coalesce(sum(amount), 0)
                       FROM line_credits
                      WHERE account_id = NEW.account_id AND line_id = NEW.line_id) > cost THEN
        RAISE EXCEPTION 'more is credited of line % than it cost', NEW.line_id;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER cap_credits BEFORE INSERT ON line_credits FOR EACH ROW EXECUTE FUNCTION cap_credits();
