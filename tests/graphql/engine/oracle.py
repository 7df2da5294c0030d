"""What it means that two executions of a document come to the same."""

from collections.abc import Sequence
from typing import Any

from services.graphql.engine.execute import Outcome

Place = tuple[str | int, ...]


def told(outcome: Outcome) -> tuple[Any, set[tuple[Place, str, str]], set[Place]]:
    """The data; errors of what is null itself; and places that are null because of what was below them.

    Of the latter, which of the errors below are told depends on the order of execution, and may.
    """
    data, errors = outcome
    own, propagated = set(), set()
    for error in errors:
        path = tuple(error.path or ())
        null = _null(data, path)
        if null == path:
            own.add((path, error.message, type(error.original_error).__name__))
        else:
            propagated.add(null)
    return data, own, propagated


def _null(data: Any, path: Sequence[str | int]) -> Place:
    """How far one gets along the path."""
    for length, step in enumerate(path):
        if data is None:
            return tuple(path[:length])
        data = data[step]
    assert data is None, f"There is an error at {path}, and a value."
    return tuple(path)
