"""Somebody of a filled account, who asks over HTTP or over a socket, and what they are told, without the id asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from services.graphql.engine.limits import MOST_ALIASES
from shared import ids
from shared.actor import Permission
from shared.db import Database
from tests import make
from tests.client import Api
from tests.graphql.filled import Filled, fill
from tests.graphql.surface import Document
from tests.sockets import Socket, signed_in

ASKED = "<what was asked for>"


@dataclass(frozen=True)
class Talker:
    """`it`: what there is that they see."""

    api: Api
    token: str
    it: Filled

    async def ask(self, transport: str, text: str, each: Sequence[Mapping[str, Any]]) -> list[Any]:
        """The answers to a document with each of these variables; of a subscription, what is told first."""
        if transport == "HTTP":
            return [(await self.api.graphql(text, variables, self.token)).body for variables in each]
        async with signed_in(f"127.0.0.1:{self.api.port}", self.token) as socket:
            return [await _told(socket, str(index), text, variables) for index, variables in enumerate(each)]

    async def do(self, transport: str, document: Document, inputs: Sequence[Any]) -> list[Any]:
        """What a mutation answers to each of these inputs."""
        if len(inputs) > MOST_ALIASES:
            head, rest = inputs[:MOST_ALIASES], inputs[MOST_ALIASES:]
            return [*await self.do(transport, document, head), *await self.do(transport, document, rest)]
        variables = {f"input{index}": one for index, one in enumerate(inputs)}
        (body,) = await self.ask(transport, document.times(len(inputs)), [variables])
        assert "errors" not in body, body
        return [body["data"][f"a{index}"] for index in range(len(inputs))]


async def _told(socket: Socket, id: str, text: str, variables: Mapping[str, Any]) -> Any:
    await socket.subscribe(id, text, variables)
    message = await socket.of(id)
    return {"errors": message["payload"]} if message["type"] == "error" else message["payload"]


async def somebody(
    api: Api,
    db: Database,
    account_id: UUID | None = None,
    permissions: tuple[Permission, ...] = tuple(Permission),
) -> Talker:
    """A new person with a filled part of an account, or with a filled account of their own."""
    person_id = ids.new()
    home = account_id or (await make.account(db, test=True)).id
    it = await fill(db, home, person_id, buys=account_id is None)
    return Talker(api, api.person(home, *permissions, user_id=person_id), it)


def without(answer: Any, asked: str) -> str:
    """An answer as a text from which nobody can tell which id was asked for."""
    return orjson.dumps(answer).decode().replace(asked, ASKED)


def refusal(done: Any) -> Any:
    """What a mutation was refused with; of one that was not, its type."""
    return done["__typename"] if done["__typename"].endswith("Payload") else done
