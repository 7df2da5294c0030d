-- What providers call with names cards and payers: it goes when nothing more becomes of it.

-- Rows lie in the order in which they came, so that a small index of ranges finds the oldest.
CREATE INDEX callbacks_received ON callbacks USING brin (received_at) WITH (autosummarize = on);

GRANT DELETE ON callbacks TO voronka_app;
