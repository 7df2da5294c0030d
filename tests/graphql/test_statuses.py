"""Which form of an answer a client gets, and with which status."""

from typing import Any

import pytest

from services.graphql.accept import Accepted, Choice, choose
from services.graphql.engine.execute import Answer
from services.graphql.requests import BAD, Malformed, Refused
from services.graphql.responses import refuse, respond

APOLLO = "application/graphql-response+json,application/json;q=0.9"
APOLLO_SUBSCRIBES = f"multipart/mixed;boundary=graphql;subscriptionSpec=1.0,{APOLLO}"
URQL = (
    "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"
)
URQL_SUBSCRIBES = "text/event-stream, multipart/mixed"
GRAPHQL, JSON, EVENTS, PARTS = Accepted


@pytest.mark.parametrize(
    ("accept", "once", "stream"),
    [
        ("", JSON, None),
        ("*/*", JSON, None),
        (APOLLO, GRAPHQL, None),
        (APOLLO_SUBSCRIBES, GRAPHQL, PARTS),
        (URQL, GRAPHQL, EVENTS),
        (URQL_SUBSCRIBES, EVENTS, EVENTS),
        ("text/event-stream", EVENTS, EVENTS),
        ("text/event-stream, application/json", JSON, EVENTS),
        ("text/event-stream, */*", JSON, EVENTS),
        ("text/event-stream, application/json;q=0.9", EVENTS, EVENTS),
        ("text/event-stream;q=0.9, application/json", JSON, EVENTS),
        ("text/event-stream;q=0, application/json", JSON, None),
        ("text/event-stream, application/json;q=0", EVENTS, EVENTS),
        ('multipart/mixed;subscriptionSpec="1.0"', PARTS, PARTS),
        ('multipart/mixed;subscriptionSpec="1.0", text/event-stream', PARTS, PARTS),
        ('multipart/mixed;subscriptionSpec="1.0";q=0.5, text/event-stream;q=0.6', EVENTS, EVENTS),
        ("TEXT/Event-Stream", EVENTS, EVENTS),
    ],
)
def test_a_client_gets_the_form_that_it_likes_best(accept: str, once: Accepted, stream: Accepted | None) -> None:
    assert choose(accept) == Choice(once, stream)


@pytest.mark.parametrize(
    "accept",
    [
        "text/*",
        "multipart/*",
        "multipart/mixed",
        'multipart/mixed;subscriptionSpec="2.0"',
        "text/event-stream;q=0",
        "text/event-stream;q=x",
        "application/json;q=nan",
        "application/json;q=-1",
        "application/json;q=2",
        "json",
        ",;/",
    ],
)
def test_a_client_gets_nothing_that_it_does_not_take(accept: str) -> None:
    assert choose(accept) is None


def error(code: str) -> dict[str, Any]:
    return {"message": "No.", "extensions": {"code": code}}


@pytest.mark.parametrize(
    ("body", "refused", "known", "precise"),
    [
        ({"data": {}}, False, 200, 200),
        ({"data": None, "errors": [error("NOT_FOUND")]}, False, 200, 294),
        ({"data": {}, "errors": [error("FORBIDDEN")]}, False, 200, 294),
        ({"errors": [error("GRAPHQL_PARSE_FAILED")]}, True, 400, 400),
        ({"errors": [error("GRAPHQL_VALIDATION_FAILED")]}, True, 400, 422),
        ({"errors": [error("BAD_USER_INPUT")]}, True, 400, 422),
        ({"data": None, "errors": [error("UNAVAILABLE")]}, False, 503, 503),
    ],
)
def test_only_clients_that_read_any_status_get_another_than_200(
    body: dict[str, Any], refused: bool, known: int, precise: int
) -> None:
    answer = Answer(body, refused)

    assert respond(answer, GRAPHQL, precise=False).status_code == known
    assert respond(answer, GRAPHQL, precise=True).status_code == precise
    for exactly in (False, True):
        assert respond(answer, JSON, precise=exactly).status_code == (503 if known == 503 else 200)
        assert respond(answer, EVENTS, precise=exactly).status_code == 200


def test_what_is_no_request_is_unprocessable_only_where_that_is_wanted() -> None:
    for refused, known, precise in ((Malformed("No."), 400, 422), (Refused(415, BAD, "No."), 415, 415)):
        assert refuse(refused, GRAPHQL).status_code == known
        assert refuse(refused, GRAPHQL, precise=True).status_code == precise
        assert refuse(refused, JSON, precise=True).status_code == known
        assert refuse(refused, EVENTS, precise=True).media_type == JSON.media_type
