"""Boundaries that were missed, and workers that all come at once: each is renewed once, and nobody is worse off."""

import asyncio
from datetime import UTC, date, datetime
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shared import accounts, billing, jobs, schedule
from shared.clock import first_moment
from shared.db import JOB, Database, connect
from shared.jobs import Job
from tests.shared.billing import scenes
from tests.shared.billing.holding import check

MANY, WORKERS = 5, 10
QUICK = settings(
    max_examples=3,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ORIGINS = st.sampled_from([date(2027, 10, 31), date(2027, 11, 30), date(2028, 1, 29), date(2027, 2, 28)])
CARTS = st.dictionaries(
    st.sampled_from(["sales_funnel", "lead_ads"]), st.sampled_from([1, 3]), min_size=1
).map(lambda cart: tuple(cart.items()))  # fmt: skip


async def jump(db: Database, account: UUID, to: date) -> None:
    """Time goes by, and nobody does anything."""
    async with db.transaction(account) as tx:
        at = first_moment(to, scenes.ZONE).replace(minute=30)
        await accounts.set_clock_offset(tx, at - datetime.now(UTC))
        await schedule.follow_clock(tx)


async def due(db: Database, *account_ids: UUID) -> list[UUID]:
    async with db.transaction(None, limits=JOB) as tx:
        rows = await tx.fetch(
            """SELECT id FROM jobs
                WHERE account_id = ANY($1::uuid[]) AND state = 'queued' AND run_at <= clock_timestamp()
                ORDER BY run_at, id""",
            list(account_ids),
        )
    return [row["id"] for row in rows]


async def catch_up(db: Database, account: UUID) -> None:
    while ids := await due(db, account):
        await jobs.perform_all(db, scenes.WITHOUT_PROVIDERS, ids)


async def paying(db: Database, origin: date, cart: tuple[tuple[str, int], ...]) -> UUID:
    """An account that has some modules, and money for years of them."""
    account = await scenes.account(db, origin)
    async with db.transaction(account) as tx:
        payment = (await scenes.begin(tx, (await scenes.quote(tx, ("telephony", 1))).id)).payment
        assert payment
        await billing.settle(tx, billing.Report(payment.id, billing.Rank.PAID, 100_000_00, "UAH"))
        for item in cart:
            await billing.pay(tx, billing.Pay.read({"quote_id": str((await scenes.quote(tx, item)).id)}, frozenset()))
    return account


async def kept(db: Database, account: UUID) -> dict[str, list[tuple[Any, ...]]]:
    """Whatever an account that paid has, without its ids and the days of our own doing."""
    queries = {
        "modules": """SELECT module_code, state, months, period_start, period_end, cancel_at_period_end
                        FROM module_subscriptions ORDER BY module_code""",
        "invoices": "SELECT number, purpose, state, due_on, total, from_balance, received FROM invoices ORDER BY number",
        "lines": """SELECT i.number, l.module_code, l.months, l.kind, l.period_start, l.period_end, l.of_days, l.amount
                      FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id ORDER BY i.number, l.position""",
        "coverage": """SELECT s.module_code, c.during
                         FROM coverage c JOIN module_subscriptions s ON s.id = c.subscription_id ORDER BY 1, 2""",
        "ledger": "SELECT source_type, kind, from_book, to_book, amount FROM ledger ORDER BY id",
        "books": "SELECT grid_origin, grid_version, balance, invoice_number FROM billing_accounts",
        "usable": "SELECT code, usable_until FROM account_modules ORDER BY code",
    }
    async with db.transaction(account) as tx:
        await check(tx)
        return {name: [tuple(row) for row in await tx.fetch(query)] for name, query in queries.items()}


@QUICK
@given(ORIGINS, CARTS, st.integers(2, 7))
async def test_after_an_outage_of_many_boundaries_all_is_as_if_there_had_been_none(
    db: Database, origin: date, cart: tuple[tuple[str, int], ...], missed: int
) -> None:
    served, missing = await paying(db, origin, cart), await paying(db, origin, cart)
    until = origin
    for _ in range(missed):
        until = date(until.year + until.month // 12, until.month % 12 + 1, 1)
        await jump(db, served, until)
        await catch_up(db, served)

    await jump(db, missing, until)
    await catch_up(db, missing)

    after = await kept(db, missing)
    assert after == await kept(db, served)
    renewals = [row for row in after["invoices"] if row[1] == "RENEWAL"]
    assert len(renewals) == (missed - 1 if 1 in dict(cart).values() else (missed - 1) // 3)


@settings(QUICK, max_examples=2)
@given(st.randoms(use_true_random=False))
async def test_ten_workers_who_renew_the_same_accounts_at_once_make_each_invoice_once(
    db: Database, dsn: str, random: Random
) -> None:
    origin, boundary = date(2027, 12, 31), date(2028, 1, 31)
    together = [await paying(db, origin, (("sales_funnel", 1), ("lead_ads", 1))) for _ in range(MANY)]
    for account in together:
        await jump(db, account, boundary)
    renewals = await due(db, *together)

    async with connect(dsn, size=WORKERS) as wide:

        async def work() -> None:
            told = random.sample(renewals, len(renewals))
            for start in range(0, len(told), 3):
                await jobs.perform_all(wide, scenes.WITHOUT_PROVIDERS, told[start : start + 3])

        async def awake() -> None:
            """One who slept through his lease."""
            for account in random.sample(together, MANY):
                async with wide.transaction(account, limits=JOB) as tx:
                    await billing.renew(
                        tx, Job(account, account, billing.RENEW, account, await tx.now(), 1, 10, account)
                    )

        await asyncio.gather(*(work() for _ in range(WORKERS - 2)), awake(), awake())

    assert await due(db, *together) == []
    for account in together:
        rows = await kept(db, account)
        renewed = (4, "RENEWAL", "PAID", boundary, 700_00, 700_00, 0)
        assert [row for row in rows["invoices"] if row[1] == "RENEWAL"] == [renewed]
        assert [during.upper for _, during in rows["coverage"]].count(date(2028, 2, 29)) == 2
