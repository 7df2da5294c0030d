"""A bug where nobody expects one is told by every wire as what it is: our fault, noted, and nothing of our insides."""

import re
from typing import Any

import httpx
import orjson
import pytest

from services.graphql import attempt as module
from services.graphql.auth import SignIn
from tests.graphql.live.house import Served
from tests.sockets import signed_in

SORRY = re.compile(r"Something went wrong on our side; it is noted as [0-9a-f]{32}\.")
QUERY = "{ __typename }"
JSON = "application/json; charset=utf-8"
GRAPHQL = "application/graphql-response+json; charset=utf-8"


def fail(*_given: Any) -> Any:
    raise ZeroDivisionError("of secret parts")


def is_masked(errors: list[dict[str, Any]]) -> bool:
    (error,) = errors
    return SORRY.fullmatch(error["message"]) is not None and error["extensions"] == {"code": "INTERNAL_SERVER_ERROR"}


async def asked(live: Served, accept: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        address = f"http://{live.address}/graphql"
        return await client.post(address, json={"query": QUERY}, headers={"accept": accept})


@pytest.mark.parametrize(("place", "name"), [(module, "prepare"), (SignIn, "viewer"), (module, "answer")])
@pytest.mark.parametrize(
    ("accept", "media_type"),
    [("application/json", JSON), ("application/graphql-response+json", GRAPHQL), ("text/event-stream", JSON)],
)
async def test_masks_a_bug_over_http(
    live: Served, monkeypatch: pytest.MonkeyPatch, place: Any, name: str, accept: str, media_type: str
) -> None:
    monkeypatch.setattr(place, name, fail)

    answer = await asked(live, accept)

    assert (answer.status_code, answer.headers["content-type"]) == (500, media_type)
    body = orjson.loads(answer.content)
    assert set(body) == {"errors"}
    assert is_masked(body["errors"])


async def test_masks_a_bug_over_a_socket_that_lives_on(live: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async with signed_in(live.address, None) as socket:
        with monkeypatch.context() as broken:
            broken.setattr(module, "prepare", fail)
            await socket.subscribe("1", QUERY)
            error = await socket.of("1")

        assert error["type"] == "error"
        assert is_masked(error["payload"])
        assert await socket.answer("1", QUERY) == {"__typename": "Query"}
