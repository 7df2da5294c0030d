"""What becomes of failures: each is an error with its path, and null goes up to where the schema allows it."""

from typing import Any

from graphql import GraphQLError
from graphql.error import located_error

from services.graphql.engine.levels import Failed, Run
from services.graphql.engine.steps import Object, Selection, Shape, Step

Path = list[str | int]


class _Null(Exception):
    """There has to be null instead of what holds this."""


def settle(run: Run, root: Selection, data: Object) -> tuple[Object | None, list[GraphQLError]]:
    """The data anew, in which nothing is Failed, and the errors in the order of the answer.

    An object that stands in several places is asked about in each of them: its errors are errors of all.
    """
    settling = _Settling(run)
    try:
        return settling.object(root, data, []), settling.errors
    except _Null:
        return None, settling.errors


class _Settling:
    def __init__(self, run: Run) -> None:
        self._run = run
        self.errors: list[GraphQLError] = []

    def object(self, selection: Selection, out: Object, path: Path) -> Object:
        return {
            step.key: out[step.key]
            if step.constant is not None
            else self._value(step, step.shape, out[step.key], [*path, step.key])
            for step in selection.steps
        }

    def _value(self, step: Step, shape: Shape, value: Any, path: Path) -> Any:
        if isinstance(value, Failed):
            self.errors.append(located_error(value.error, step.nodes, path))
        else:
            try:
                return self._inner(step, shape, value, path)
            except _Null:
                pass
        if shape.nullable:
            return None
        raise _Null

    def _inner(self, step: Step, shape: Shape, value: Any, path: Path) -> Any:
        if value is None:
            return None
        if shape.item is not None:
            return [self._value(step, shape.item, item, [*path, number]) for number, item in enumerate(value)]
        if step.target is not None:
            return self.object(self._selection(step, value), value, path)
        return value

    def _selection(self, step: Step, out: Object) -> Selection:
        assert step.target is not None
        return self._run.selections[id(out)][1] if step.target.is_abstract else step.target.only()
