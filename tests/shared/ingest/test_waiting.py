"""What waits for the module, and what no attempt comes to an end with."""

from collections.abc import AsyncIterator
from datetime import date

import asyncpg
import pytest

from shared import accounts, events, funnels, ingest
from shared.db import Database, Transaction
from shared.ingest import InboxState
from tests import make
from tests.samples import requests
from tests.shared.ingest.taking import CALLER, TRUST, counters, do_all, job, new_source, take_in


@pytest.fixture
async def superuser(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """There are no jobs but the test's own."""
    conn = await asyncpg.connect(dsn)
    await conn.execute("DELETE FROM jobs")
    yield conn
    await conn.close()


async def test_takes_up_what_waited_when_the_module_opens(
    db: Database, account: accounts.Account, superuser: asyncpg.Connection
) -> None:
    async with db.transaction(account.id) as tx:
        funnel = await make.funnel(tx)
        source = await new_source(tx, funnel)
        await make.module(tx, usable_until=date(2020, 1, 1))
    for form in (requests.web_form(), requests.web_form(), requests.form({"name": "Ігор"})):
        async with db.transaction(None) as tx:
            await ingest.receive(tx, source.id, CALLER, form, TRUST)

    await do_all(db, superuser)
    async with db.transaction(account.id) as tx:
        page = await ingest.inbox(tx)
        assert [item.state for item in page.items] == [InboxState.WAITING, InboxState.DUPLICATE, InboxState.WAITING]
        assert page.items[0].reason_code == "MODULE_INACTIVE"
        assert await counters(tx, source) == (3, 0, 1, 0)
        await accounts.open_modules(tx, {funnels.MODULE: date.max})

    await do_all(db, superuser)
    async with db.transaction(account.id) as tx:
        states = [item.state for item in (await ingest.inbox(tx)).items]
        assert states == [InboxState.CREATED, InboxState.DUPLICATE, InboxState.CREATED]
        assert await counters(tx, source) == (3, 2, 1, 0)
        kinds = [event.kind for event in await events.after(tx, funnel.id, 0)]
        assert kinds.count("DealCreated") == 2
        await accounts.open_modules(tx, {funnels.MODULE: date.max})

    await do_all(db, superuser)
    async with db.transaction(account.id) as tx:
        assert await counters(tx, source) == (3, 2, 1, 0)


async def test_resumes_so_many_a_turn(
    tx: Transaction, account: accounts.Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = await new_source(tx, await make.funnel(tx))
    await make.module(tx, usable_until=date(2020, 1, 1))
    for number in range(3):
        await take_in(tx, source, requests.form({"name": f"Ігор {number}"}))
    await make.module(tx)
    monkeypatch.setattr("shared.ingest.commands.RESUMED_AT_ONCE", 2)
    await tx.execute("DELETE FROM jobs WHERE account_id = $1", account.id)

    await ingest.resume_waiting(tx, job(accounts.RESUME_WAITING, None, account.id))

    rows = await tx.fetch("SELECT kind FROM jobs WHERE account_id = $1 ORDER BY kind", account.id)
    assert [row["kind"] for row in rows] == [accounts.RESUME_WAITING, ingest.RETRY, ingest.RETRY]
    states = [item.state for item in (await ingest.inbox(tx)).items]
    assert states == [InboxState.WAITING, InboxState.RECEIVED, InboxState.RECEIVED]


async def test_rejects_once_what_no_attempt_came_to_an_end_with(
    db: Database, account: accounts.Account, superuser: asyncpg.Connection
) -> None:
    async with db.transaction(account.id) as tx:
        source = await new_source(tx, await make.funnel(tx))
    # No mapping that was checked looks like this: it stands for a mistake of ours.
    await superuser.execute("""UPDATE sources SET mapping = '{"title": "a b"}' WHERE id = $1""", source.id)
    async with db.transaction(None) as tx:
        await ingest.receive(tx, source.id, CALLER, requests.web_form(), TRUST)

    await do_all(db, superuser)

    async with db.transaction(account.id) as tx:
        (item,) = (await ingest.inbox(tx)).items
        assert (item.state, item.reason_code, item.attempts) == (InboxState.REJECTED, "POISON", 3)
        assert item.payload == {"body": requests.web_form().body.decode()}
        assert await counters(tx, source) == (1, 0, 0, 1)
    assert await superuser.fetchval("SELECT state FROM jobs WHERE kind = $1", ingest.PERFORM) == "dead"


async def test_rejects_once_what_waited_and_is_poison(
    db: Database, account: accounts.Account, superuser: asyncpg.Connection
) -> None:
    async with db.transaction(account.id) as tx:
        source = await new_source(tx, await make.funnel(tx))
        await make.module(tx, usable_until=date(2020, 1, 1))
    async with db.transaction(None) as tx:
        await ingest.receive(tx, source.id, CALLER, requests.web_form(), TRUST)
    await do_all(db, superuser)
    await superuser.execute("""UPDATE sources SET mapping = '{"title": "a b"}' WHERE id = $1""", source.id)
    async with db.transaction(account.id) as tx:
        await accounts.open_modules(tx, {funnels.MODULE: date.max})

    await do_all(db, superuser)

    async with db.transaction(account.id) as tx:
        (item,) = (await ingest.inbox(tx)).items
        assert (item.state, item.reason_code, item.attempts) == (InboxState.REJECTED, "POISON", 4)
        assert await counters(tx, source) == (1, 0, 0, 1)
