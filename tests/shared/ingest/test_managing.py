"""Sources that change, items that are taken in again, payloads that are looked at, and what is forgotten."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from shared import ids, ingest
from shared.actor import Permission
from shared.db import Transaction
from shared.errors import InvalidInput, ModuleInactive, NotFound
from shared.ingest import Assignment, InboxState, Replay, Request, Source, SourceChanges, SourceKind
from tests import make
from tests.samples import requests
from tests.shared.ingest.taking import (
    BASE,
    CALLER,
    TRUST,
    VAULT,
    counters,
    deal_of,
    given,
    job,
    new_source,
    take_in,
)


async def change(tx: Transaction, source: Source, **changes: Any) -> ingest.OpenedSource:
    read = SourceChanges.read({"id": str(source.id)} | changes)
    return await ingest.update_source(tx, read, BASE, VAULT)


async def replay(tx: Transaction, *items: ingest.InboxItem) -> list[ingest.InboxItem]:
    """Asked for, and done."""
    for item in await ingest.replay(tx, Replay.read({"ids": [str(item.id) for item in items]})):
        await ingest.retry(tx, job(ingest.RETRY, item.id, tx.account_id))
    found = await ingest.get_items(tx, [item.id for item in items])
    return [found[item.id] for item in items]


# ─── changes ──────────────────────────────────────────────────────────────────────────────────────


async def test_changes_what_is_given(tx: Transaction) -> None:
    funnel, other, boss = await make.funnel(tx), await make.funnel(tx), await make.user(tx)
    source = await new_source(tx, funnel)

    named = await change(tx, source, name="Лендинг")
    whole = await change(
        tx,
        source,
        funnel_id=str(other.id),
        mapping={"title": "about"},
        assignee_id=str(boss.id),
        assignment=Assignment.ROUND_ROBIN,
        attach_to_open_deal=False,
        enabled=False,
    )

    assert named == ingest.OpenedSource(replace(source, name="Лендинг"), None, None)
    assert whole.source == replace(
        named.source,
        funnel_id=other.id,
        mapping={"title": "about"},
        assignee_id=boss.id,
        assignment=Assignment.ROUND_ROBIN,
        attach_to_open_deal=False,
        enabled=False,
    )
    assert await ingest.sources_of_account(tx) == [whole.source]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": " "}, ("name",)),
        ({"mapping": {"title": "a b"}}, ("mapping", "title")),
        *(({name: None}, (path,)) for name, path in (("name", "name"), ("assignee_id", "assigneeId"))),
        *(({name: None}, (path,)) for name, path in (("enabled", "enabled"), ("rotate_secret", "rotateSecret"))),
    ],
)
def test_refuses_changes_that_are_none(changes: dict[str, Any], path: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput) as refused:
        SourceChanges.read({"id": str(ids.new())} | changes)

    assert [problem.path for problem in refused.value.problems] == [path]


async def test_refuses_to_change_what_is_not_there(tx: Transaction) -> None:
    source = await new_source(tx, await make.funnel(tx))
    hidden = await make.funnel(tx)
    tx.actor = make.actor(await make.user(tx), Permission.SOURCES_MANAGE)

    for changes in ({"id": str(ids.new())}, {"funnel_id": str(hidden.id)}):
        with pytest.raises(NotFound):
            await change(tx, source, **changes)
    with pytest.raises(InvalidInput):
        await change(tx, source, assignee_id=str(ids.new()))
    await make.module(tx, usable_until=date(2020, 1, 1))
    with pytest.raises(ModuleInactive):
        await change(tx, source, assignee_id=str(ids.new()))


@pytest.mark.parametrize("kind", [SourceKind.FORM, SourceKind.JSON])
async def test_lets_the_old_secret_in_for_a_day_more(tx: Transaction, kind: SourceKind) -> None:
    source = await new_source(tx, await make.funnel(tx), kind=kind)

    opened = await change(tx, source, rotate_secret=True)

    assert opened.address == f"https://voronka.example.com/sources/{source.id}/{opened.secret}"
    new = replace(CALLER, secret=opened.secret)

    async def is_let_in(caller: ingest.Caller) -> bool:
        return await ingest.receive(tx, source.id, caller, requests.web_form(), TRUST) is kind

    assert [await is_let_in(caller) for caller in (new, CALLER)] == [True, True]
    await tx.execute(
        "UPDATE source_addresses SET former_until = former_until - interval '1 day' WHERE source_id = $1", source.id
    )
    assert [await is_let_in(caller) for caller in (new, CALLER)] == [True, False]


async def test_keeps_of_a_secret_only_what_its_kind_needs(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    kept = "SELECT sealed_secret, sealed_access_token FROM sources WHERE id = $1"

    form = await new_source(tx, funnel)
    facebook = await ingest.create_source(
        tx, given(funnel, kind=SourceKind.FACEBOOK_LEADS, access_token="EAAB-page"), BASE, VAULT
    )

    assert tuple(await tx.fetchrow(kept, form.id) or ()) == (None, None)
    sealed = await tx.fetchrow(kept, facebook.source.id)
    assert sealed is not None
    secret, token = sealed
    assert (VAULT.open(secret), VAULT.open(token)) == (facebook.secret, "EAAB-page")
    assert facebook.address == f"https://voronka.example.com/sources/{facebook.source.id}"


# ─── once more ────────────────────────────────────────────────────────────────────────────────────


async def test_takes_in_what_was_rejected_by_the_mapping_of_today(tx: Transaction) -> None:
    source = await new_source(tx, await make.funnel(tx), mapping={"contact.phone": "wrong", "contact.name": "wrong"})
    rejected = await take_in(tx, source, requests.form({"tel": "0501112233"}))
    assert (rejected.state, await counters(tx, source)) == (InboxState.REJECTED, (1, 0, 0, 1))
    await change(tx, source, mapping={"contact.phone": "tel"})

    (taken,) = await replay(tx, rejected)

    assert (taken.state, taken.reason, taken.attempts) == (InboxState.CREATED, None, 2)
    assert (await deal_of(tx, taken)).contact.phone == "+380501112233"
    assert await counters(tx, source) == (1, 1, 0, 0)
    assert await replay(tx, taken) == [taken]
    assert await counters(tx, source) == (1, 1, 0, 0)


async def test_changes_nothing_of_what_was_done(tx: Transaction) -> None:
    source = await new_source(tx, await make.funnel(tx))
    done = [await take_in(tx, source, requests.form(form)) for form in ({"phone": "0501112233"},) * 2]
    done.append(await take_in(tx, source, requests.form({"phone": "0501112233", "name": "Ігор"})))

    assert [item.state for item in done] == [InboxState.CREATED, InboxState.DUPLICATE, InboxState.ATTACHED]
    assert await replay(tx, *done) == done
    assert await counters(tx, source) == (3, 1, 1, 0)


async def test_rejects_again_what_is_still_wrong(tx: Transaction) -> None:
    source = await new_source(tx, await make.funnel(tx))
    rejected = await take_in(tx, source, requests.form({"noise": "x"}))

    (again,) = await replay(tx, rejected)

    assert again == replace(rejected, attempts=2)
    assert await counters(tx, source) == (1, 0, 0, 1)


async def test_replays_all_or_none(tx: Transaction) -> None:
    source = await new_source(tx, await make.funnel(tx))
    rejected = await take_in(tx, source, requests.form({"noise": "x"}))

    with pytest.raises(NotFound):
        await ingest.replay(tx, Replay((rejected.id, ids.new())))
    with pytest.raises(InvalidInput):
        Replay.read({"ids": []})

    assert (await ingest.get_items(tx, [rejected.id]))[rejected.id] == rejected


# ─── previews ─────────────────────────────────────────────────────────────────────────────────────


async def preview(tx: Transaction, source: Source, payload: str | bytes) -> ingest.Preview:
    text = payload if isinstance(payload, str) else payload.decode()
    shown = await ingest.preview(tx, source.id, text)
    assert shown is not None
    return shown


async def test_shows_what_a_form_would_become(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    source = await new_source(tx, funnel, mapping={"amount": "sum", "rooms": "rooms"})
    form = "phone=0501112233&name=Ігор&sum=12,5&rooms=3&comment=Так"

    shown = await preview(tx, source, form)

    deal = {
        "id": None,
        "title": "Ігор",
        "contact": {"name": "Ігор", "phone": "+380501112233", "email": None},
        "amount": {"amount": "12.50", "currency": "UAH"},
        "assigneeId": str(source.assignee_id),
        "source": "FORM",
        "externalId": None,
        "customFields": {"rooms": "3"},
        "note": "Так",
        "task": None,
    }
    assert (shown.state, shown.deal, shown.reason) == (InboxState.CREATED, deal, None)
    known = await deal_of(tx, await take_in(tx, source, Request(requests.URLENCODED, form.encode())))
    again = await preview(tx, source, '{"phone": "0501112233", "rooms": 4}')
    assert again.state is InboxState.ATTACHED
    assert again.deal is not None
    assert (again.deal["id"], again.deal["customFields"]) == (str(known.id), {"rooms": 4})
    assert (await ingest.inbox(tx)).count == 1


async def test_shows_why_nothing_would_become_of_it(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    source = await new_source(tx, funnel)
    call = await new_source(tx, funnel, kind=SourceKind.BINOTEL)

    for payload in ("", "noise=x", "[1]", "name=\0", "{", "name=\ud800"):
        assert (await preview(tx, source, payload)).state is InboxState.REJECTED
    assert (await preview(tx, call, "requestType=apiCallSettings")).state is InboxState.IGNORED
    waiting = await preview(tx, call, requests.binotel_call(disposition="BUSY").body)
    assert waiting.state is InboxState.WAITING
    assert waiting.deal is not None
    assert waiting.deal["task"] == "Передзвонити +380990272198"
    assert await ingest.preview(tx, ids.new(), "name=x") is None


async def test_shows_what_answers_of_facebook_would_become(tx: Transaction) -> None:
    await make.module(tx, "lead_ads")
    source = await new_source(tx, await make.funnel(tx), kind=SourceKind.FACEBOOK_LEADS)

    named = await preview(tx, source, requests.posted("facebook_leads").body)
    answers = await preview(tx, source, requests.posted("facebook_answers").body)

    assert (named.state, named.deal, named.reason is None) == (InboxState.RECEIVED, None, False)
    assert answers.state is InboxState.CREATED
    assert answers.deal is not None
    assert answers.deal["contact"]["name"] == "Богдан Лисенко"


# ─── retention ────────────────────────────────────────────────────────────────────────────────────


async def rows_of(tx: Transaction) -> tuple[int, int, int]:
    """Items, requests, keys."""
    found = await tx.fetchrow(
        """SELECT (SELECT count(*) FROM inbox_items WHERE account_id = $1),
                  (SELECT count(*) FROM intake WHERE account_id = $1),
                  (SELECT count(*) FROM inbox_keys WHERE account_id = $1)""",
        tx.account_id,
    )
    assert found is not None
    return found[0], found[1], found[2]


async def test_forgets_what_came_in_ninety_days_ago(tx: Transaction) -> None:
    await make.module(tx, "telephony")
    funnel = await make.funnel(tx)
    source, calls = await new_source(tx, funnel), await new_source(tx, funnel, kind=SourceKind.BINOTEL)
    for form in ({"name": "a"}, {"noise": "x"}):
        await take_in(tx, source, requests.form(form))
    await take_in(tx, calls, requests.binotel_call())
    due = await tx.fetch(
        "SELECT due_at - now() AS left FROM jobs WHERE account_id = $1 AND kind = $2", tx.account_id, ingest.FORGET
    )
    assert [row["left"].days for row in due] in ([90], [91])

    await make.clock(tx, timedelta(days=89))
    await ingest.forget(tx, job(ingest.FORGET, None, tx.account_id))
    assert await rows_of(tx) == (3, 3, 2)

    await make.clock(tx, timedelta(days=91))
    new = await take_in(tx, source, requests.form({"name": "b"}))
    await ingest.forget(tx, job(ingest.FORGET, None, tx.account_id))
    assert await rows_of(tx) == (1, 1, 2)
    assert (await ingest.inbox(tx)).items == [new]
    again = await take_in(tx, calls, requests.binotel_call())
    assert again.state is InboxState.DUPLICATE  # a service's own id is known for ever


async def test_keeps_what_still_waits(tx: Transaction) -> None:
    calls = await new_source(tx, await make.funnel(tx), kind=SourceKind.BINOTEL)
    waiting = await take_in(tx, calls, requests.binotel_call())

    await make.clock(tx, timedelta(days=400))
    await ingest.forget(tx, job(ingest.FORGET, None, tx.account_id))

    assert (await ingest.inbox(tx)).items == [waiting]
    assert await rows_of(tx) == (1, 1, 1)


async def test_forgets_so_many_a_turn(tx: Transaction, monkeypatch: pytest.MonkeyPatch) -> None:
    source = await new_source(tx, await make.funnel(tx))
    for number in range(3):
        await take_in(tx, source, requests.form({"name": f"{number}"}))
    await make.clock(tx, timedelta(days=91))
    monkeypatch.setattr("shared.ingest.retention.FORGOTTEN_AT_ONCE", 2)
    await tx.execute("DELETE FROM jobs WHERE account_id = $1", tx.account_id)

    left, asked_again = [], []
    for _ in range(3):
        await ingest.forget(tx, job(ingest.FORGET, None, tx.account_id))
        left.append((await rows_of(tx))[:2])
        asked_again.append(await tx.fetchval("SELECT count(*) FROM jobs WHERE account_id = $1", tx.account_id))

    assert left == [(1, 1), (0, 0), (0, 0)]
    assert asked_again == [1, 1, 1]
