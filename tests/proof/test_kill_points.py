"""A process dies at each point of a write. The client asks again, and it is done exactly once."""

import asyncio
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared import crash
from tests import client, sockets
from tests.proof.hands import FOLLOW, Hands, fold

CONTACT = {"name": "Іван"}
UAH = {"amount": "500.00", "currency": "UAH"}


def creation(funnel: Any, ids: list[str]) -> Mapping[str, Any]:
    return {"funnelId": funnel["id"], "title": "Склад", "contact": CONTACT, "amount": UAH}


def change(funnel: Any, ids: list[str]) -> Mapping[str, Any]:
    return {"id": ids[0], "amount": UAH}


def move(funnel: Any, ids: list[str]) -> Mapping[str, Any]:
    return {"id": ids[0], "toStageId": funnel["stages"][1]["id"], "amount": UAH}


def bulk_move(funnel: Any, ids: list[str]) -> Mapping[str, Any]:
    return {"ids": ids, "toStageId": funnel["stages"][2]["id"]}


def archiving(funnel: Any, ids: list[str]) -> Mapping[str, Any]:
    return {"ids": ids}


def errand(funnel: Any, ids: list[str]) -> Mapping[str, Any]:
    return {"dealId": ids[0], "title": "Подзвонити"}


@dataclass(frozen=True)
class Death:
    """A mutation during which a process dies at a point. `events`: how many it makes."""

    point: str
    mutation: str
    payload: str
    given: Callable[[Any, list[str]], Mapping[str, Any]]
    events: int


DEATHS = [
    Death("events.locked", "moveDeal", "deal { id }", move, 1),
    Death("events.recording", "createDeal", "deal { id }", creation, 1),
    Death("events.recorded", "moveDeals", "deals { id }", bulk_move, 2),
    Death("db.committing", "addTask", "task { id }", errand, 1),
    Death("db.committed", "archiveDeals", "deals { id }", archiving, 2),
    Death("db.delivered", "updateDeal", "deal { id }", change, 1),
]


@dataclass(frozen=True)
class Story:
    """What was asked for, of which funnel, and how its board stood before."""

    death: Death
    funnel: Any
    before: Any
    asked: Mapping[str, Any]

    async def ask(self, person: Hands) -> Any:
        return await person.do(self.death.mutation, self.death.payload, **self.asked)


async def test_is_done_once_wherever_the_process_dies(owner: Hands, dsn: str, redis_url: str, tmp_path: Path) -> None:
    async def die(story: Story) -> None:
        async with client.api(tmp_path, dsn, redis_url, CRASH_AT=story.death.point) as dying:
            with pytest.raises(httpx.TransportError):
                await story.ask(owner.at(dying))
            assert dying.process.wait(10) == crash.EXIT_CODE

    stories = [await begin(owner, death) for death in DEATHS]
    async with sockets.signed_in(f"127.0.0.1:{owner.api.port}", owner.token) as socket:
        watched = [
            await socket.watch(story.funnel["id"], story.before["cursor"], story.death.point, FOLLOW)
            for story in stories
        ]
        await asyncio.gather(*map(die, stories))
        async with client.api(tmp_path, dsn, redis_url) as new:
            for story, watching in zip(stories, watched, strict=True):
                await is_done_once(story, watching, owner.at(new))


async def begin(owner: Hands, death: Death) -> Story:
    """A funnel of its own with two deals."""
    funnel = await owner.funnel()
    ids = [await owner.deal(funnel), await owner.deal(funnel)]
    asked = {**death.given(funnel, ids), "idempotencyKey": death.point}
    return Story(death, funnel, await owner.board(funnel), asked)


async def is_done_once(story: Story, watching: sockets.Watching, person: Hands) -> None:
    first, again = await story.ask(person), await story.ask(person)
    shown = await person.board(story.funnel)
    await person.do("archiveFunnel", "funnel { id }", id=story.funnel["id"])
    ready, *seen, last = await watching.many(story.death.events + 2)
    told = (await person.log(story.funnel))[2:-1]

    assert first == again
    assert first["__typename"].endswith("Payload")
    assert [event["seq"] for event in told] == list(range(3, 3 + story.death.events))
    assert ready == {"__typename": "BoardReady", "seq": 2}
    assert seen == told
    assert last["__typename"] == "FunnelChanged"  # and nothing in between
    folded = deepcopy(story.before)
    fold(folded, told)
    assert folded == shown
