-- Funnels that change: stages are taken out, a funnel's beginning is kept, names sort in Ukrainian.

-- ─── names as people sort them ────────────────────────────────────────────────────────────────────

-- Compared byte by byte, these keys are in the order of the Ukrainian alphabet, which no collation of ours has: its 33
-- letters become 33 rising private-use characters.
CREATE FUNCTION ukrainian(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN translate(lower($1), 'абвгґдеєжзиіїйклмнопрстуфхцчшщьюя',
    U&'\E001\E002\E003\E004\E005\E006\E007\E008\E009\E00A\E00B\E00C\E00D\E00E\E00F\E010\E011\E012\E013\E014\E015\E016\E017\E018\E019\E01A\E01B\E01C\E01D\E01E\E01F\E020\E021');

ALTER TABLE funnels ADD COLUMN name_key text COLLATE "C" GENERATED ALWAYS AS (ukrainian(name)) STORED;
CREATE INDEX funnels_by_name ON funnels (account_id, name_key, id);

-- ─── stages that are gone ─────────────────────────────────────────────────────────────────────────

-- Deleted stages stay: the log, closed deals and archived ones still name them. No board shows them.
ALTER TABLE stages ADD COLUMN deleted boolean NOT NULL DEFAULT false;

-- ─── how a funnel began ───────────────────────────────────────────────────────────────────────────

-- What a funnel was made as, before its first event: the log folds from here.
CREATE TABLE funnel_origins (
    account_id  uuid NOT NULL,
    funnel_id   uuid NOT NULL,
    state       jsonb NOT NULL,
    PRIMARY KEY (account_id, funnel_id),
    FOREIGN KEY (account_id, funnel_id) REFERENCES funnels
);

-- Until now a funnel kept its stages for ever: what it is, is what it began as. Forced row-level security would hide
-- all of them from who migrates, unless that is a superuser.
ALTER TABLE funnels NO FORCE ROW LEVEL SECURITY;
ALTER TABLE stages NO FORCE ROW LEVEL SECURITY;
ALTER TABLE loss_reasons NO FORCE ROW LEVEL SECURITY;
ALTER TABLE funnel_viewers NO FORCE ROW LEVEL SECURITY;

INSERT INTO funnel_origins (account_id, funnel_id, state)
SELECT f.account_id, f.id, jsonb_build_object(
           'name', f.name,
           'archived', f.archived,
           'stages',
           (SELECT jsonb_agg(jsonb_build_object(
                       'id', s.id, 'name', s.name, 'color', s.color, 'kind', s.kind, 'probability', s.probability,
                       'idleAfterDays', s.idle_after_days, 'requiresAmount', s.requires_amount)
                   ORDER BY array_position(ARRAY['ENTRY', 'PROGRESS', 'WON', 'LOST'], s.kind), s.position)
              FROM stages s
             WHERE s.account_id = f.account_id AND s.funnel_id = f.id),
           'lossReasons',
           (SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'id', r.id, 'name', r.name, 'requiresNote', r.requires_note, 'archived', r.archived)
                   ORDER BY r.position, r.id), '[]')
              FROM loss_reasons r
             WHERE r.account_id = f.account_id AND r.funnel_id = f.id),
           'viewerIds',
           (SELECT coalesce(jsonb_agg(v.user_id ORDER BY v.user_id), '[]')
              FROM funnel_viewers v
             WHERE v.account_id = f.account_id AND v.funnel_id = f.id))
  FROM funnels f;

ALTER TABLE funnels FORCE ROW LEVEL SECURITY;
ALTER TABLE stages FORCE ROW LEVEL SECURITY;
ALTER TABLE loss_reasons FORCE ROW LEVEL SECURITY;
ALTER TABLE funnel_viewers FORCE ROW LEVEL SECURITY;

ALTER TABLE funnel_origins ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_account ON funnel_origins USING (account_id = current_account());
GRANT SELECT, INSERT ON funnel_origins TO voronka_app;
