"""A call becomes a deal: what comes in from outside is on the board a moment later, once, however often it is sent."""

import asyncio
import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from tests.samples.requests import binotel_call, web_form
from tests.scenarios.boards import fold, load, make_funnel
from tests.scenarios.people import newcomer
from tests.scenarios.senders import Source, counters, has_settled, inbox, make_source, post
from tests.scenarios.watching import watching
from tests.up import WORKERS, House

TIMES = 5  # a telephone exchange that is not sure sends again


async def test_a_call_and_a_form_become_deals_once(house: House, http: httpx.AsyncClient) -> None:
    olena = await newcomer(http, house)
    funnel = await make_funnel(olena)
    calls = await make_source(olena, "BINOTEL", funnel.id)
    forms = await make_source(olena, "FORM", funnel.id)
    assert calls.address.startswith(f"{house.addresses[0]}/sources/{calls.id}/")
    board = await load(olena, funnel.id)

    async with watching(olena.at(1), funnel.id, board.cursor) as watcher:
        with only_celery_works(house):
            called = await asyncio.gather(*(post(http, calls, binotel_call()) for _ in range(TIMES)))
            await watcher.has_seen(1)
            filled_in = await asyncio.gather(*(post(http, forms, web_form()) for _ in range(TIMES)))
            seen = await watcher.has_seen(3)  # the deal, and a note of what the form said
        assert [(answer.status_code, answer.json()) for answer in called] == [(200, {"status": "success"})] * TIMES
        assert [(answer.status_code, answer.json()) for answer in filled_in] == [(200, {"status": "accepted"})] * TIMES

        for source in (calls, forms):
            await has_settled(olena, source, TIMES)
            assert await counters(olena, source) == {"received": 5, "created": 1, "duplicates": 4, "rejected": 0}
            items = await inbox(olena, source)
            assert Counter(item["state"] for item in items) == {"CREATED": 1, "DUPLICATE": 4}
            made = [item["deal"]["id"] for item in items if item["deal"]]
            assert made == [event["deal"]["id"] for event in seen if is_made_by(event, source)]
        assert {item["externalId"] for item in await inbox(olena, calls)} == {"4683310794"}

    call, form, _ = (event["deal"] for event in seen)
    assert (call["title"], call["source"], call["sourceName"]) == ("Дзвінок +380990272198", "CALL", "Binotel")
    assert (form["title"], form["source"], form["sourceName"]) == ("Оксана Мельник", "FORM", "Form")
    assert form["contact"] == {"name": "Оксана Мельник", "phone": "+380501112233", "email": "oksana@example.com"}
    assert form["customFields"]["utm_source"] == "google"
    assert call["stage"] == form["stage"] == {"id": funnel.entry}
    assert [event["actor"]["kind"] for event in seen] == ["SOURCE"] * 3
    fold(board, seen)
    assert await load(olena, funnel.id) == board


def is_made_by(event: Mapping[str, Any], source: Source) -> bool:
    made: bool = event["__typename"] == "DealCreated" and event["actor"]["sourceName"] == source.name
    return made


@contextmanager
def only_celery_works(house: House) -> Iterator[None]:
    """The sweepers stand still meanwhile: whatever is done, a message brought it."""
    for which in range(WORKERS):
        house.signal("worker", signal.SIGSTOP, which)
    try:
        yield
    finally:
        for which in range(WORKERS):
            house.signal("worker", signal.SIGCONT, which)
