"""A process dies at each point of each kind of write. The client asks another one, and it is done exactly once."""

import asyncio
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import sockets
from tests.client import Api
from tests.forks import mortal
from tests.proof.hands import FOLLOW, Hands, fold

POINTS = [
    "events.locked",
    "events.recording",
    "events.recorded",
    "db.committing",
    "db.committed",
    "db.delivered",
]
AT_ONCE = 3  # processes that live
CONTACT = {"name": "Іван"}
UAH = {"amount": "500.00", "currency": "UAH"}


@dataclass(frozen=True)
class Write:
    """A mutation that makes that many events."""

    mutation: str
    payload: str
    given: Callable[[Any, list[str]], Mapping[str, Any]]
    events: int


def creation(funnel: Any, ids: list[str]) -> Mapping[str, Any]:
    return {"funnelId": funnel["id"], "title": "Склад", "contact": CONTACT, "amount": UAH}


def change(funnel: Any, ids: list[str]) -> Mapping[str, Any]:
    return {"id": ids[0], "amount": UAH}


def move(funnel: Any, ids: list[str]) -> Mapping[str, Any]:
    return {"id": ids[0], "toStageId": funnel["stages"][2]["id"], "amount": UAH}


def bulk_move(funnel: Any, ids: list[str]) -> Mapping[str, Any]:
    return {"ids": ids, "toStageId": funnel["stages"][2]["id"]}


def archiving(funnel: Any, ids: list[str]) -> Mapping[str, Any]:
    return {"ids": ids}


def errand(funnel: Any, ids: list[str]) -> Mapping[str, Any]:
    return {"dealId": ids[0], "title": "Подзвонити"}


def deletion(funnel: Any, ids: list[str]) -> Mapping[str, Any]:
    return {"id": funnel["stages"][1]["id"], "moveDealsTo": funnel["stages"][2]["id"]}


def renaming(funnel: Any, ids: list[str]) -> Mapping[str, Any]:
    return {"id": funnel["id"], "name": "Продаж"}


EVERYWHERE = [
    Write("moveDeal", "deal { id version } seq cursor", move, 1),
    Write("moveDeals", "deals { id version } seq cursor", bulk_move, 2),
    Write("deleteStage", "funnel { id version }", deletion, 3),
    Write("updateFunnel", "funnel { id version }", renaming, 1),
]
DEATHS = [(point, write) for point in POINTS for write in EVERYWHERE] + [
    ("events.recording", Write("createDeal", "deal { id version } seq cursor", creation, 1)),
    ("db.committing", Write("addTask", "task { id }", errand, 1)),
    ("db.committed", Write("archiveDeals", "deals { id version }", archiving, 2)),
    ("db.delivered", Write("updateDeal", "deal { id version } seq cursor", change, 1)),
]


@dataclass(frozen=True)
class Story:
    """What was asked for, where the process dies of it, of which funnel, and how its board stood before."""

    point: str
    write: Write
    funnel: Any
    before: Any
    asked: Mapping[str, Any]

    async def ask(self, person: Hands) -> Any:
        return await person.do(self.write.mutation, self.write.payload, **self.asked)


async def test_is_done_once_wherever_the_process_dies(owner: Hands, other_api: Api, tmp_path: Path) -> None:
    living = asyncio.Semaphore(AT_ONCE)

    async def die(story: Story) -> None:
        async with living, mortal(owner.api, tmp_path, story.point) as dying:
            with pytest.raises(httpx.TransportError):
                await story.ask(owner.at(dying))

    stories = [await begin(owner, point, write) for point, write in DEATHS]
    async with sockets.signed_in(f"127.0.0.1:{owner.api.port}", owner.token) as socket:
        watched = [
            await socket.watch(story.funnel["id"], story.before["cursor"], story.funnel["id"], FOLLOW)
            for story in stories
        ]
        await asyncio.gather(*map(die, stories))
        for story, watching in zip(stories, watched, strict=True):
            await is_done_once(story, watching, owner.at(other_api))


async def begin(owner: Hands, point: str, write: Write) -> Story:
    """A funnel of its own with two deals on its second stage."""
    funnel = await owner.funnel()
    ids = [await owner.deal(funnel), await owner.deal(funnel)]
    await owner.do("moveDeals", "seq", ids=ids, toStageId=funnel["stages"][1]["id"])
    asked = {**write.given(funnel, ids), "idempotencyKey": f"{point} {write.mutation}"}
    return Story(point, write, funnel, await owner.board(funnel), asked)


async def is_done_once(story: Story, watching: sockets.Watching, person: Hands) -> None:
    first, again = await story.ask(person), await story.ask(person)
    shown, told = await person.board(story.funnel), (await person.log(story.funnel))[4:]
    seen = await watching.many(story.write.events + 1)
    await person.do("archiveFunnel", "funnel { id }", id=story.funnel["id"])
    last = await watching.next()

    assert first == again
    assert first["__typename"].endswith("Payload")
    assert [event["seq"] for event in told] == list(range(5, 5 + story.write.events))
    assert seen == [{"__typename": "BoardReady", "seq": 4}, *told]
    assert (last["__typename"], last["seq"]) == ("FunnelChanged", 5 + story.write.events)  # and nothing in between
    folded = deepcopy(story.before)
    fold(folded, told)
    assert folded == shown
