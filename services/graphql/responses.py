"""Answers over HTTP: which status, in which form (GraphQL over HTTP, 6)."""

from typing import Any

from starlette.responses import Response

from services.graphql.accept import Accepted
from services.graphql.engine.answers import unforeseen
from services.graphql.engine.encode import encode
from services.graphql.engine.execute import Answer
from services.graphql.limits import STATUS, rate_headers
from services.graphql.live import stream
from services.graphql.requests import Malformed, Refused
from shared.errors import DomainError, Unauthenticated, Unavailable

PARTIAL = 294  # of the specification's edition of September 2026
UNPROCESSABLE = 422


def respond(answered: Answer, accepted: Accepted, *, precise: bool) -> Response:
    """`precise`: with the statuses that the specification's edition of September 2026 recommends."""
    body = encode(answered.body)
    if accepted.is_stream:
        return stream.once(body, accepted)
    status, headers = 200, {"cache-control": "no-store"}
    if accepted is Accepted.GRAPHQL:
        status = _status(answered, precise=precise)
    headers |= rate_headers(answered.body)
    for error in answered.body.get("errors", ()):
        if error["extensions"]["code"] in STATUS:
            status = STATUS[error["extensions"]["code"]]
            headers["retry-after"] = str(error["extensions"].get("retryAfter", 1))
    return Response(body, status, headers, media_type=accepted.media_type)


def _status(answered: Answer, *, precise: bool) -> int:
    """For clients that read the body whatever the status is."""
    if not answered.refused:
        return PARTIAL if precise and "errors" in answered.body else 200
    unread = any(error["extensions"]["code"] == "GRAPHQL_PARSE_FAILED" for error in answered.body["errors"])
    return UNPROCESSABLE if precise and not unread else 400


def refuse(refused: Refused, accepted: Accepted, *, precise: bool = False) -> Response:
    unprocessable = precise and accepted is Accepted.GRAPHQL and isinstance(refused, Malformed)
    status = UNPROCESSABLE if unprocessable else refused.status
    return _error(status, str(refused), {"code": refused.code}, accepted, refused.headers)


def refuse_asking(refused: DomainError, language: str, accepted: Accepted) -> Response:
    """Who is asking cannot be said: the token is not good, or nobody can look now."""
    extensions: dict[str, Any] = {"code": refused.code}
    status, headers = 400, {}
    if isinstance(refused, Unauthenticated):
        status, headers["www-authenticate"] = 401, "Bearer"
    elif isinstance(refused, Unavailable):
        status, headers["retry-after"] = 503, str(refused.retry_after)
        extensions["retryAfter"] = refused.retry_after
    return _error(status, refused.sentence.to(language), extensions, accepted, headers)


def fail(failure: Exception, language: str, accepted: Accepted) -> Response:
    """Nobody has foreseen it."""
    error = unforeseen(failure, language)
    status = STATUS.get(error["extensions"]["code"], 500)
    return _error(status, error["message"], error["extensions"], accepted, {})


def _error(
    status: int, message: str, extensions: dict[str, Any], accepted: Accepted, headers: dict[str, str]
) -> Response:
    """Never as a stream: no client reads one whose status is not 200."""
    body = {"errors": [{"message": message, "extensions": extensions}]}
    form = Accepted.JSON if accepted.is_stream else accepted
    return Response(encode(body), status, headers, media_type=form.media_type)
