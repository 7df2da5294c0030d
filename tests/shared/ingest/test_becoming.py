"""What leads and calls become: new deals, notes of open ones, tasks; and who gets them."""

import asyncio
from datetime import date
from uuid import UUID

import pytest

from shared import accounts, deals, events, ingest
from shared.db import Database, Transaction
from shared.ingest import Assignment, InboxState, Request, SourceKind
from tests import make
from tests.samples import requests
from tests.shared.ingest.taking import CALLER, TRUST, counters, deal_of, job, new_source, notes_of, take_in, tasks_of

CLIENT = deals.Contact("Оксана", "+380990272198", "Oksana@example.com")


@pytest.fixture
async def funnel(tx: Transaction) -> make.Funnel:
    await make.module(tx, "telephony")
    return await make.funnel(tx)


async def test_tells_an_open_deal_of_another_request_of_the_same_person(tx: Transaction, funnel: make.Funnel) -> None:
    known = await make.deal(tx, funnel, contact=CLIENT)
    source = await new_source(tx, funnel)
    form = {"name": "Оксана М.", "phone": "099 027 21 98", "comment": "Ще питання", "rooms": "3"}

    item = await take_in(tx, source, requests.form(form))

    assert (item.state, item.deal_id, item.reason) == (InboxState.ATTACHED, known.id, None)
    assert await notes_of(tx, known) == ["Ще одне звернення через Сайт\nОксана М.\n099 027 21 98\nrooms: 3\nЩе питання"]
    assert await counters(tx, source) == (1, 0, 0, 0)
    assert await make.column(tx, funnel.entry) == [known.id]
    assert (await events.after(tx, funnel.id, 0))[-1].actor.name == "Сайт"


async def test_finds_the_open_deal_by_the_address_when_there_is_no_phone(tx: Transaction, funnel: make.Funnel) -> None:
    known = await make.deal(tx, funnel, contact=CLIENT)
    source = await new_source(tx, funnel)

    by_email = await take_in(tx, source, requests.form({"email": "oksana@EXAMPLE.com"}))
    other_phone = await take_in(tx, source, requests.form({"email": "oksana@example.com", "phone": "0501112233"}))

    assert (by_email.state, by_email.deal_id) == (InboxState.ATTACHED, known.id)
    assert other_phone.state is InboxState.CREATED


async def test_makes_a_new_deal_when_none_is_open_here(tx: Transaction, funnel: make.Funnel) -> None:
    await make.deal(tx, funnel, contact=CLIENT, stage=funnel.won)
    archived = await make.deal(tx, funnel, contact=CLIENT)
    await deals.archive(tx, deals.Many((archived.id,)))
    await make.deal(tx, await make.funnel(tx), contact=CLIENT)
    source = await new_source(tx, funnel)

    assert (await take_in(tx, source, requests.form({"phone": "0990272198"}))).state is InboxState.CREATED


async def test_makes_a_second_deal_where_a_source_wants_it(tx: Transaction, funnel: make.Funnel) -> None:
    await make.deal(tx, funnel, contact=CLIENT)
    source = await new_source(tx, funnel, attach_to_open_deal=False)

    assert (await take_in(tx, source, requests.form({"phone": "0990272198"}))).state is InboxState.CREATED


async def test_tells_an_open_deal_of_an_incoming_call(tx: Transaction, funnel: make.Funnel) -> None:
    known = await make.deal(tx, funnel, contact=CLIENT)
    source = await new_source(tx, funnel, kind=SourceKind.BINOTEL)

    item = await take_in(tx, source, requests.binotel_call(billsec="77"))

    assert (item.state, item.deal_id) == (InboxState.ATTACHED, known.id)
    (note,) = await notes_of(tx, known)
    assert note.splitlines() == [
        "Вхідний дзвінок +380990272198",
        "Час: 2023-12-09 09:31:16",
        "Розмова: 1:17",
        "Запис: https://my.binotel.ua/?module=cdrs&action=generateFile&fileName=4683310794.mp3",
    ]
    assert await tasks_of(tx, known) == []


async def test_asks_to_call_back_whoever_was_missed(tx: Transaction, funnel: make.Funnel) -> None:
    boss = await make.user(tx, "Аліна")
    source = await new_source(tx, funnel, kind=SourceKind.BINOTEL, assignee_id=str(boss.id))
    missed = {"disposition": "NOANSWER", "billsec": "0"}

    first = await deal_of(tx, await take_in(tx, source, requests.binotel_call(**missed)))
    again = await take_in(
        tx, source, requests.binotel_call(generalCallID="2", linkToCallRecordInMyBusiness="", **missed)
    )

    assert (again.state, again.deal_id) == (InboxState.ATTACHED, first.id)
    tasks = await tasks_of(tx, first)
    assert [(task.title, task.assignee_id, task.done) for task in tasks] == [
        ("Передзвонити +380990272198", boss.id, False)
    ] * 2
    assert all(task.due_at is not None for task in tasks)
    assert await notes_of(tx, first) == ["Пропущений дзвінок +380990272198\nЧас: 2023-12-09 09:31:16"]
    assert first.custom_fields["answered"] is False


async def test_gives_the_task_to_who_has_the_deal_while_they_are_here(tx: Transaction, funnel: make.Funnel) -> None:
    here, gone = await make.user(tx, "Аліна"), await make.user(tx, "Богдан")
    source = await new_source(tx, funnel, kind=SourceKind.BINOTEL, assignee_id=str(here.id))
    missed = {"disposition": "BUSY"}
    known = await make.deal(tx, funnel, contact=CLIENT, assignee_id=gone.id)

    await take_in(tx, source, requests.binotel_call(**missed))
    await make.user(tx, "Богдан", id=gone.id, active=False)
    await take_in(tx, source, requests.binotel_call(generalCallID="2", **missed))

    assert {task.assignee_id for task in await tasks_of(tx, known)} == {here.id, gone.id}


async def test_takes_a_missed_call_in_when_a_deal_can_hold_no_more_tasks(tx: Transaction, funnel: make.Funnel) -> None:
    known = await make.deal(tx, funnel, contact=CLIENT)
    await tx.execute("UPDATE deals SET open_task_count = 100 WHERE id = $1", known.id)
    source = await new_source(tx, funnel, kind=SourceKind.BINOTEL)

    item = await take_in(tx, source, requests.binotel_call(disposition="BUSY"))

    assert (item.state, len(await notes_of(tx, known)), await tasks_of(tx, known)) == (InboxState.ATTACHED, 1, [])


async def test_tells_the_last_open_deal_of_an_outgoing_call_wherever_it_is(
    tx: Transaction, funnel: make.Funnel
) -> None:
    older, newer = await make.deal(tx, funnel, contact=CLIENT), await make.deal(tx, contact=CLIENT)
    source = await new_source(tx, funnel, kind=SourceKind.BINOTEL, attach_to_open_deal=False)

    item = await take_in(tx, source, requests.binotel_call(callType="1", disposition="NOANSWER"))

    assert (item.state, item.deal_id) == (InboxState.ATTACHED, newer.id)
    assert (await notes_of(tx, newer))[0].startswith("Вихідний дзвінок +380990272198 без відповіді\n")
    assert (await notes_of(tx, older), await tasks_of(tx, newer)) == ([], [])


async def test_makes_no_deal_of_an_outgoing_call(tx: Transaction, funnel: make.Funnel) -> None:
    source = await new_source(tx, funnel, kind=SourceKind.BINOTEL)

    item = await take_in(tx, source, requests.binotel_call(callType="1"))

    assert (item.state, item.reason_code, item.deal_id) == (InboxState.IGNORED, "OUTGOING_CALL", None)
    assert item.reason == "Вихідний дзвінок, а відкритої угоди з цим телефоном немає."
    assert await make.column(tx, funnel.entry) == []


async def test_gives_deals_to_the_viewers_in_turn(tx: Transaction) -> None:
    viewers = [await make.user(tx, name) for name in ("Віра", "Аліна", "Богдан")]
    funnel = await make.funnel(tx, viewers=viewers)
    source = await new_source(tx, funnel, assignment=Assignment.ROUND_ROBIN)

    async def take(number: int) -> str:
        made = await deal_of(tx, await take_in(tx, source, requests.form({"phone": f"05012345{number:02}"})))
        return next(user.name for user in viewers if user.id == made.assignee_id)

    first = [await take(number) for number in range(4)]
    await take_in(tx, source, requests.form({"phone": "0501234500", "name": "x"}))  # a note takes nobody's turn
    await make.user(tx, "Богдан", id=viewers[2].id, active=False)
    then = [await take(number) for number in range(4, 7)]

    assert first == ["Віра", "Аліна", "Богдан", "Віра"]
    assert then == ["Аліна", "Віра", "Аліна"]


@pytest.mark.parametrize(
    ("kind", "request_", "module"),
    [
        (SourceKind.BINOTEL, requests.binotel_call(), "telephony"),
        (SourceKind.RINGOSTAT, requests.fields_of("ringostat"), "telephony"),
        (SourceKind.PHONET, requests.posted("phonet"), "telephony"),
        (SourceKind.GOOGLE_LEADS, requests.posted("google_leads"), "lead_ads"),
    ],
)
async def test_lets_a_lead_wait_for_the_module_of_its_kind(
    tx: Transaction, kind: SourceKind, request_: Request, module: str
) -> None:
    await make.module(tx, "telephony", date(2020, 1, 1))
    source = await new_source(tx, await make.funnel(tx), kind=kind)

    waiting = await take_in(tx, source, request_)
    await ingest.resume_waiting(tx, job(accounts.RESUME_WAITING, None, tx.account_id))
    still = (await ingest.get_items(tx, [waiting.id]))[waiting.id]
    await make.module(tx, module)
    await ingest.resume_waiting(tx, job(accounts.RESUME_WAITING, None, tx.account_id))
    await ingest.retry(tx, job(ingest.RETRY, waiting.id, tx.account_id))

    assert (waiting.state, waiting.reason_code) == (InboxState.WAITING, "MODULE_INACTIVE")
    assert waiting.reason == f"Модуль {module} не активний: підключіть його в керуванні підпискою."
    assert still.state is InboxState.WAITING
    taken = (await ingest.get_items(tx, [waiting.id]))[waiting.id]
    assert (taken.state, taken.reason) == (InboxState.CREATED, None)


async def test_makes_one_deal_of_a_person_who_comes_from_everywhere_at_once(
    db: Database, account: accounts.Account
) -> None:
    async with db.transaction(account.id) as tx:
        await make.module(tx, "telephony")
        funnel = await make.funnel(tx)
        kinds = (SourceKind.BINOTEL, SourceKind.FORM, SourceKind.JSON, SourceKind.TILDA)
        call, *forms = [await new_source(tx, funnel, kind=kind) for kind in kinds]
    sent = [(call, requests.binotel_call())] * 2
    sent += [(source, requests.form({"phone": "099 027-21-98", "name": source.kind})) for source in forms[::2]] * 2
    sent += [(forms[1], Request(requests.JSON, b'{"phone": "0990272198"}'))] * 2
    intakes: list[UUID] = []
    for source, request in sent:
        async with db.transaction(None) as tx:
            assert await ingest.receive(tx, source.id, CALLER, request, TRUST)
            intakes.append(await tx.fetchval("SELECT id FROM intake WHERE source_id = $1 ORDER BY id DESC", source.id))

    async def perform(intake: UUID) -> None:
        async with db.transaction(account.id) as tx:
            await ingest.perform(tx, job(ingest.PERFORM, intake, account.id))

    await asyncio.gather(*map(perform, reversed(intakes)))

    async with db.transaction(account.id) as tx:
        states = sorted(item.state for item in (await ingest.inbox(tx)).items)
        assert states == ["ATTACHED"] * 3 + ["CREATED"] + ["DUPLICATE"] * 4
        assert len(await make.column(tx, funnel.entry)) == 1
