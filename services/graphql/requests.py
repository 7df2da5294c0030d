"""Reading a GraphQL request that came over HTTP (GraphQL over HTTP, 5): what is asked, or why it is none."""

from email.message import Message
from functools import lru_cache
from typing import Any

import orjson
from starlette.requests import Request

from services.graphql.bodies import TooLarge, read_body
from services.graphql.engine import asked
from services.graphql.engine.asked import Asked

LARGEST_BODY = 262_144  # bytes
PATIENCE = 5.0  # seconds to send it
MOST_KINDS = 64  # content types that are remembered
PREFLIGHT = ("apollo-require-preflight", "x-apollo-operation-name", "graphql-require-preflight")
BAD = "BAD_USER_INPUT"


class Refused(Exception):
    """The request is none that could be executed, by HTTP's own rules."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.code, self.headers = status, code, headers


class Malformed(Refused):
    """It came over HTTP as it should, and is no GraphQL request."""

    def __init__(self, message: str) -> None:
        super().__init__(400, BAD, message)


async def read(request: Request) -> Asked:
    """Raises Refused, and Starlette's ClientDisconnect."""
    if request.method == "GET":
        return _asked(_parameters(request))
    if request.method != "POST":
        raise Refused(405, BAD, "Send the operation by POST.", Allow="GET, POST")
    if not _is_json(request):
        raise Refused(415, BAD, "Send the operation as content-type: application/json, in UTF-8.")
    return _asked(_json(await _body(request)))


def _parameters(request: Request) -> dict[str, Any]:
    """Of the URL."""
    if not _had_preflight(request):
        raise Refused(400, BAD, "A query by GET needs the header apollo-require-preflight: true.")
    said: dict[str, Any] = dict(request.query_params)
    for name in ("variables", "extensions"):
        if said.get(name):
            said[name] = _json(said[name].encode())
    return said


def _had_preflight(request: Request) -> bool:
    """Whether it says what no page of another origin can say without asking first (CSRF).

    A token is such a word too, and all that urql says; what a browser adds by itself is never a bearer's.
    """
    return (
        _is_json(request)
        or any(name in request.headers for name in PREFLIGHT)
        or request.headers.get("authorization", "").lower().startswith("bearer ")
    )


def _asked(said: object) -> Asked:
    try:
        request = asked.read(said)
    except asked.Malformed as malformed:
        raise Malformed(str(malformed)) from None
    if request.text is not None and not request.text.strip():
        raise Malformed("`query` must be a GraphQL document.")
    return request


def _is_json(request: Request) -> bool:
    return _names_json(request.headers.get("content-type", ""))


@lru_cache(MOST_KINDS)
def _names_json(content_type: str) -> bool:
    said = Message()
    said["content-type"] = content_type.replace("\r", "").replace("\n", "")
    return said.get_content_type() == "application/json" and said.get_content_charset("utf-8") in ("utf-8", "utf8")


def _json(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Refused(400, BAD, "The request is not valid JSON.") from None


async def _body(request: Request) -> bytes:
    try:
        return await read_body(request, LARGEST_BODY, PATIENCE)
    except TooLarge:
        raise Refused(413, BAD, f"At most {LARGEST_BODY} bytes, please.", Connection="close") from None
    except TimeoutError:
        raise Refused(408, BAD, "The request took too long to arrive.", Connection="close") from None
