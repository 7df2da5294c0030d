-- Where a provider does what it is asked for with one key once, a refund is asked for again, as long as that key is known.

-- On the real clock. What was begun before this is nothing that a provider's keys still hold.
ALTER TABLE refund_attempts ADD COLUMN started_at timestamptz NOT NULL DEFAULT '-infinity';
ALTER TABLE refund_attempts ALTER COLUMN started_at SET DEFAULT clock_timestamp();
