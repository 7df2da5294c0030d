"""What the host CRM sets up, and until when a module may be used."""

from datetime import date, timedelta
from typing import Any

import pytest

from shared import accounts, ids
from shared.accounts import NewAccount, NewUser
from shared.db import Database, Transaction
from shared.errors import InvalidInput, ModuleInactive, NotFound
from shared.hints import UserChanged
from shared.jobs import JobDue
from tests import make

GIVEN = {"name": "Оселя", "time_zone": "Europe/Kyiv", "currency": "UAH", "locale": "uk", "country": "UA"}


def test_reads_an_account() -> None:
    new = NewAccount.read(GIVEN | {"locale": "en-GB"}, test=True)

    assert (new.name, new.locale, new.test, new.id_is_chosen) == ("Оселя", "en-GB", True, False)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"id": "mine"}, "id"),
        ({"name": ""}, "name"),
        ({"time_zone": "Kyiv"}, "timeZone"),
        ({"time_zone": "../etc/passwd"}, "timeZone"),
        ({"currency": "uah"}, "currency"),
        ({"locale": "xx-nowhere"}, "locale"),
        ({"locale": ""}, "locale"),
        ({"country": "Ukraine"}, "country"),
        ({"country": None}, "country"),
    ],
)
def test_refuses_what_is_no_account(given: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        NewAccount.read(GIVEN | given, test=False)

    assert [".".join(problem.path) for problem in refused.value.problems] == [path]


async def test_an_id_is_taken_by_whichever_account_has_it(db: Database, account: accounts.Account) -> None:
    again = NewAccount.read(GIVEN | {"id": str(account.id)}, test=False)

    with pytest.raises(InvalidInput) as refused:
        async with db.transaction(None) as tx:
            await accounts.create(tx, again)

    assert [problem.path for problem in refused.value.problems] == [("id",)]


async def test_users_are_made_and_changed(tx: Transaction) -> None:
    assert tx.account_id is not None
    one, other = ids.new(), ids.new()
    await accounts.save_users(tx, tx.account_id, [NewUser(one, "Ада", "ada@example.com", None, True)])
    tx.outgoing.clear()

    saved = await accounts.save_users(
        tx, tx.account_id, [NewUser(other, "Бор", None, None, True), NewUser(one, "Ада Л.", None, None, False)]
    )

    assert [(user.id, user.name, user.email, user.active) for user in saved] == [
        (other, "Бор", None, True),
        (one, "Ада Л.", None, False),
    ]
    assert tx.outgoing == [UserChanged(tx.account_id, other), UserChanged(tx.account_id, one)]


@pytest.mark.parametrize("account_id", [ids.UnreadableId("no id"), ids.UnreadableId("' OR 1=1 --")])
async def test_there_are_no_users_of_an_account_that_is_not_there(db: Database, account_id: ids.UnreadableId) -> None:
    with pytest.raises(NotFound) as refused:
        async with db.transaction(None) as tx:
            await accounts.save_users(tx, account_id, [])

    assert str(refused.value.id) == str(account_id)


async def test_a_token_keeps_its_user_fresh(tx: Transaction) -> None:
    user_id = ids.new()
    assert await accounts.knows(tx, user_id, None) is None

    made = await accounts.knows(tx, user_id, "Ада")
    renamed = await accounts.knows(tx, user_id, "Ада Л.")

    assert made is not None
    assert renamed is not None
    assert (made.name, made.active, renamed.name) == ("Ада", True, "Ада Л.")
    assert await accounts.knows(tx, user_id, None) == renamed


async def test_a_module_may_be_used_up_to_a_day_of_the_account_s_zone(tx: Transaction) -> None:
    """Kyiv is ahead of UTC: its day ends earlier."""
    await make.clock(tx, timedelta(0))
    now = await tx.now()
    evening = now.replace(year=2030, month=1, day=1, hour=21, minute=30, second=0, microsecond=0)
    await make.module(tx, "telephony", date(2030, 1, 2))

    await make.clock(tx, evening - now)
    await accounts.require_module(tx, "telephony")
    assert await accounts.usable_modules(tx) == ["sales_funnel", "telephony"]
    await make.clock(tx, evening + timedelta(hours=1) - now)
    assert await accounts.usable_modules(tx) == ["sales_funnel"]
    with pytest.raises(ModuleInactive):
        await accounts.require_module(tx, "telephony")


async def test_a_module_that_opens_takes_up_what_waited(tx: Transaction) -> None:
    await accounts.open_modules(tx, {"telephony": date.max, "lead_ads": date.max})

    assert await accounts.usable_modules(tx) == ["lead_ads", "sales_funnel", "telephony"]
    (message,) = tx.outgoing
    assert isinstance(message, JobDue)
    assert await tx.fetchval("SELECT kind FROM jobs WHERE id = $1", message.job_id) == "ingest.resume"
