-- Sources of every kind: secrets that change, tokens of their services, turns of assignees, answers that are fetched.

-- Which secret lets a caller in: the one now, and for a day the one before it.
ALTER TABLE source_addresses
    ADD COLUMN former_hash   bytea,
    ADD COLUMN former_until  timestamptz;  -- by the real clock

-- What must be known in clear to check a signature, or to ask a source's own service; encrypted, null where it need not.
ALTER TABLE sources
    ADD COLUMN sealed_secret         bytea,
    ADD COLUMN sealed_former_secret  bytea,
    ADD COLUMN sealed_access_token   bytea,
    -- who of the funnel's viewers was given the last deal, where they take turns
    ADD COLUMN last_in_turn          uuid;

-- What the source's own service answered when it was asked for the lead that a request only names.
ALTER TABLE inbox_items ADD COLUMN answers jsonb;

-- Retention goes through them from the oldest on.
CREATE INDEX intake_oldest ON intake (account_id, received_at);

-- A call or a lead of somebody who has an open deal is told of there.
CREATE INDEX deals_open_by_phone ON deals (account_id, contact_phone, created_at)
    WHERE status = 'OPEN' AND NOT archived;
CREATE INDEX deals_open_by_email ON deals (account_id, lower(contact_email), created_at)
    WHERE status = 'OPEN' AND NOT archived;
