"""Whatever people do with modules, in whatever order: what always holds of the rows."""

from datetime import date, timedelta
from uuid import UUID

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shared import billing
from shared.db import Database
from shared.errors import NotAllowedNow
from tests.shared.billing import scenes
from tests.shared.billing.holding import Follower, check

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


@given(st.lists(ACTS, min_size=4, max_size=9))
@settings(
    max_examples=12,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_any_history_keeps_the_grid_the_money_and_the_numbers_and_all_of_it_is_told(
    db: Database, acts: list[tuple[str, str, int]]
) -> None:
    account, on = await scenes.account(db, BEGIN), BEGIN
    follower = Follower(account)
    for what, code, number in acts:
        on = await act(db, account, on, what, code, number)
        async with db.transaction(account) as tx:
            await check(tx)
        await follower.catch_up(db)
