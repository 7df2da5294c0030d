"""From a request that comes in to a deal on the board, with all that may come between."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from shared import accounts, deals, events, funnels, ids, ingest, jobs
from shared.actor import Actor, ActorKind, Permission
from shared.db import Database, Transaction
from shared.errors import InvalidInput, ModuleInactive, NotFound
from shared.ingest import Assignment, Caller, InboxItem, InboxState, NewSource, Request, Source, SourceKind
from shared.ingest.model import hash_of
from shared.jobs import JobDue, Kind
from tests import make
from tests.samples import requests

BASE = "https://voronka.example.com/"
SECRET = "a-secret-of-the-form"
CALLER = Caller(SECRET, "10.0.0.1")


def given(funnel: make.Funnel, **changes: Any) -> NewSource:
    fields = {"name": "Сайт", "kind": SourceKind.FORM, "funnel_id": str(funnel.id), "secret": SECRET}
    return NewSource.read(fields | changes)


async def new_source(tx: Transaction, funnel: make.Funnel, **changes: Any) -> Source:
    return (await ingest.create_source(tx, given(funnel, **changes), BASE)).source


async def take_in(tx: Transaction, source: Source, request: Request) -> InboxItem:
    """The request comes and its job is done, in the same transaction; the newest item of the inbox."""
    assert await ingest.receive(tx, source.id, CALLER, request) is source.kind
    intake_id = await tx.fetchval("SELECT ref FROM jobs WHERE kind = $1 ORDER BY id DESC LIMIT 1", ingest.PERFORM)
    await ingest.perform(tx, job(ingest.PERFORM, intake_id, tx.account_id))
    return (await ingest.inbox(tx, first=1)).items[0]


def job(kind: str, ref: UUID | None, account_id: UUID | None) -> jobs.Job:
    return jobs.Job(ids.new(), account_id, kind, ref, datetime.now(UTC), 1, 3, ids.new())


async def deal_of(tx: Transaction, item: InboxItem) -> deals.Deal:
    assert item.deal_id is not None, item
    found = await deals.find(tx, item.deal_id)
    assert found is not None
    return found


async def counters(tx: Transaction, source: Source) -> tuple[int, int, int, int]:
    now = (await ingest.get_sources(tx, [source.id]))[source.id]
    return now.received, now.created, now.duplicates, now.rejected


# ─── sources ──────────────────────────────────────────────────────────────────


async def test_makes_a_source_and_shows_its_secret_once(tx: Transaction) -> None:
    funnel = await make.funnel(tx)

    made = await ingest.create_source(tx, given(funnel, secret=None), BASE)

    assert made.secret is not None
    assert made.address == f"https://voronka.example.com/sources/{made.source.id}/{made.secret}"
    assert len(made.secret) == 32
    assert await ingest.sources_of_account(tx) == [made.source]
    kept = await tx.fetchval("SELECT secret_hash FROM source_addresses WHERE source_id = $1", made.source.id)
    assert kept == hash_of(made.secret)


async def test_makes_an_address_of_any_secret(tx: Transaction) -> None:
    funnel = await make.funnel(tx)

    made = await ingest.create_source(tx, given(funnel, secret="blank? and/slash#"), BASE)

    assert made.address == f"https://voronka.example.com/sources/{made.source.id}/blank%3F%20and%2Fslash%23"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": " "}, ("name",)),
        ({"secret": "short"}, ("secret",)),
        ({"secret": "x" * 201}, ("secret",)),
        ({"secret": "секретсекретсекрет"}, ("secret",)),
        ({"mapping": []}, ("mapping",)),
        ({"mapping": {"title": "a b"}}, ("mapping", "title")),
        ({"mapping": {"title": 5}}, ("mapping", "title")),
        ({"mapping": {"title": "(" * 400}}, ("mapping", "title")),
        ({"mapping": {"title": "a" * 501}}, ("mapping", "title")),
    ],
)
async def test_refuses_a_source_that_is_no_source(
    tx: Transaction, changes: dict[str, Any], path: tuple[str, ...]
) -> None:
    funnel = await make.funnel(tx)

    with pytest.raises(InvalidInput) as refused:
        given(funnel, **changes)

    assert [problem.path for problem in refused.value.problems] == [path]


async def test_refuses_a_source_of_a_funnel_that_one_does_not_see(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    tx.actor = make.actor(await make.user(tx), Permission.SOURCES_MANAGE)

    with pytest.raises(NotFound):
        await ingest.create_source(tx, given(funnel), BASE)


async def test_refuses_a_source_while_the_module_is_closed(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    await make.module(tx, usable_until=date(2020, 1, 1))

    with pytest.raises(ModuleInactive):
        await ingest.create_source(tx, given(funnel, assignee_id=str(ids.new())), BASE)


async def test_refuses_an_assignee_who_is_not_there(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    gone = await make.user(tx, active=False)

    with pytest.raises(InvalidInput) as refused:
        await ingest.create_source(tx, given(funnel, assignee_id=str(gone.id)), BASE)

    assert [problem.path for problem in refused.value.problems] == [("assigneeId",)]
    assert await ingest.sources_of_account(tx) == []


# ─── what comes in ────────────────────────────────────────────────────────────


async def test_keeps_a_request_and_its_job(db: Database, account: accounts.Account) -> None:
    async with db.transaction(account.id) as tx:
        source = await new_source(tx, await make.funnel(tx))
    request = requests.form({"name": "Ігор"}, cookie="session=1", authorization="Bearer x", user_agent="Tilda")

    async with db.transaction(None) as tx:
        assert await ingest.receive(tx, source.id, CALLER, request) is SourceKind.FORM
        assert [type(message) for message in tx.outgoing] == [JobDue]

    async with db.transaction(account.id) as tx:
        kept = await tx.fetchrow("SELECT id, headers, body FROM intake WHERE source_id = $1", source.id)
        assert kept is not None
        assert kept["headers"] == {"content-type": "application/x-www-form-urlencoded", "user-agent": "Tilda"}
        assert kept["body"] == request.body
        row = await tx.fetchrow("SELECT kind, account_id, max_attempts FROM jobs WHERE ref = $1", kept["id"])
        assert row is not None
        assert tuple(row) == (ingest.PERFORM, account.id, 3)


async def test_keeps_nothing_for_whoever_is_not_let_in(db: Database, account: accounts.Account) -> None:
    async with db.transaction(account.id) as tx:
        funnel = await make.funnel(tx)
        source, call = await new_source(tx, funnel), await new_source(tx, funnel, kind=SourceKind.BINOTEL)
        disabled = await new_source(tx, funnel)
        await tx.execute("UPDATE sources SET enabled = false WHERE id = $1", disabled.id)
    ips = {SourceKind.BINOTEL: ["10.0.0.2"]}

    async with db.transaction(None) as tx:
        for source_id, caller in (
            (source.id, Caller("another-secret-x", None)),
            (source.id, Caller(None, None)),
            (ids.new(), CALLER),
            (ids.read("no id"), CALLER),
            (disabled.id, CALLER),
            (call.id, CALLER),
        ):
            assert await ingest.receive(tx, source_id, caller, requests.web_form(), ips) is None
        assert tx.outgoing == []
        assert await tx.fetchval("SELECT count(*) FROM intake WHERE account_id = $1", account.id) == 0


async def test_makes_a_deal_of_a_form(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    source = await new_source(tx, funnel)

    item = await take_in(tx, source, requests.web_form())

    made = await deal_of(tx, item)
    assert (item.state, item.attempts, item.reason) == (InboxState.CREATED, 1, None)
    assert (made.stage_id, made.title) == (funnel.entry.id, "Оксана Мельник")
    assert made.contact == deals.Contact("Оксана Мельник", "+380501112233", "oksana@example.com")
    assert (made.source, made.source_name) == (deals.DealSource.FORM, "Сайт")
    assert made.assignee_id == tx.actor.user_id  # who made the source, when it names nobody
    assert made.custom_fields == {
        "comment": "Цікавить квартира",
        "utm_source": "google",
        "utm_campaign": "spring sale",
    }
    (created,) = await events.after(tx, funnel.id, 0)
    assert (created.kind, created.actor) == ("DealCreated", Actor(ActorKind.SOURCE, source.id, "Сайт"))
    assert await counters(tx, source) == (1, 1, 0, 0)


async def test_makes_a_deal_of_a_call(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    source = await new_source(tx, funnel, kind=SourceKind.BINOTEL, name="Binotel")

    item = await take_in(tx, source, requests.binotel_call())

    made = await deal_of(tx, item)
    assert item.external_id == "4683310794"
    assert made.title == "Дзвінок +380990272198"
    assert made.contact == deals.Contact("+380990272198", "+380990272198")
    assert (made.source, made.source_name) == (deals.DealSource.CALL, "Binotel")
    assert made.custom_fields["billsec"] == 17


async def test_keeps_a_number_that_cannot_be_read_as_text(tx: Transaction) -> None:
    source = await new_source(tx, await make.funnel(tx), kind=SourceKind.BINOTEL)

    made = await deal_of(tx, await take_in(tx, source, requests.binotel_call(externalNumber="anonymous")))

    assert (made.title, made.contact) == ("Дзвінок anonymous", deals.Contact("anonymous"))
    assert made.custom_fields["externalNumber"] == "anonymous"


async def test_keeps_what_is_unreadable_in_a_form_as_text(tx: Transaction) -> None:
    source = await new_source(tx, await make.funnel(tx), mapping={"amount": "sum", "title": "about"})
    form = {"phone": "0501112233 (viber)", "email": "oksana at home", "sum": "багато", "about": "Офіс\n" * 200}

    made = await deal_of(tx, await take_in(tx, source, requests.form(form)))

    assert made.contact == deals.Contact("+380501112233", "+380501112233", None)
    assert made.title == ("Офіс " * 200)[:199]
    assert (made.amount, made.custom_fields) == (
        None,
        {"phone": "0501112233 (viber)", "email": "oksana at home", "amount": "багато"},
    )


async def test_reads_an_amount_in_the_accounts_currency(tx: Transaction) -> None:
    source = await new_source(tx, await make.funnel(tx), mapping={"amount": "sum"})

    made = await deal_of(tx, await take_in(tx, source, requests.form({"name": "Ігор", "sum": "12 500,5"})))

    assert str(made.amount) == "12500.50"


# ─── who gets it ──────────────────────────────────────────────────────────────


async def test_gives_a_call_to_who_took_it(tx: Transaction) -> None:
    viewer, fixed = await make.user(tx, "Аліна"), await make.user(tx, "Богдан")
    olena = await make.user(tx, "Олена", email="olena@EXAMPLE.com")
    funnel = await make.funnel(tx, viewers=[viewer])
    how = {"kind": SourceKind.BINOTEL, "assignee_id": str(fixed.id)}
    by_call = await new_source(tx, funnel, assignment=Assignment.CALL_TAKER, **how)
    always = await new_source(tx, funnel, **how)
    stranger = requests.binotel_call(**{"generalCallID": "2", "employeeData][email": "nobody@example.com"})

    assert (await deal_of(tx, await take_in(tx, by_call, requests.binotel_call()))).assignee_id == olena.id
    assert (await deal_of(tx, await take_in(tx, always, requests.binotel_call()))).assignee_id == fixed.id
    assert (await deal_of(tx, await take_in(tx, by_call, stranger))).assignee_id == fixed.id


async def test_gives_a_deal_to_the_first_active_viewer_when_the_assignee_has_left(tx: Transaction) -> None:
    left, away, here = [await make.user(tx, name) for name in ("Аліна", "Богдан", "Віра")]
    funnel = await make.funnel(tx, viewers=[away, here])
    source = await new_source(tx, funnel, assignee_id=str(left.id))
    for user in (left, away):
        await make.user(tx, user.name, id=user.id, active=False)

    assert (await deal_of(tx, await take_in(tx, source, requests.web_form()))).assignee_id == here.id


# ─── again ────────────────────────────────────────────────────────────────────


async def test_takes_the_same_call_once_for_ever(tx: Transaction) -> None:
    source = await new_source(tx, await make.funnel(tx), kind=SourceKind.BINOTEL)

    await take_in(tx, source, requests.binotel_call())
    await make.clock(tx, timedelta(days=400))
    again = await take_in(tx, source, requests.binotel_call())

    assert (again.state, again.reason_code, again.deal_id) == (InboxState.DUPLICATE, "SEEN_BEFORE", None)
    assert await counters(tx, source) == (2, 1, 1, 0)


async def test_takes_the_same_form_again_after_ten_minutes(tx: Transaction) -> None:
    source, form = await new_source(tx, await make.funnel(tx)), requests.web_form()
    states = []

    for minutes in (0, 9, 11):
        await make.clock(tx, timedelta(minutes=minutes))
        states.append((await take_in(tx, source, form)).state)

    assert states == [InboxState.CREATED, InboxState.DUPLICATE, InboxState.CREATED]


async def test_keeps_the_keys_of_sources_apart(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    one, other = await new_source(tx, funnel), await new_source(tx, funnel)

    states = [(await take_in(tx, source, requests.web_form())).state for source in (one, other)]

    assert states == [InboxState.CREATED, InboxState.CREATED]


async def test_takes_again_what_was_rejected(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    source = await new_source(tx, funnel)
    await tx.execute("UPDATE funnels SET archived = true WHERE id = $1", funnel.id)
    rejected = await take_in(tx, source, requests.web_form())
    await tx.execute("UPDATE funnels SET archived = false WHERE id = $1", funnel.id)

    taken = await take_in(tx, source, requests.web_form())

    assert (rejected.state, rejected.reason_code) == (InboxState.REJECTED, "NOT_FOUND")
    assert rejected.reason == f"Тут немає нічого з ідентифікатором {funnel.id}."
    assert taken.state is InboxState.CREATED
    assert await counters(tx, source) == (2, 1, 0, 1)


async def test_tells_why_it_ignores_a_call(tx: Transaction) -> None:
    source = await new_source(tx, await make.funnel(tx), kind=SourceKind.BINOTEL)

    item = await take_in(tx, source, requests.binotel_call(callType="1"))

    assert (item.state, item.reason_code) == (InboxState.IGNORED, "OUTGOING_CALL")
    assert item.reason == "Вихідний дзвінок не створює угоди."
    assert item.payload["callDetails"]["externalNumber"] == "0990272198"
    assert await counters(tx, source) == (1, 0, 0, 0)


# ─── waiting ──────────────────────────────────────────────────────────────────


@pytest.fixture
async def superuser(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """There are no jobs but the test's own."""
    conn = await asyncpg.connect(dsn)
    await conn.execute("DELETE FROM jobs")
    yield conn
    await conn.close()


KINDS = {
    accounts.RESUME_WAITING: Kind(ingest.resume_waiting),
    ingest.PERFORM: Kind(ingest.perform, ingest.reject_exhausted),
    ingest.RETRY: Kind(ingest.retry, ingest.reject_retried),
}


async def do_all(db: Database, superuser: asyncpg.Connection) -> None:
    """Do whatever is to be done, without pauses between attempts."""
    while ids := await superuser.fetch(
        "UPDATE jobs SET run_at = clock_timestamp() WHERE state = 'queued' AND attempts < 5 RETURNING id"
    ):
        for row in ids:
            await jobs.perform(db, KINDS, row["id"])


async def test_takes_up_what_waited_when_the_module_opens(
    db: Database, account: accounts.Account, superuser: asyncpg.Connection
) -> None:
    async with db.transaction(account.id) as tx:
        funnel = await make.funnel(tx)
        source = await new_source(tx, funnel)
        await make.module(tx, usable_until=date(2020, 1, 1))
    for form in (requests.web_form(), requests.web_form(), requests.form({"name": "Ігор"})):
        async with db.transaction(None) as tx:
            await ingest.receive(tx, source.id, CALLER, form)

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
        assert len(await events.after(tx, funnel.id, 0)) == 2
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


# ─── poison ───────────────────────────────────────────────────────────────────

POISON = [
    (Request(requests.URLENCODED, b"name=%00%00&phone=%ff%fe&%00=%00"), InboxState.CREATED),
    (Request(requests.URLENCODED, b"name=%ED%A0%80&x=%C0%80"), InboxState.CREATED),
    (Request(requests.URLENCODED, b"name=" + b"\xff" * 900_000), InboxState.CREATED),
    (Request(requests.URLENCODED, b"phone=" + b"0" * 900_000), InboxState.CREATED),
    (Request(requests.URLENCODED, b"email=" + b"a@" * 400_000), InboxState.CREATED),
    (Request(requests.URLENCODED, b"name=a&" + b"x" * 900_000 + b"=1"), InboxState.CREATED),
    (Request(requests.URLENCODED, b"name=a&a" + b"[b]" * 500 + b"=1"), InboxState.REJECTED),
    (Request(requests.URLENCODED, b"[" * 900_000), InboxState.REJECTED),
    (Request(requests.URLENCODED, b"&".join(b"a[]=%d" % n for n in range(10_000))), InboxState.REJECTED),
    (Request(requests.MULTIPART, b"\x00\xff" * 1_000), InboxState.REJECTED),
    (Request({"content-type": "\xff\x00; charset=\x00"}, b""), InboxState.REJECTED),
    (Request({"content-type": "application/json"}, b"[" * 500 + b"]" * 500), InboxState.REJECTED),
]


@pytest.mark.parametrize(("request_", "state"), POISON, ids=[str(number) for number in range(len(POISON))])
async def test_ends_poison_at_the_first_attempt(tx: Transaction, request_: Request, state: InboxState) -> None:
    source = await new_source(tx, await make.funnel(tx))

    item = await take_in(tx, source, Request({**request_.headers, "x": "\u00ff"}, request_.body))

    assert item.state is state
    assert (item.deal_id is None) == (state is InboxState.REJECTED)


async def test_rejects_once_what_no_attempt_came_to_an_end_with(
    db: Database, account: accounts.Account, superuser: asyncpg.Connection
) -> None:
    async with db.transaction(account.id) as tx:
        source = await new_source(tx, await make.funnel(tx))
    # No mapping that was checked looks like this: it stands for a mistake of ours.
    await superuser.execute("""UPDATE sources SET mapping = '{"title": "a b"}' WHERE id = $1""", source.id)
    async with db.transaction(None) as tx:
        await ingest.receive(tx, source.id, CALLER, requests.web_form())

    await do_all(db, superuser)

    async with db.transaction(account.id) as tx:
        (item,) = (await ingest.inbox(tx)).items
        assert (item.state, item.reason_code, item.attempts) == (InboxState.REJECTED, "POISON", 3)
        assert item.payload == {"body": requests.web_form().body.decode()}
        assert await counters(tx, source) == (1, 0, 0, 1)
    assert await superuser.fetchval("SELECT state FROM jobs") == "dead"


async def test_rejects_once_what_waited_and_is_poison(
    db: Database, account: accounts.Account, superuser: asyncpg.Connection
) -> None:
    async with db.transaction(account.id) as tx:
        source = await new_source(tx, await make.funnel(tx))
        await make.module(tx, usable_until=date(2020, 1, 1))
    async with db.transaction(None) as tx:
        await ingest.receive(tx, source.id, CALLER, requests.web_form())
    await do_all(db, superuser)
    await superuser.execute("""UPDATE sources SET mapping = '{"title": "a b"}' WHERE id = $1""", source.id)
    async with db.transaction(account.id) as tx:
        await accounts.open_modules(tx, {funnels.MODULE: date.max})

    await do_all(db, superuser)

    async with db.transaction(account.id) as tx:
        (item,) = (await ingest.inbox(tx)).items
        assert (item.state, item.reason_code, item.attempts) == (InboxState.REJECTED, "POISON", 4)
        assert await counters(tx, source) == (1, 0, 0, 1)


# ─── the inbox ────────────────────────────────────────────────────────────────


async def test_shows_the_inbox_newest_first_in_pages(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    one, other = await new_source(tx, funnel), await new_source(tx, funnel)
    items = [await take_in(tx, one, requests.form({"name": f"{number}"})) for number in range(3)]
    empty = await take_in(tx, other, requests.form({"noise": "x"}))
    newest = [empty, *reversed(items)]

    first = await ingest.inbox(tx, first=3)
    rest = await ingest.inbox(tx, after=(first.items[-1].received_at, first.items[-1].id), first=3)

    assert (first.items, first.has_more, first.count) == (newest[:3], True, 4)
    assert (rest.items, rest.has_more, rest.count) == (newest[3:], False, 4)
    assert (await ingest.inbox(tx, other.id)).items == [empty]
    rejected = await ingest.inbox(tx, states=[InboxState.REJECTED])
    assert (rejected.items, rejected.count) == ([empty], 1)
    assert (await ingest.inbox(tx, ids.new())).count == 0
    assert await ingest.get_items(tx, [empty.id, ids.new()]) == {empty.id: empty}
