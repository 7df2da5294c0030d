"""How a stream of answers is written over HTTP."""

from typing import Protocol

from services.graphql.accept import Accepted
from services.graphql.engine.encode import encode
from services.graphql.live import protocol
from services.graphql.live.protocol import Close


class Framing(Protocol):
    """`begin` and `idle` say nothing. `is_cut`: whether an end that was not meant is told by a broken connection."""

    content_type: str
    begin: bytes
    idle: bytes
    complete: bytes
    is_cut: bool

    def next(self, body: bytes) -> bytes:
        """An answer, which is JSON already."""

    def farewell(self, close: Close) -> bytes:
        """Why it ends before it is complete."""


class Events:
    """Server-sent events, as graphql-sse's protocol has them for "distinct connections" (its PROTOCOL.md).

    Lines end with LF alone: urql looks for two of them. No client knows a stream that ended too early from one that is
    complete but by `complete` or by a connection that broke; so that is what they get.
    """

    content_type = Accepted.EVENTS.media_type
    begin = idle = b":\n\n"
    complete = b"event: complete\ndata:\n\n"  # with `data`, or EventSource would not fire
    is_cut = True

    def next(self, body: bytes) -> bytes:
        return b"event: next\ndata: %b\n\n" % body

    def farewell(self, close: Close) -> bytes:
        return f": {close.code} {close.reason}\n\n".encode()


class Parts:
    """Apollo's multipart subscriptions (its "Multipart Subscriptions Protocol", version 1.0).

    Each part ends with the next one's boundary: a client takes it for whole only then. What ends a stream too early is
    an error beside a `payload` of null; Apollo's RetryLink tries again then.
    """

    content_type = 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"'
    begin = b"\r\n--graphql"
    complete = b"--\r\n"
    is_cut = False

    def __init__(self) -> None:
        self.idle = _part({})

    def next(self, body: bytes) -> bytes:
        return b'%b{"payload":%b}%b' % (HEADER, body, self.begin)

    def farewell(self, close: Close) -> bytes:
        code = "UNAUTHENTICATED" if close.code == protocol.FORBIDDEN else "UNAVAILABLE"
        error = {"message": close.reason, "extensions": {"code": code, "closed": close.code}}
        return _part({"payload": None, "errors": [error]})


HEADER = b"\r\nContent-Type: application/json\r\n\r\n"


def _part(said: object) -> bytes:
    return HEADER + encode(said) + Parts.begin


def framing(accepted: Accepted) -> Framing:
    return Events() if accepted is Accepted.EVENTS else Parts()
