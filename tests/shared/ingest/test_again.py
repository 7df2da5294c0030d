"""What comes in again, and what cannot be taken in."""

from datetime import timedelta

import pytest

from shared.db import Transaction
from shared.ingest import InboxState, Request, SourceKind
from tests import make
from tests.samples import requests
from tests.shared.ingest.taking import counters, new_source, take_in


async def test_takes_the_same_call_once_for_ever(tx: Transaction) -> None:
    await make.module(tx, "telephony")
    source = await new_source(tx, await make.funnel(tx), kind=SourceKind.BINOTEL)

    await take_in(tx, source, requests.binotel_call())
    await make.clock(tx, timedelta(days=400))
    again = await take_in(tx, source, requests.binotel_call())

    assert (again.state, again.reason_code, again.deal_id) == (InboxState.DUPLICATE, "SEEN_BEFORE", None)
    assert await counters(tx, source) == (2, 1, 1, 0)


async def test_takes_the_same_form_again_after_ten_minutes(tx: Transaction) -> None:
    source, form = await new_source(tx, await make.funnel(tx), attach_to_open_deal=False), requests.web_form()
    states = []

    for minutes in (0, 9, 11):
        await make.clock(tx, timedelta(minutes=minutes))
        states.append((await take_in(tx, source, form)).state)

    assert states == [InboxState.CREATED, InboxState.DUPLICATE, InboxState.CREATED]


async def test_keeps_the_keys_of_sources_apart(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    one, other = [await new_source(tx, funnel, attach_to_open_deal=False) for _ in range(2)]

    states = [(await take_in(tx, source, requests.web_form())).state for source in (one, other)]

    assert states == [InboxState.CREATED, InboxState.CREATED]


async def test_takes_again_what_was_rejected(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    source = await new_source(tx, funnel)
    await tx.execute("UPDATE funnels SET archived = true WHERE id = $1", funnel.id)
    rejected = await take_in(tx, source, requests.web_form())
    await tx.execute("UPDATE funnels SET archived = false WHERE id = $1", funnel.id)

    taken = await take_in(tx, source, requests.web_form())

    assert (rejected.state, rejected.reason_code) == (InboxState.REJECTED, "FUNNEL_ARCHIVED")
    assert rejected.reason == (
        "Воронку джерела архівовано: відновіть її або дайте джерелу іншу, а тоді обробіть це ще раз."
    )
    assert taken.state is InboxState.CREATED
    assert await counters(tx, source) == (2, 1, 0, 1)


async def test_tells_why_it_ignores_a_call(tx: Transaction) -> None:
    source = await new_source(tx, await make.funnel(tx), kind=SourceKind.BINOTEL)

    item = await take_in(tx, source, requests.binotel_call(requestType="receivedTheCall"))

    assert (item.state, item.reason_code) == (InboxState.IGNORED, "NOT_COMPLETED")
    assert item.reason == "Угодами стають лише завершені дзвінки."
    assert item.payload["callDetails"]["externalNumber"] == "0990272198"
    assert await counters(tx, source) == (1, 0, 0, 0)


JSON = {"content-type": "application/json"}
POISON = [
    (Request(requests.URLENCODED, b"name=%00%00&phone=1"), "NO_TEXT"),
    (Request(requests.URLENCODED, b"name=a&%00=b"), "NO_TEXT"),
    (Request(requests.URLENCODED, b"name=%ED%A0%80&x=%C0%80"), "NO_TEXT"),
    (Request(requests.URLENCODED, b"name=" + b"\xff" * 900_000), "NO_TEXT"),
    (Request(requests.URLENCODED, b"phone=" + b"0" * 900_000), "TOO_LONG"),
    (Request(requests.URLENCODED, b"email=" + b"a@" * 400_000), "TOO_LONG"),
    (Request(requests.URLENCODED, b"name=a&" + b"x" * 900_000 + b"=1"), "TOO_LONG"),
    (Request(requests.URLENCODED, b"name=a&a" + b"[b]" * 500 + b"=1"), "TOO_DEEP"),
    (Request(requests.URLENCODED, b"[" * 900_000), "TOO_LONG"),
    (Request(requests.URLENCODED, b"&".join(b"a[]=%d" % n for n in range(10_000))), "TOO_MANY_FIELDS"),
    (Request(requests.MULTIPART, b"\x00\xff" * 1_000), "UNREADABLE"),
    (Request({"content-type": "\xff\x00; charset=\x00"}, b""), "NO_CONTACT"),
    (Request(JSON, b"[" * 500 + b"]" * 500), "UNREADABLE"),
    (Request(JSON, b"[" * 500_000), "TOO_DEEP"),
    (Request(JSON, b'{"name": ' + b'{"a":' * 500 + b"1" + b"}" * 501), "TOO_DEEP"),
    (Request(JSON, b'{"name": "a", "sum": NaN}'), "UNREADABLE"),
    (Request(JSON, b'{"name": "a", "sum": 1e999}'), "UNREADABLE"),
    (Request(JSON, b'{"name": "a", "sum": ' + b"9" * 5_000 + b"}"), "UNREADABLE"),
    (Request(JSON, b'{"name": "\\u0000"}'), "NO_TEXT"),
    (Request(JSON, b'{"name": "\\ud800"}'), "NO_TEXT"),
    (Request(JSON, b'{"name": "\xff"}'), "NO_TEXT"),
    (Request(JSON, b'{"name": "' + b"x" * 900_000 + b'"}'), "TOO_LONG"),
    (Request(JSON, b'{"name": [' + b"1," * 300_000 + b"1]}"), "TOO_MANY_FIELDS"),
    (Request(JSON, b"name=a"), "UNREADABLE"),
]


@pytest.mark.parametrize(("request_", "code"), POISON, ids=[str(number) for number in range(len(POISON))])
async def test_rejects_poison_at_the_first_attempt(tx: Transaction, request_: Request, code: str) -> None:
    source = await new_source(tx, await make.funnel(tx))

    item = await take_in(tx, source, Request({**request_.headers, "x": "\u00ff"}, request_.body))

    assert (item.state, item.reason_code, item.deal_id) == (InboxState.REJECTED, code, None)
    assert item.reason
    assert await counters(tx, source) == (1, 0, 0, 1)
