"""From a request that comes in to a deal on the board."""

from dataclasses import replace

from shared import accounts, deals, events, ids, ingest
from shared.actor import Actor, ActorKind
from shared.db import Database, Transaction
from shared.ingest import Assignment, InboxState, SourceKind
from shared.jobs import JobDue
from tests import make
from tests.samples import requests
from tests.shared.ingest.taking import CALLER, TRUST, counters, deal_of, new_source, notes_of, take_in


async def test_keeps_a_request_and_its_job(db: Database, account: accounts.Account) -> None:
    async with db.transaction(account.id) as tx:
        source = await new_source(tx, await make.funnel(tx))
    request = requests.form({"name": "Ігор"}, cookie="session=1", authorization="Bearer x", user_agent="Tilda")

    async with db.transaction(None) as tx:
        assert await ingest.receive(tx, source.id, CALLER, request, TRUST) is SourceKind.FORM
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
    trust = replace(TRUST, ips={SourceKind.BINOTEL: ["10.0.0.2"]})

    async with db.transaction(None) as tx:
        for source_id, caller in (
            (source.id, replace(CALLER, secret="another-secret-x")),
            (source.id, replace(CALLER, secret=None)),
            (ids.new(), CALLER),
            (ids.read("no id"), CALLER),
            (disabled.id, CALLER),
            (call.id, CALLER),
        ):
            assert await ingest.receive(tx, source_id, caller, requests.web_form(), trust) is None
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
    assert made.custom_fields == {"utm_source": "google", "utm_campaign": "spring sale"}
    assert await notes_of(tx, made) == ["Цікавить квартира"]
    happened = await events.after(tx, funnel.id, 0)
    assert [event.kind for event in happened] == ["DealCreated", "DealUpdated"]
    assert {event.actor for event in happened} == {Actor(ActorKind.SOURCE, source.id, "Сайт")}
    assert await counters(tx, source) == (1, 1, 0, 0)


async def test_makes_a_deal_of_a_call(tx: Transaction) -> None:
    await make.module(tx, "telephony")
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
    await make.module(tx, "telephony")
    source = await new_source(tx, await make.funnel(tx), kind=SourceKind.BINOTEL)

    made = await deal_of(tx, await take_in(tx, source, requests.binotel_call(externalNumber="anonymous")))

    assert (made.title, made.contact) == ("Дзвінок anonymous", deals.Contact("anonymous"))
    assert await notes_of(tx, made) == ["externalNumber: anonymous"]


async def test_keeps_what_is_unreadable_in_a_form_as_text(tx: Transaction) -> None:
    source = await new_source(tx, await make.funnel(tx), mapping={"amount": "sum", "title": "about"})
    form = {"phone": "0501112233 (viber)", "email": "oksana at home", "sum": "багато", "about": "Офіс\n" * 200}

    made = await deal_of(tx, await take_in(tx, source, requests.form(form)))

    assert made.contact == deals.Contact("+380501112233", "+380501112233", None)
    assert made.title == ("Офіс " * 200)[:199]
    assert (made.amount, made.custom_fields) == (None, {})
    assert await notes_of(tx, made) == ["phone: 0501112233 (viber)\nemail: oksana at home\namount: багато"]


async def test_reads_an_amount_in_the_accounts_currency(tx: Transaction) -> None:
    source = await new_source(tx, await make.funnel(tx), mapping={"amount": "sum"})

    made = await deal_of(tx, await take_in(tx, source, requests.form({"name": "Ігор", "sum": "12 500,5"})))

    assert str(made.amount) == "12500.50"


async def test_gives_a_call_to_who_took_it(tx: Transaction) -> None:
    await make.module(tx, "telephony")
    viewer, fixed = await make.user(tx, "Аліна"), await make.user(tx, "Богдан")
    olena = await make.user(tx, "Олена", email="olena@EXAMPLE.com")
    funnel = await make.funnel(tx, viewers=[viewer])
    how = {"kind": SourceKind.BINOTEL, "assignee_id": str(fixed.id), "attach_to_open_deal": False}
    by_call = await new_source(tx, funnel, assignment=Assignment.CALL_TAKER, **how)
    always = await new_source(tx, funnel, **how)
    stranger = requests.binotel_call(**{"generalCallID": "2", "employeeData][email": "nobody@example.com"})

    assert (await deal_of(tx, await take_in(tx, by_call, requests.binotel_call()))).assignee_id == olena.id
    assert (await deal_of(tx, await take_in(tx, always, requests.binotel_call()))).assignee_id == fixed.id
    assert (await deal_of(tx, await take_in(tx, by_call, stranger))).assignee_id == fixed.id


async def test_a_mapping_says_whose_extension_took_the_call(tx: Transaction) -> None:
    await make.module(tx, "telephony")
    viewer, vira = await make.user(tx, "Аліна"), await make.user(tx, "Віра")
    taras = await make.user(tx, "Тарас", email="taras@example.com")
    funnel = await make.funnel(tx)
    how = {
        "kind": SourceKind.PHONET,
        "assignee_id": str(viewer.id),
        "assignment": Assignment.CALL_TAKER,
        "attach_to_open_deal": False,
    }
    guessing = await new_source(tx, funnel, **how)
    mapped = await new_source(tx, funnel, mapping={"assignee": "leg.ext == '901' && 'taras@example.com'"}, **how)
    hers = requests.posted("phonet", leg={"ext": "903", "displayName": "віра"})
    other = requests.posted("phonet", uuid="2", leg={"ext": "902"})

    assert (await deal_of(tx, await take_in(tx, guessing, hers))).assignee_id == vira.id
    assert (await deal_of(tx, await take_in(tx, mapped, requests.posted("phonet")))).assignee_id == taras.id
    assert (await deal_of(tx, await take_in(tx, mapped, other))).assignee_id == viewer.id


async def test_gives_a_deal_to_the_first_active_viewer_when_the_assignee_has_left(tx: Transaction) -> None:
    left, away, here = [await make.user(tx, name) for name in ("Аліна", "Богдан", "Віра")]
    funnel = await make.funnel(tx, viewers=[away, here])
    source = await new_source(tx, funnel, assignee_id=str(left.id))
    for user in (left, away):
        await make.user(tx, user.name, id=user.id, active=False)

    assert (await deal_of(tx, await take_in(tx, source, requests.web_form()))).assignee_id == here.id


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
