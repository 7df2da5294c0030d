-- The table of deals where there are a million: each filter and order reads about as many rows as it shows.

-- A funnel's deals, and those that a viewer sees; newest first, as the table begins.
CREATE INDEX deals_of_funnel ON deals (account_id, funnel_id, created_at DESC NULLS LAST, id);
-- Nulls stand last both ways, so each way has an index of its own.
CREATE INDEX deals_by_last_close ON deals (account_id, expected_close_on DESC NULLS LAST, id);
-- Currencies stand by their codes both ways.
CREATE INDEX deals_by_currency_and_least ON deals (account_id, currency, amount, id);

-- What few deals are.
CREATE INDEX deals_archived ON deals (account_id, created_at DESC NULLS LAST, id) WHERE archived;
CREATE INDEX deals_of_loss_reason ON deals (account_id, loss_reason_id, created_at DESC NULLS LAST, id)
    WHERE loss_reason_id IS NOT NULL;

-- The same, but that patterns are made searchable once, not for each deal that the index finds.
CREATE OR REPLACE FUNCTION search_deals(patterns text[]) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT deal_id
      FROM deal_search
     WHERE account_id = current_account()
       AND text LIKE searchable(patterns[1])
       AND text LIKE ALL (ARRAY(SELECT searchable(pattern) FROM unnest(patterns) AS pattern))
$$;
