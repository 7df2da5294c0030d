"""Accounts whose sales funnel is due today, paid from a balance that lasts: everything that a real one has of it."""

ACCOUNTS = """INSERT INTO accounts (id, name, time_zone, currency, locale, country, test)
    SELECT gen_random_uuid(), 'renewed', 'Europe/Kyiv', 'UAH', 'uk', 'UA', false
      FROM generate_series(1, $1::int)"""

RENEWED = "accounts a WHERE a.name = 'renewed'"
TODAY = "(now() AT TIME ZONE 'Europe/Kyiv')::date"
BEGAN = f"({TODAY} - interval '1 month')::date"
BALANCE = 1_000_000  # minor units: twice what renewals of a year would take

WHAT_THEY_HAVE = (
    f"INSERT INTO account_counters (account_id) SELECT id FROM {RENEWED}",
    f"INSERT INTO stream_heads (account_id, stream_id, last_at) SELECT id, id, now() FROM {RENEWED}",
    f"INSERT INTO account_modules (account_id, code, usable_until) SELECT id, 'sales_funnel', {TODAY} + 3 FROM {RENEWED}",
    f"""INSERT INTO billing_accounts (account_id, grid_origin, grid_version, balance)
        SELECT id, {TODAY}, 1, {BALANCE} FROM {RENEWED}""",
    f"""INSERT INTO module_subscriptions (account_id, id, module_code, state, months, period_start, period_end, started_at)
        SELECT id, gen_random_uuid(), 'sales_funnel', 'ACTIVE', 1, {BEGAN}, {TODAY}, now() FROM {RENEWED}""",
    f"""INSERT INTO ledger (account_id, id, at, source_type, source_id, kind, from_book, to_book, amount)
        SELECT id, gen_random_uuid(), now(), 'PAYMENT', gen_random_uuid(), 'received', 'OUTSIDE', 'BALANCE', {BALANCE}
          FROM {RENEWED}""",
)

JOBS = f"""INSERT INTO jobs (id, account_id, kind, dedupe_key, ref, due_at, run_at, max_attempts, due_on)
    SELECT gen_random_uuid(), a.id, 'billing.renew', 'billing.renew:' || a.id || ':' || a.id || ':' || {TODAY}, a.id,
           now(), now() - interval '2 seconds', 10, {TODAY}
      FROM {RENEWED}"""
