-- The table of deals by amount: minor units of two currencies cannot be compared, so currencies stand one after another.

CREATE INDEX deals_by_currency_and_amount ON deals (account_id, currency, amount DESC NULLS LAST, id);
DROP INDEX deals_by_amount;
