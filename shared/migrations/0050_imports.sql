-- Files of deals, quicker: what a batch costs is little more than its rows.

-- ─── what files call their rows ───────────────────────────────────────────────────────────────────

-- It stands with the deal: a table of its own cost two more indexes and foreign keys for each row.
ALTER TABLE deals ADD COLUMN external_id text;

-- Forced row-level security would hide all rows from who migrates, unless that is a superuser.
ALTER TABLE deals NO FORCE ROW LEVEL SECURITY;
ALTER TABLE import_external_ids NO FORCE ROW LEVEL SECURITY;
UPDATE deals d
   SET external_id = i.external_id
  FROM import_external_ids i
 WHERE i.account_id = d.account_id AND i.deal_id = d.id;
ALTER TABLE deals FORCE ROW LEVEL SECURITY;

DROP TABLE import_external_ids;

-- the same again, in whatever file, is a duplicate
CREATE UNIQUE INDEX deals_external_id ON deals (account_id, funnel_id, external_id) WHERE external_id IS NOT NULL;

-- ─── search ───────────────────────────────────────────────────────────────────────────────────────

-- For new deals once a statement, however many it makes.
CREATE FUNCTION keep_search_of_new_deals() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    INSERT INTO deal_search (account_id, deal_id, text)
         SELECT account_id, id,
                searchable(concat_ws(E'\n', title, contact_name, contact_email,
                                     regexp_replace(contact_phone, '\D', '', 'g'), number))
           FROM made;
    RETURN NULL;
END $$;

DROP TRIGGER deals_are_searchable ON deals;

CREATE TRIGGER new_deals_are_searchable
    AFTER INSERT ON deals
    REFERENCING NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION keep_search_of_new_deals();

CREATE TRIGGER deals_are_searchable
    AFTER UPDATE OF title, contact_name, contact_email, contact_phone ON deals
    FOR EACH ROW EXECUTE FUNCTION keep_deal_search();
