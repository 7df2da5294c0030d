"""Messages of graphql-transport-ws, the protocol of the npm package graphql-ws (its PROTOCOL.md), and its close codes.

Which of the codes a client should retry: 1001, 1006, 1012, 1013 and 4403; the others say that it has a bug.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from services.graphql.engine import asked
from services.graphql.engine.asked import Asked
from services.graphql.engine.encode import encode

NAME = "graphql-transport-ws"

BAD_MESSAGE = 4400
UNAUTHORIZED = 4401
FORBIDDEN = 4403
WRONG_PROTOCOL = 4406
INIT_TIMED_OUT = 4408
TAKEN_ID = 4409
TOO_MANY_INITS = TOO_MANY_CONNECTIONS = 4429
TRY_LATER = 1013

LONGEST_REASON = 123  # bytes (RFC 6455, 5.5)


class Close(Exception):
    """The socket must be closed, with a code that says why."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:LONGEST_REASON].decode(errors="ignore")  # an id of the client's may be in it


@dataclass(frozen=True, slots=True)
class Init:
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ping:
    payload: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Pong:
    pass


@dataclass(frozen=True, slots=True)
class Subscribe:
    id: str
    asked: Asked


@dataclass(frozen=True, slots=True)
class Complete:
    id: str


Message = Init | Ping | Pong | Subscribe | Complete


def read(text: str | None) -> Message:
    """Raises Close for what is no message of the protocol. None stands for binary data."""
    if text is None:
        raise Close(BAD_MESSAGE, "A message must be text.")
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Close(BAD_MESSAGE, "A message must be valid JSON.") from None
    if not isinstance(said, dict):
        raise Close(BAD_MESSAGE, "A message must be a JSON object.")
    match said.get("type"):
        case "connection_init":
            return Init(_payload(said) or {})
        case "ping":
            return Ping(_payload(said))
        case "pong":
            _payload(said)
            return Pong()
        case "subscribe":
            return _subscribe(said)
        case "complete":
            return Complete(_id(said))
    raise Close(BAD_MESSAGE, "There is no message of this type.")


def _subscribe(said: Mapping[str, Any]) -> Subscribe:
    try:
        return Subscribe(_id(said), asked.read(_payload(said)))
    except asked.Malformed as malformed:
        raise Close(BAD_MESSAGE, f"`payload`: {malformed}") from None


def _payload(said: Mapping[str, Any]) -> dict[str, Any] | None:
    payload = said.get("payload")
    if not isinstance(payload, dict | None):
        raise Close(BAD_MESSAGE, "`payload` must be an object.")
    return payload


def _id(said: Mapping[str, Any]) -> str:
    id = said.get("id")
    if not isinstance(id, str) or not id:
        raise Close(BAD_MESSAGE, "`id` must be a string that is not empty.")
    return id


class Next:
    """The `next` messages of one operation: what differs from the others' is its id, and that is spliced in."""

    __slots__ = ("_before",)

    def __init__(self, id: str) -> None:
        self._before = b'{"type":"next","id":' + orjson.dumps(id) + b',"payload":'

    def of(self, payload: bytes) -> bytes:
        """`payload` is JSON already."""
        return b"%b%b}" % (self._before, payload)


def write(type: str, id: str | None = None, payload: object = None) -> bytes:
    message: dict[str, object] = {"type": type}
    if id is not None:
        message["id"] = id
    if payload is not None:
        message["payload"] = payload
    return encode(message)
