"""What comes in again, and what cannot be taken in."""

from datetime import timedelta

import pytest

from shared.db import Transaction
from shared.ingest import InboxState, Request, SourceKind
from tests import make
from tests.samples import requests
from tests.shared.ingest.taking import counters, new_source, take_in


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
