"""Trying a module: once, for seven days of the account's zone."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from shared import accounts, billing, jobs
from shared.billing import ModuleState
from shared.clock import first_moment, local_date
from shared.db import Database, Transaction
from shared.errors import ModuleInactive, NotAllowedNow, NotFound
from shared.money import Money
from tests import make


async def ending(tx: Transaction, subscription_id: UUID) -> jobs.Job:
    """The job that ends a trial, as its worker would have it."""
    row = await tx.fetchrow("SELECT * FROM jobs WHERE ref = $1", subscription_id)
    assert row is not None
    return jobs.Job(row["id"], row["account_id"], row["kind"], row["ref"], row["due_at"], 1, 10, row["id"])


async def test_a_trial_opens_the_module_for_seven_days_from_today(tx: Transaction) -> None:
    trial = await billing.start_trial(tx, billing.Trial("telephony"))

    today = local_date(await tx.now(), "Europe/Kyiv")
    assert (trial.state, trial.period_start, trial.trial_ends_on) == (
        ModuleState.TRIALING,
        today,
        today + timedelta(days=7),
    )
    assert trial.usable(today + timedelta(days=6))
    assert not trial.usable(today + timedelta(days=7))
    assert "telephony" in await accounts.usable_modules(tx)
    assert await billing.states(tx) == {"telephony": ModuleState.TRIALING}
    assert await billing.get_many(tx, [trial.id]) == {trial.id: trial}
    assert (await ending(tx, trial.id)).due_at == first_moment(today + timedelta(days=7), "Europe/Kyiv")


async def test_the_module_is_closed_on_the_day_the_trial_ends(tx: Transaction) -> None:
    trial = await billing.start_trial(tx, billing.Trial("telephony"))
    await make.clock(tx, timedelta(days=7))

    with pytest.raises(ModuleInactive):
        await accounts.require_module(tx, "telephony")
    await billing.end_trial(tx, await ending(tx, trial.id))
    assert await billing.states(tx) == {"telephony": ModuleState.CANCELLED}


async def test_a_module_is_tried_once(tx: Transaction) -> None:
    trial = await billing.start_trial(tx, billing.Trial("telephony"))
    with pytest.raises(NotAllowedNow) as refused:
        await billing.start_trial(tx, billing.Trial("telephony"))
    assert refused.value.reason == "CONNECTED"

    await billing.end_trial(tx, await ending(tx, trial.id))
    with pytest.raises(NotAllowedNow) as refused:
        await billing.start_trial(tx, billing.Trial("telephony"))
    assert refused.value.reason == "TRIAL_USED"
    assert await billing.trials_used(tx) == {"telephony"}


async def test_trials_that_are_started_at_once_take_turns(db: Database, account: accounts.Account) -> None:
    async def start() -> str:
        try:
            async with db.transaction(account.id) as tx:
                return str((await billing.start_trial(tx, billing.Trial("telephony"))).state)
        except NotAllowedNow as refused:
            return refused.reason

    assert sorted(await asyncio.gather(*(start() for _ in range(4)))) == ["CONNECTED"] * 3 + ["TRIALING"]


async def test_what_is_not_in_the_catalogue_is_not_found(tx: Transaction) -> None:
    with pytest.raises(NotFound) as refused:
        await billing.start_trial(tx, billing.Trial("telepathy"))

    assert str(refused.value.id) == "telepathy"


async def test_prices_are_those_in_force_in_the_currency(tx: Transaction) -> None:
    prices = {(price.module_code, price.months): price for price in await billing.prices(tx, "UAH")}

    assert prices["sales_funnel", 1].price == Money(500_00, "UAH")
    assert prices["sales_funnel", 12].per_month == Money(400_00, "UAH")
    assert len(prices) == 9
    assert await billing.prices(tx, "PLN") == []


async def test_each_module_of_the_catalogue_has_a_price_for_each_interval(tx: Transaction) -> None:
    priced = {(price.module_code, price.months) for price in await billing.prices(tx, "UAH")}

    assert priced == {(code, months) for code in billing.CATALOGUE for months in billing.INTERVALS}
