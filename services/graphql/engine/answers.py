"""What an error looks like to a client: a sentence, a code for programs, where it happened; never our insides."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import structlog
from graphql import GraphQLError, ValueNode

from shared.errors import DomainError, InvalidInput, Unavailable

INTERNAL = "INTERNAL_SERVER_ERROR"
MOST_ERRORS = 5

log = structlog.get_logger()


class BadUserInput(Exception):
    """A query's argument cannot be read: an error of the request, which has no `data` then."""

    code = "BAD_USER_INPUT"


def to_json(error: GraphQLError, language: str, code: str | None = None) -> dict[str, Any]:
    """`code`: of an error that the request itself is refused with."""
    shown: dict[str, Any] = {"message": error.message}
    if error.locations:
        shown["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path is not None:
        shown["path"] = error.path
    extensions: dict[str, Any] = {"code": code or "BAD_USER_INPUT"}
    cause = error.original_error
    if isinstance(cause, InvalidInput):  # of a query: mutations answer with its type
        problems = [f"{'.'.join(one.path)}: {one.sentence.to(language)}" for one in cause.problems]
        shown["message"] = " ".join(problems)
        extensions["code"] = BadUserInput.code
    elif isinstance(cause, DomainError):
        shown["message"] = cause.sentence.to(language)
        extensions["code"] = cause.code
        if isinstance(cause, Unavailable):
            extensions["retryAfter"] = cause.retry_after
    elif isinstance(cause, BadUserInput):
        extensions["code"] = cause.code
    elif code is None and not _is_of_a_value(cause) and (cause is not None or error.path is not None):
        id = uuid4().hex
        log.error("masked error", error_id=id, path=error.path, exc_info=cause or error)
        shown["message"] = f"Something went wrong on our side; it is noted as {id}."
        extensions["code"] = INTERNAL
    shown["extensions"] = extensions
    return shown


def unforeseen(failure: Exception, language: str) -> dict[str, Any]:
    """Of what no field has caught: a bug, and masked, unless it is a refusal."""
    return to_json(GraphQLError(str(failure), original_error=failure), language)


def _is_of_a_value(cause: Exception | None) -> bool:
    """Whether graphql-core says it of a value that the document gives: of a variable that is null where none may be."""
    return isinstance(cause, GraphQLError) and any(isinstance(node, ValueNode) for node in cause.nodes or ())


def many_to_json(errors: Sequence[GraphQLError], language: str, code: str | None = None) -> list[dict[str, Any]]:
    """At most five: a client that gets one thing wrong a thousand times is told so often enough."""
    return [to_json(error, language, code) for error in errors[:MOST_ERRORS]]
