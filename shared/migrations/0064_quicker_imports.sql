-- Deals come in quicker: what is derived from others is not checked against them row by row.

-- Visits are made of the log, and the searched text of the deal, in the transaction that writes these: a check of each
-- row against its own source found nothing, and cost as much as all indexes of a new deal.
ALTER TABLE stage_visits
    DROP CONSTRAINT stage_visits_account_id_deal_id_fkey,
    DROP CONSTRAINT stage_visits_account_id_funnel_id_stage_id_fkey;
ALTER TABLE deal_search DROP CONSTRAINT deal_search_account_id_deal_id_fkey;
