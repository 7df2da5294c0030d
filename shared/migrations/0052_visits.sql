-- Analytics read visits from their indexes alone, where the table's pages are known to be visible to all: vacuum says so,
-- and by its defaults comes only after a fifth of the table has changed.
ALTER TABLE stage_visits SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);
