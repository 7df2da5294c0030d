"""Whatever people do with modules, in whatever order: what always holds of the rows."""

from datetime import date, timedelta
from uuid import UUID

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shared import billing
from shared.billing.grid import Grid
from shared.db import Database
from shared.errors import NotAllowedNow
from tests.shared.billing import scenes

CODES = st.sampled_from(["sales_funnel", "telephony", "lead_ads"])
ACTS = st.one_of(
    st.tuples(st.just("buy"), CODES, st.sampled_from([1, 3, 12])),
    st.tuples(st.just("cancel"), CODES, st.just(0)),
    st.tuples(st.just("end"), CODES, st.just(0)),
    st.tuples(st.just("wait"), CODES, st.integers(1, 45)),
)
BEGIN = date(2027, 12, 31)


async def act(db: Database, account: UUID, on: date, what: str, code: str, number: int) -> date:
    """Answers with the day that it is then."""
    try:
        if what == "buy":
            async with db.transaction(account) as tx:
                quoted = await scenes.quote(tx, (code, number))
                payment = (await scenes.begin(tx, quoted.id)).payment
                if payment:
                    await scenes.report(tx, payment)
        elif what == "wait":
            on += timedelta(days=number)
            await scenes.walk(db, account, on)
            await scenes.charged(db, account, billing.Rank.PAID)
        else:
            async with db.transaction(account) as tx:
                await billing.cancel(tx, code, immediately=what == "end")
    except NotAllowedNow:
        pass
    return on


async def check(db: Database, account: UUID) -> None:
    async with db.transaction(account) as tx:
        modules = await billing.modules(tx)
        books = await tx.fetchrow("SELECT grid_origin, balance FROM billing_accounts WHERE account_id = $1", account)
        if books is None:
            return
        kept = await tx.fetchval(
            """SELECT coalesce(sum(CASE WHEN to_book = 'BALANCE' THEN amount ELSE -amount END), 0)::bigint
                 FROM ledger
                WHERE account_id = $1 AND 'BALANCE' IN (from_book, to_book)""",
            account,
        )
        too_much = await tx.fetchval(
            """SELECT count(*)
                 FROM (SELECT l.amount - sum(c.amount) AS rest
                         FROM line_credits c
                         JOIN invoice_lines l ON l.account_id = c.account_id AND l.id = c.line_id
                        WHERE c.account_id = $1
                        GROUP BY l.id, l.amount) AS credited
                WHERE rest < 0""",
            account,
        )
        numbers = await tx.fetch("SELECT number FROM invoices WHERE account_id = $1 ORDER BY number", account)
    active = [one for one in modules if one.state == "ACTIVE" and not one.cancel_at_period_end]
    assert books["balance"] == kept >= 0
    assert too_much == 0
    assert [row["number"] for row in numbers] == list(range(1, len(numbers) + 1))
    assert all(one.period_end and Grid(books["grid_origin"]).is_boundary(one.period_end) for one in active)
    for months in (1, 3, 12):
        assert len({one.period_end for one in active if one.months == months}) <= 1


@given(st.lists(ACTS, min_size=4, max_size=9))
@settings(
    max_examples=12,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_any_history_keeps_the_grid_the_balance_and_the_numbers(
    db: Database, acts: list[tuple[str, str, int]]
) -> None:
    account, on = await scenes.account(db, BEGIN), BEGIN
    for what, code, number in acts:
        on = await act(db, account, on, what, code, number)
        await check(db, account)
