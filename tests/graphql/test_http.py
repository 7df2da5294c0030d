"""GraphQL over HTTP: methods, media types, bodies, statuses."""

from typing import Any

import httpx
import pytest

from tests.client import Answer, Api

JSON = "application/json; charset=utf-8"
GRAPHQL = "application/graphql-response+json; charset=utf-8"
HELLO = {"query": "{ __typename }"}
QUERY = {"__typename": "Query"}
MUTATION = """mutation { createAccount(input: {name: "Не буде"}) { __typename } }"""
PREFLIGHT = {"apollo-require-preflight": "true"}


def is_refused(answer: Answer, status: int) -> bool:
    """By HTTP itself: nothing was executed."""
    assert (answer.status, "data" in answer.body, answer.codes) == (status, False, ["BAD_USER_INPUT"]), answer.text
    return True


async def test_answers_a_query(api: Api) -> None:
    answer = await api.post(HELLO)

    assert (answer.status, answer.headers["content-type"], answer.data) == (200, JSON, QUERY)
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"42",
        b"null",
        b"true",
        b'"{ __typename }"',
        b"[]",
        b'[{"query": "{ __typename }"}]',
        b"{}",
        b'{"query": null}',
        b'{"query": 7}',
        b'{"query": ""}',
        b'{"query": "  \\n"}',
        b'{"query": "{ __typename }", "variables": []}',
        b'{"query": "{ __typename }", "variables": "{}"}',
        b'{"query": "{ __typename }", "variables": 0}',
        b'{"query": "{ __typename }", "operationName": 7}',
        b'{"query": "{ __typename }", "extensions": "x"}',
        b'{"query": "{ __typename }", "variables": {"x": NaN}}',
        b'{"query": "{ __typename }", "variables": {"x": Infinity}}',
        b'{"query": "{ __typename }", "variables": {"x": "\\ud800"}}',
        b'{"query": "{ __typename }"',
        b'{"query": "\xff\xfe"}',
        b"\xef\xbb\xbf" + b'{"query": "{ __typename }"}',
        b'{"query": "{ __typename }", "variables": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"x":' * 40_000 + b"1" + b"}" * 40_000,
    ],
    ids=lambda body: body[:40].decode(errors="replace"),
)
async def test_refuses_a_body_that_is_no_request(api: Api, body: bytes) -> None:
    assert is_refused(await api.post(body), 400)
    assert is_refused(await api.post(body, headers={"accept": "application/graphql-response+json"}), 400)


async def test_takes_what_is_null_for_what_is_left_out(api: Api) -> None:
    answer = await api.post(HELLO | {"variables": None, "operationName": None, "extensions": None, "else": 1})

    assert answer.data == QUERY


async def test_takes_256_kilobytes_and_no_more(api: Api) -> None:
    most = 262_144
    spare = len(b'{"query":"{ __typename }","pad":""}')

    assert (await api.post(HELLO | {"pad": "x" * (most - spare)})).data == QUERY
    assert is_refused(await api.post(HELLO | {"pad": "x" * (most - spare + 1)}), 413)
    assert is_refused(await api.post(b"x" * 300_000), 413)


async def test_stops_reading_a_body_that_does_not_end(api: Api) -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while True:
            sent += 65_536
            yield b"x" * 65_536

    try:
        response = await api.http.post("/graphql", content=endless(), headers={"content-type": "application/json"})
    except httpx.NetworkError:  # it has hung up while we were still talking
        pass
    else:
        assert response.status_code == 413
    assert sent < 20_000_000  # what the sockets between us hold


@pytest.mark.parametrize(
    "media_type",
    [
        "",
        "text/plain",
        "application/graphql",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/json2; charset=utf-8",
        "x-application/json",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        "application/json, application/json",
    ],
)
async def test_takes_nothing_but_json(api: Api, media_type: str) -> None:
    assert is_refused(await api.post(HELLO, headers={"content-type": media_type}), 415)


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "Application/JSON",
        "application/json ; charset=utf-8",
        'application/json;charset="UTF-8"',
        "application/json; charset=utf8; x=y",
    ],
)
async def test_takes_json_however_it_is_written(api: Api, media_type: str) -> None:
    assert (await api.post(HELLO, headers={"content-type": media_type})).data == QUERY


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_takes_get_and_post_only(api: Api, method: str) -> None:
    answer = await api.request(method, "/graphql", headers={"content-type": "application/json"}, content=b"{}")

    assert is_refused(answer, 405)
    assert answer.headers["allow"] == "GET, POST"


async def test_answers_a_query_by_get(api: Api) -> None:
    params = {
        "query": "query A { __typename } query B($name: String!) { __type(name: $name) { name } }",
        "operationName": "B",
        "variables": '{"name": "Deal"}',
    }

    for headers in (PREFLIGHT, {"x-apollo-operation-name": "B"}, {"content-type": "application/json"}):
        answer = await api.request("GET", "/graphql", params=params, headers=headers)
        assert (answer.status, answer.data) == (200, {"__type": {"name": "Deal"}})


@pytest.mark.parametrize(
    "headers",
    [{}, {"content-type": "text/plain"}, {"content-type": "multipart/form-data"}],
    ids=str,
)
async def test_takes_no_get_that_any_web_page_could_send(api: Api, headers: dict[str, str]) -> None:
    assert is_refused(await api.request("GET", "/graphql", params=HELLO, headers=headers), 400)


async def test_takes_a_get_that_no_other_web_page_could_send(api: Api) -> None:
    """A token is such a word too: urql sends its queries so, and says nothing else."""
    for headers in (
        {"authorization": f"Bearer {api.service()}"},
        {"graphql-require-preflight": "1"},
        {"apollo-require-preflight": ""},
    ):
        assert (await api.request("GET", "/graphql", params=HELLO, headers=headers)).data == QUERY
    # What a browser adds by itself is none.
    basic = {"authorization": "Basic dTpw", "cookie": "session=1"}
    assert is_refused(await api.request("GET", "/graphql", params=HELLO, headers=basic), 400)


async def test_takes_no_broken_parameters(api: Api) -> None:
    for params in (
        {},
        {"query": ""},
        HELLO | {"variables": "{"},
        HELLO | {"variables": "7"},
        HELLO | {"variables": "[]"},
    ):
        assert is_refused(await api.request("GET", "/graphql", params=params, headers=PREFLIGHT), 400)


async def test_never_changes_anything_by_get(api: Api) -> None:
    params = {"query": f"query A {{ __typename }} {MUTATION.replace('mutation', 'mutation B')}", "operationName": "B"}

    answer = await api.request("GET", "/graphql", api.service(), PREFLIGHT, params=params)
    assert is_refused(answer, 405)
    assert answer.headers["allow"] == "POST"
    answer = await api.request("GET", "/graphql", api.service(), PREFLIGHT, params=params | {"operationName": "A"})
    assert answer.data == QUERY


async def test_wants_to_know_which_of_several_operations(api: Api) -> None:
    both = {"query": "query A { __typename } query B { me: __typename }"}

    assert (await api.post(both | {"operationName": "B"})).data == {"me": "Query"}
    assert (await api.post(HELLO | {"operationName": ""})).data == QUERY
    for name in (None, "", "C"):
        answer = await api.post(both | {"operationName": name})
        assert (answer.status, "data" in answer.body, answer.codes) == (200, False, ["BAD_USER_INPUT"])
        assert "one of A, B." in answer.text
    answer = await api.post(HELLO | {"operationName": "A"})
    assert answer.codes == ["BAD_USER_INPUT"]
    assert "none of them has a name, so leave it out." in answer.text


async def test_sends_subscriptions_to_where_they_go(api: Api) -> None:
    subscription = 'subscription { boardChanged(funnelId: "x") { __typename } }'
    for accept, status in (("application/json", 200), ("application/graphql-response+json", 400)):
        answer = await api.graphql(subscription, token=api.service(), headers={"accept": accept})
        assert (answer.status, "data" in answer.body, answer.codes) == (status, False, ["BAD_USER_INPUT"])
        assert "text/event-stream" in answer.errors[0]["message"]


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/json", JSON),
        ("application/graphql-response+json", GRAPHQL),
        ("application/graphql-response+json, application/json", GRAPHQL),
        ("application/json, application/graphql-response+json", JSON),
        ("application/graphql-response+json;q=0.1, application/json;q=0.2", JSON),
        ("application/graphql-response+json;q=0.2, application/json;q=0.1", GRAPHQL),
        ("application/json;q=0, */*", GRAPHQL),
        ("APPLICATION/GRAPHQL-RESPONSE+JSON", GRAPHQL),
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/html, */*;q=0.1", JSON),
        ("application/graphql-response+json; charset=utf-8, application/json; charset=utf-8", GRAPHQL),
        ("application/graphql-response+json, application/json, text/event-stream", GRAPHQL),
    ],
)
async def test_answers_as_the_client_reads(api: Api, accept: str, media_type: str) -> None:
    answer = await api.post(HELLO, headers={"accept": accept})

    assert (answer.status, answer.headers["content-type"], answer.data) == (200, media_type, QUERY)


async def test_reads_what_a_client_accepts_on_several_lines_as_on_one(api: Api) -> None:
    """RFC 9110, 5.3."""
    lines = [("accept", "text/html"), ("accept", "application/json;q=0.1"), ("accept", "application/*;q=0.5")]

    answer = await api.http.post("/graphql", json=HELLO, headers=lines)

    assert (answer.status_code, answer.headers["content-type"]) == (200, GRAPHQL)


@pytest.mark.parametrize(
    "accept", ["text/plain", "application/xml", "application/json;q=0", "text/*", "image/png, */*;q=0"]
)
async def test_says_when_the_client_reads_nothing_of_ours(api: Api, accept: str) -> None:
    assert is_refused(await api.post(HELLO, headers={"accept": accept}), 406)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nobody }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query ($id: ID!) { node(id: $id) { id } }"}, "BAD_USER_INPUT"),
        ({"query": "query ($id: ID!) { node(id: $id) { id } }", "variables": {"id": [1]}}, "BAD_USER_INPUT"),
        ({"query": "query A { __typename } query B { __typename }"}, "BAD_USER_INPUT"),
    ],
    ids=str,
)
async def test_says_by_the_status_what_was_not_executed(api: Api, request_: dict[str, Any], code: str) -> None:
    for accept, status in (("application/json", 200), ("application/graphql-response+json", 400)):
        answer = await api.post(request_, headers={"accept": accept})
        assert (answer.status, "data" in answer.body, answer.codes) == (status, False, [code])


async def test_says_by_no_status_that_a_field_failed(api: Api) -> None:
    answer = await api.graphql("{ viewer { user { id } } }", headers={"accept": "application/graphql-response+json"})

    assert (answer.status, answer.body["data"], answer.codes) == (200, {"viewer": None}, ["UNAUTHENTICATED"])
