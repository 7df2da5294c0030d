-- The table of deals: what it sorts and narrows by, and the text that deals are looked for in.

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;

ALTER TABLE deals ADD COLUMN title_key text COLLATE "C" GENERATED ALWAYS AS (ukrainian(title)) STORED;

CREATE INDEX deals_by_creation ON deals (account_id, created_at DESC NULLS LAST, id);
CREATE INDEX deals_by_change ON deals (account_id, updated_at DESC NULLS LAST, id);
CREATE INDEX deals_by_amount ON deals (account_id, amount DESC NULLS LAST, id);
CREATE INDEX deals_by_close ON deals (account_id, expected_close_on, id);
CREATE INDEX deals_by_title ON deals (account_id, title_key, id);
CREATE INDEX deals_of_assignee ON deals (account_id, assignee_id, created_at DESC NULLS LAST, id);

-- ─── search ───────────────────────────────────────────────────────────────────────────────────────

-- A policy would switch the trigram index off (LIKE is not leakproof), so this table has none: the role cannot touch
-- it, and reads it through search_deals() only, which takes the account from the transaction.
CREATE TABLE deal_search (
    account_id  uuid NOT NULL,
    deal_id     uuid NOT NULL,
    text        text NOT NULL,
    PRIMARY KEY (account_id, deal_id),
    FOREIGN KEY (account_id, deal_id) REFERENCES deals
);
CREATE INDEX deal_search_text ON deal_search USING gin (text gin_trgm_ops);

-- Small letters without accents, for what is kept and for what is looked for alike.
CREATE FUNCTION searchable(text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN lower(public.unaccent($1));

CREATE FUNCTION keep_deal_search() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    INSERT INTO deal_search (account_id, deal_id, text)
         VALUES (NEW.account_id, NEW.id,
                 searchable(concat_ws(E'\n', NEW.title, NEW.contact_name, NEW.contact_email,
                                      regexp_replace(NEW.contact_phone, '\D', '', 'g'), NEW.number)))
    ON CONFLICT (account_id, deal_id) DO UPDATE SET text = excluded.text;
    RETURN NULL;
END $$;

CREATE TRIGGER deals_are_searchable
    AFTER INSERT OR UPDATE OF title, contact_name, contact_email, contact_phone ON deals
    FOR EACH ROW EXECUTE FUNCTION keep_deal_search();

ALTER TABLE deals NO FORCE ROW LEVEL SECURITY;  -- it would hide them all from who migrates, unless a superuser does

INSERT INTO deal_search (account_id, deal_id, text)
SELECT account_id, id,
       searchable(concat_ws(E'\n', title, contact_name, contact_email, regexp_replace(contact_phone, '\D', '', 'g'), number))
  FROM deals;

ALTER TABLE deals FORCE ROW LEVEL SECURITY;

-- The account's deals whose text meets all patterns of LIKE; the first one, which the index narrows by, is the longest.
CREATE FUNCTION search_deals(patterns text[]) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT deal_id
      FROM deal_search
     WHERE account_id = current_account()
       AND text LIKE searchable(patterns[1])
       AND text LIKE ALL (SELECT searchable(pattern) FROM unnest(patterns) AS pattern)
$$;
REVOKE ALL ON FUNCTION search_deals(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION search_deals(text[]) TO voronka_app;
