"""A busy hour in a funnel: people make and move deals while calls and forms come in, all of them insisting."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from tests.samples.requests import binotel_call, form
from tests.scenarios.boards import Board, Event, Funnel, fold, load, log_of, make_funnel
from tests.scenarios.people import Person
from tests.scenarios.senders import Source, counters, has_settled, inbox, make_source, send

CONTACT = {"name": "Ганна"}


@dataclass
class Place:
    """Where work is done. `acknowledged`: the numbers and the deals of the changes whose answers came back."""

    person: Person
    funnel: Funnel
    before: Board
    calls: Source
    forms: Source
    acknowledged: list[tuple[int, str]] = field(default_factory=list)
    made: list[str] = field(default_factory=list)  # titles
    sent: Counter[str] = field(default_factory=Counter)  # taken requests, by the source's name

    @property
    def changes(self) -> int:
        """How many events all this comes to."""
        return len(self.acknowledged) + self.sent.total()


async def open_place(person: Person) -> Place:
    funnel = await make_funnel(person)
    calls = await make_source(person, "BINOTEL", funnel.id)
    forms = await make_source(person, "FORM", funnel.id)
    return Place(person, funnel, await load(person, funnel.id), calls, forms)


async def work(place: Place, people: int, deals: int, requests: int) -> None:
    """Each of the people brings so many deals to their end; so many calls come in, and as many forms."""
    http = place.person.http
    await asyncio.gather(
        *(_person(place, number, deals) for number in range(people)),
        _exchange(http, place, requests),
        _page(http, place, requests),
    )


async def make_deal(place: Place, which: int, title: str) -> str:
    """By that API process first. Its id."""
    given = {"funnelId": place.funnel.id, "title": title, "contact": CONTACT}
    made = await place.person.at(which).insist("createDeal", "deal { id } seq", **given)
    deal_id: str = made["deal"]["id"]
    place.made.append(title)
    place.acknowledged.append((made["seq"], deal_id))
    return deal_id


async def _person(place: Place, number: int, deals: int) -> None:
    which, funnel = number % len(place.person.addresses), place.funnel
    for count in range(deals):
        deal_id = await make_deal(place, which, f"Угода {number}.{count}")
        ending = {"toStageId": funnel.lost, "lossReasonId": funnel.reason} if count % 2 else {"toStageId": funnel.won}
        for step in ({"toStageId": funnel.own[0]}, {"toStageId": funnel.own[1], "place": {"bottom": True}}, ending):
            moved = await place.person.at(which).insist("moveDeal", "seq", id=deal_id, **step)
            place.acknowledged.append((moved["seq"], deal_id))


async def _exchange(http: httpx.AsyncClient, place: Place, requests: int) -> None:
    for number in range(requests):
        await send(http, place.calls, binotel_call(generalCallID=str(number), externalNumber=f"05012345{number:02}"))
        place.made.append(f"Дзвінок +3805012345{number:02}")
        place.sent[place.calls.name] += 1


async def _page(http: httpx.AsyncClient, place: Place, requests: int) -> None:
    for number in range(requests):
        await send(http, place.forms, form({"name": f"Відвідувач {number}"}))
        place.made.append(f"Відвідувач {number}")
        place.sent[place.forms.name] += 1


async def everything_was_done_once(place: Place, seen: Sequence[Sequence[Event]]) -> None:
    """What was acknowledged is there, nothing is there twice, and each of the watchers has `seen` all of it."""
    person = place.person
    for source in (place.calls, place.forms):
        received = (await counters(person, source))[
            "received"
        ]  # more than were taken: an answer may not have come back
        await has_settled(person, source, received)
        states = Counter(item["state"] for item in await inbox(person, source))
        assert states["CREATED"] == place.sent[source.name]
        assert states.total() == states["CREATED"] + states["DUPLICATE"] == received

    log = await log_of(person, place.funnel.id)
    assert [event["seq"] for event in log] == list(range(1, place.changes + 1))
    by_people = [(event["seq"], event["deal"]["id"]) for event in log if event["actor"]["kind"] == "USER"]
    assert by_people == sorted(place.acknowledged)
    titles = [event["deal"]["title"] for event in log if event["__typename"] == "DealCreated"]
    assert sorted(titles) == sorted(place.made)
    assert all(events == log for events in seen)

    fold(place.before, log)
    for which in range(len(person.addresses)):
        assert await load(person.at(which), place.funnel.id) == place.before
    steps = Counter(deal_id for _, deal_id in place.acknowledged)
    assert {id: deal["version"] for id, deal in place.before.deals.items() if id in steps} == steps
