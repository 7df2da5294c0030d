"""What the host CRM changes of an account, and what stays when its zone changes."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shared import accounts, billing, ids, jobs
from shared.accounts import AccountChanges
from shared.clock import first_moment
from shared.db import Database, Transaction
from shared.errors import InvalidInput, NotFound
from shared.hints import AccountChanged
from tests import make

ID = "01a21051-7a0c-7462-8a7f-ac4aa047aad7"


def test_reads_only_what_is_given() -> None:
    assert AccountChanges.read({"id": ID, "locale": "en-GB"}) == AccountChanges(ids.read(ID), locale="en-GB")


def test_tells_all_problems_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        AccountChanges.read({"id": ID, "name": "\0", "time_zone": "Kyiv", "locale": "xx", "country": "Ukraine"})

    assert [problem.path for problem in refused.value.problems] == [("name",), ("timeZone",), ("locale",), ("country",)]


@pytest.mark.parametrize("field", ["name", "time_zone", "locale", "country"])
def test_nothing_can_be_cleared(field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        AccountChanges.read({"id": ID, field: None})

    (problem,) = refused.value.problems
    assert problem.path == (field.replace("time_z", "timeZ"),)


@pytest.mark.parametrize("name", ["localtime", "Factory", "posixrules", "right/UTC", "europe/kyiv"])
def test_a_file_beside_the_zones_is_no_zone(name: str) -> None:
    with pytest.raises(InvalidInput):
        AccountChanges.read({"id": ID, "time_zone": name})


async def test_changes_what_is_given_and_leaves_the_rest(tx: Transaction, account: accounts.Account) -> None:
    changed = await accounts.update(tx, AccountChanges(account.id, name="Дім", country="PL"))

    assert (changed.name, changed.country) == ("Дім", "PL")
    assert (changed.time_zone, changed.locale, changed.currency, changed.test) == ("Europe/Kyiv", "uk", "UAH", False)
    assert await accounts.get(tx) == changed
    assert tx.outgoing == [AccountChanged(account.id)]


async def test_there_is_nothing_to_change_of_an_account_that_is_not_there(db: Database) -> None:
    nowhere: Any = ids.new()

    async with db.transaction(None) as tx:
        with pytest.raises(NotFound) as refused:
            await accounts.update(tx, AccountChanges(nowhere, name="Дім"))
        assert tx.outgoing == []

    assert refused.value.id == nowhere


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles", "Asia/Beirut"])
async def test_a_trial_ends_on_its_day_wherever_the_account_moves(
    tx: Transaction, account: accounts.Account, zone: str
) -> None:
    trial = await billing.start_trial(tx, billing.Trial("telephony"))
    assert trial.trial_ends_on is not None

    await accounts.update(tx, AccountChanges(account.id, time_zone=zone))

    kept = await tx.fetchrow("SELECT due_at, run_at FROM jobs WHERE ref = $1", trial.id)
    assert kept is not None
    assert kept["due_at"] == kept["run_at"] == first_moment(trial.trial_ends_on, zone)
    assert (await billing.get_many(tx, [trial.id]))[trial.id] == trial


async def test_what_is_due_at_a_moment_stays_at_that_moment(tx: Transaction, account: accounts.Account) -> None:
    moment = datetime(2030, 1, 1, 12, tzinfo=UTC)
    await jobs.add(tx, "tests.work", due_at=moment)

    await accounts.update(tx, AccountChanges(account.id, time_zone="Asia/Tokyo"))

    assert await tx.fetchval("SELECT due_at FROM jobs WHERE kind = 'tests.work' AND account_id = $1", account.id) == (
        moment
    )


async def test_a_day_runs_by_the_account_s_own_clock_in_the_new_zone(
    tx: Transaction, account: accounts.Account
) -> None:
    await make.clock(tx, timedelta(days=100))
    await jobs.add(tx, "tests.work", due_at=first_moment(date(2030, 1, 1), "Europe/Kyiv"), due_on=date(2030, 1, 1))

    await accounts.update(tx, AccountChanges(account.id, time_zone="UTC"))

    run_at = await tx.fetchval("SELECT run_at FROM jobs WHERE kind = 'tests.work' AND account_id = $1", account.id)
    assert run_at == datetime(2030, 1, 1, tzinfo=UTC) - timedelta(days=100)
