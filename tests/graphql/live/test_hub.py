"""What is told of an event is made once for all who ask the same."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from services.graphql.engine.asked import Asked
from services.graphql.engine.document import Documents
from services.graphql.engine.execute import prepare
from services.graphql.live.hub import Kind, Telling, kind_of
from services.graphql.live.protocol import Next, write
from services.graphql.schema import executable
from services.graphql.viewer import Viewer
from shared import ids
from shared.actor import Actor, ActorKind, Permission

WATCH = """subscription ($id: ID!, $after: Cursor, $short: Boolean = false) {
    boardChanged(funnelId: $id, after: $after) { ... on BoardEvent { seq at @skip(if: $short) } } }"""
OWNER = ids.new()
DOCUMENTS = Documents(executable, introspection=False, suggestions=False)


def kind(*permissions: Permission, language: str = "uk", **variables: Any) -> Kind:
    operation = prepare(DOCUMENTS, Asked(WATCH, variables={"id": str(OWNER)} | variables))
    actor = Actor(ActorKind.USER, ids.new(), permissions=frozenset(permissions))
    return kind_of(operation, Viewer(actor, None, None, OWNER, None, datetime.now(UTC)), language)


def test_is_the_same_wherever_a_subscriber_begins() -> None:
    assert kind(after="a") == kind(after="b") == kind()


def test_differs_by_variables_rights_and_language() -> None:
    kinds = {
        kind(),
        kind(short=True),
        kind(short=False),
        kind(Permission.FUNNELS_MANAGE),
        kind(language="en"),
    }
    assert len(kinds) == 5


async def test_is_made_once_and_for_the_others_when_the_first_goes_away() -> None:
    telling, made, may_end = Telling(), [], asyncio.Event()

    async def make() -> bytes:
        await may_end.wait()
        made.append(1)
        return b"{}"

    asking = [asyncio.create_task(telling.once(kind(), make)) for _ in range(10)]
    await asyncio.sleep(0)
    asking[0].cancel()
    may_end.set()

    assert await asyncio.gather(*asking[1:]) == [b"{}"] * 9
    assert len(made) == 1


async def test_is_made_again_after_a_failure() -> None:
    telling = Telling()

    async def fail() -> bytes:
        raise ConnectionError

    async def make() -> bytes:
        return b"{}"

    with pytest.raises(ConnectionError):
        await telling.once(kind(), fail)
    await asyncio.sleep(0)

    assert await telling.once(kind(), make) == b"{}"


def test_takes_any_id_into_what_is_written_already() -> None:
    for id in ("1", 'a "quoted" ключ\n'):
        assert Next(id).of(b'{"data":1}') == write("next", id, {"data": 1})
