-- Analytics of a long period: visits are read in the order of deals, and stage by stage, without sorting them.

ALTER TABLE stage_visits
    DROP CONSTRAINT stage_visits_pkey,
    ADD PRIMARY KEY (account_id, funnel_id, deal_id, entered_seq) INCLUDE (stage_id, entered_at);

CREATE INDEX stage_visits_of_stage ON stage_visits (account_id, funnel_id, stage_id, entered_at) INCLUDE (left_at);
DROP INDEX stage_visits_by_time;

-- How funnels end: deals by when they were won or lost.
CREATE INDEX deals_by_end ON deals (account_id, funnel_id, closed_at) WHERE closed_at IS NOT NULL;
