"""A deal moves live: whoever looks at the board sees it at once, in order, and misses nothing in a tunnel."""

import asyncio
import subprocess
from uuid import uuid4

import httpx

from services.local.paths import ROOT
from tests.scenarios.boards import Board, Event, fold, load, log_of, make_funnel
from tests.scenarios.people import RIGHTS, Person
from tests.scenarios.watching import watching
from tests.up import House

ACCOUNT = "account { id usableModules }"


async def test_a_deal_moves_live_on_every_screen(house: House, http: httpx.AsyncClient) -> None:
    crm = Person(http, house.addresses, await printed_token(house, "--service"))
    account = (await crm.do("createAccount", ACCOUNT, name="Оселя"))["account"]
    olena = Person(
        http,
        house.addresses,
        await printed_token(
            house,
            "--account",
            account["id"],
            "--user",
            str(uuid4()),
            "--name",
            "Олена",
            "--permissions",
            ",".join(RIGHTS),
        ),
    )
    await olena.do("startTrial", "module { usable }", moduleCode="sales_funnel")
    funnel = await make_funnel(olena)
    board = await load(olena, funnel.id)
    assert (board.seq, board.deals) == (0, {})

    async with (
        watching(olena.at(0), funnel.id, board.cursor) as office,
        watching(olena.at(1), funnel.id, board.cursor) as home,
    ):
        flat = await make_deal(olena, funnel.id, "Квартира на Подолі")
        assert told(await office.has_seen(1)) == told(await home.has_seen(1)) == [("DealCreated", flat, funnel.entry)]
        house_deal = await make_deal(olena.at(1), funnel.id, "Будинок в Ірпені")
        await olena.do("moveDeal", "seq", id=flat, toStageId=funnel.own[0])
        await olena.at(1).do("moveDeal", "seq", id=house_deal, toStageId=funnel.own[0], place={"after": flat})
        await office.has_seen(4)
        await home.has_seen(4)

        office.cut()
        home.cut()
        price = {"amount": "128000.00", "currency": "UAH"}
        await olena.do("moveDeal", "seq", id=flat, toStageId=funnel.won, amount=price)
        await olena.do("moveDeal", "seq", id=house_deal, toStageId=funnel.lost, lossReasonId=funnel.reason)

        seen = await office.has_seen(6)
        assert await home.has_seen(6) == seen
        assert (office.comebacks, home.comebacks) == (1, 1)

    assert told(seen) == [
        ("DealCreated", flat, funnel.entry),
        ("DealCreated", house_deal, funnel.entry),
        ("DealMoved", flat, funnel.own[0]),
        ("DealMoved", house_deal, funnel.own[0]),
        ("DealMoved", flat, funnel.won),
        ("DealMoved", house_deal, funnel.lost),
    ]
    assert [event["deal"]["status"] for event in seen] == ["OPEN"] * 4 + ["WON", "LOST"]
    assert {event["actor"]["user"]["name"] for event in seen} == {"Олена"}
    assert seen == await log_of(olena, funnel.id)
    await snapshot_and_events_are_the_board(olena, board, seen, funnel.id)


async def snapshot_and_events_are_the_board(
    person: Person, snapshot: Board, events: list[Event], funnel_id: str
) -> None:
    fold(snapshot, events)
    now = [await load(person.at(which), funnel_id) for which in range(len(person.addresses))]
    assert now == [snapshot] * len(now)


async def make_deal(person: Person, funnel_id: str, title: str) -> str:
    given = {"funnelId": funnel_id, "title": title, "contact": {"name": "Ганна", "phone": "050 123 45 67"}}
    id: str = (await person.do("createDeal", "deal { id }", **given))["deal"]["id"]
    return id


def told(events: list[Event]) -> list[tuple[str, str, str]]:
    """What happened, to which deal, and where it stood then."""
    return [(event["__typename"], event["deal"]["id"], event["deal"]["stage"]["id"]) for event in events]


async def printed_token(house: House, *words: str) -> str:
    """The last line of `./dev token`."""
    command = [str(ROOT / "dev"), "token", "--state", str(house.folder), *words]
    said = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    return said.stdout.splitlines()[-1]
