"""Which web pages may talk to us."""

import re
from pathlib import Path

import pytest

from services.graphql.requests import PREFLIGHT
from tests.client import Api
from tests.forks import PRODUCTION, another

HELLO = "{ __typename }"
ASKS = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization, content-type",
}
LOCAL = ["http://localhost:5173", "http://127.0.0.1", "https://[::1]:8443"]
FOREIGN = [
    "https://evil.example",
    "http://localhost.evil.example",
    "http://evil.example/localhost",
    "https://xlocalhost",
    "null",
]


@pytest.mark.parametrize("origin", LOCAL)
async def test_lets_local_pages_read_in_development(api: Api, origin: str) -> None:
    asked = await api.request("OPTIONS", "/graphql", headers={"origin": origin, **ASKS})
    answer = await api.graphql(HELLO, headers={"origin": origin})

    assert (asked.status, asked.headers["access-control-allow-origin"]) == (200, origin)
    assert {"authorization", "content-type"} <= set(
        re.split(", ?", asked.headers["access-control-allow-headers"].lower())
    )
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, origin)
    assert (
        answer.headers["access-control-expose-headers"]
        == "retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset"
    )
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("origin", FOREIGN)
async def test_lets_no_other_pages_read(api: Api, origin: str) -> None:
    asked = await api.request("OPTIONS", "/graphql", headers={"origin": origin, **ASKS})
    answer = await api.graphql(HELLO, headers={"origin": origin})

    assert asked.status == 400
    assert "access-control-allow-origin" not in asked.headers
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("header", [*PREFLIGHT, "accept-language", "traceparent", "tracestate"])
async def test_lets_pages_send_whatever_is_read(api: Api, header: str) -> None:
    asks = {"access-control-request-method": "GET", "access-control-request-headers": header}

    assert (await api.request("OPTIONS", "/graphql", headers={"origin": LOCAL[0], **asks})).status == 200


async def test_lets_pages_send_no_other_methods(api: Api) -> None:
    asks = ASKS | {"access-control-request-method": "DELETE"}

    assert (await api.request("OPTIONS", "/graphql", headers={"origin": LOCAL[0], **asks})).status == 400


async def test_in_production_only_listed_pages_read_and_nobody_is_told_the_schema(api: Api, tmp_path: Path) -> None:
    listed = "https://crm.example"
    async with another(api, tmp_path, **PRODUCTION, VORONKA_ORIGINS=listed) as production:
        for origin in (listed, *LOCAL, *FOREIGN, "https://crm.example.evil.example"):
            answer = await production.graphql(HELLO, headers={"origin": origin})
            assert answer.headers.get("access-control-allow-origin") == (listed if origin == listed else None)

        for query in ("{ __schema { types { name } } }", '{ __type(name: "Deal") { name } }'):
            answer = await production.graphql(query)
            assert ("data" in answer.body, set(answer.codes)) == (False, {"GRAPHQL_VALIDATION_FAILED"})
        for query in (
            "{ vieweer { user { id } } }",
            "{ __typename @skp(if: true) }",
            "{ funnels(firstt: 1) { totalCount } }",
        ):
            answer = await production.graphql(query)
            assert answer.codes == ["GRAPHQL_VALIDATION_FAILED"]
            assert "Did you mean" not in answer.text
        answer = await production.graphql(
            "query ($f: FunnelFilter) { funnels(filter: $f) { totalCount } }", {"f": {"serch": ""}}
        )
        assert answer.codes == ["BAD_USER_INPUT"]
        assert "Did you mean" not in answer.text


async def test_helps_with_names_in_development(api: Api) -> None:
    answer = await api.graphql("{ vieweer { user { id } } }")

    assert "Did you mean 'viewer'?" in answer.errors[0]["message"]
