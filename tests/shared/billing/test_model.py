"""Any history of an account that pays, beside a model that reckons it by hand: the same days, to the kopiyka."""

from datetime import date, timedelta
from uuid import UUID

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shared import billing
from shared.db import Database
from shared.errors import NotAllowedNow
from tests.shared.billing import holding, scenes
from tests.shared.billing.ledger_model import Model

BEGINS = st.dates(date(2027, 1, 1), date(2028, 12, 31)) | st.sampled_from([date(2028, 1, 31), date(2028, 2, 29)])
CODES = st.sampled_from(["sales_funnel", "telephony", "lead_ads"])
ACTS = st.one_of(
    st.tuples(st.just("buy"), CODES, st.sampled_from([1, 3, 12])),
    st.tuples(st.just("buy"), CODES, st.sampled_from([1, 3, 12])),
    st.tuples(st.just("cancel"), CODES, st.just(0)),
    st.tuples(st.just("end"), CODES, st.just(0)),
    st.tuples(st.just("wait"), CODES, st.integers(1, 70)),
)


async def act(db: Database, account: UUID, what: str, code: str, months: int) -> None:
    try:
        async with db.transaction(account) as tx:
            if what == "buy":
                payment = (await scenes.begin(tx, (await scenes.quote(tx, (code, months))).id)).payment
                if payment:
                    await scenes.report(tx, payment)
            else:
                await billing.cancel(tx, code, immediately=what == "end")
    except NotAllowedNow:
        pass


async def wait(db: Database, account: UUID, model: Model, until: date) -> None:
    """Each boundary is paid on its day."""
    on = None
    while (boundary := model.next_boundary()) is not None and boundary <= until:
        await scenes.walk(db, account, on := boundary)
        await scenes.charged(db, account, billing.Rank.PAID)
        model.renew(boundary)
    if on != until:
        await scenes.walk(db, account, until)


async def seen(db: Database, account: UUID) -> tuple[dict[str, tuple[int | None, date | None, bool]], int, int]:
    async with db.transaction(account) as tx:
        modules = {
            one.module_code: (one.months, one.period_end, one.cancel_at_period_end)
            for one in await billing.modules(tx)
            if one.state != "CANCELLED"
        }
        balance = (await billing.overview(tx)).balance + await tx.fetchval(holding.SET_ASIDE, account)
        return modules, balance, await tx.fetchval(holding.OUTSIDE, account)


@given(BEGINS, st.lists(ACTS, min_size=4, max_size=9))
@settings(
    max_examples=10,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_any_history_costs_what_was_reckoned_by_hand(
    db: Database, begins: date, acts: list[tuple[str, str, int]]
) -> None:
    account, on, model = await scenes.account(db, begins), begins, Model()
    for what, code, number in acts:
        if what == "wait":
            on += timedelta(days=number)
            await wait(db, account, model, on)
        else:
            await act(db, account, what, code, number)
            if what == "buy":
                model.buy(code, number, on)
            elif what == "cancel":
                model.cancel(code)
            else:
                model.end(code, on)
        modules = {code: (one.months, one.end, one.cancelling) for code, one in model.modules.items()}
        assert await seen(db, account) == (modules, model.balance, model.paid)
