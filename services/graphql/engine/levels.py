"""Executes a plan: a level's objects are made at once, and its batched fields, each called once, bring the next level.

A field that fails leaves `Failed` in its place. Where the nulls of that end is found out at the end (`settle.py`), and
only if anything failed at all.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from types import NoneType
from typing import Any

from graphql import GraphQLSchema, Undefined
from graphql.execution.values import VariableValues

from services.graphql import tracing
from services.graphql.engine.reads import reads_below
from services.graphql.engine.steps import Loading, Object, Selection, Shape, Step, Target

LISTS = (list, tuple, set, frozenset)


@dataclass(frozen=True, slots=True)
class Failed:
    """Stands where a value would."""

    error: Exception


@dataclass(slots=True)
class Waiting:
    """A batched field and its parents."""

    step: Step
    sources: Sequence[Any]
    outs: Sequence[Object]


class Run:
    """One execution."""

    def __init__(self, schema: GraphQLSchema, ctx: Any, values: VariableValues) -> None:
        self.schema, self.ctx, self.values = schema, ctx, values
        self.failed = False
        self.selections: dict[int, tuple[Object, Selection]] = {}  # of objects in places of several types, by id()
        self._waiting: list[Waiting] = []

    def fail(self, error: Exception) -> Failed:
        self.failed = True
        return Failed(error)

    def later(self, step: Step, sources: Sequence[Any], outs: Sequence[Object]) -> None:
        if sources:
            self._waiting.append(Waiting(step, sources, outs))

    async def levels(self) -> None:
        """One after another, until nothing waits."""
        while self._waiting:
            level, self._waiting = self._waiting, []
            calls: dict[object, tuple[Loading, Mapping[str, Any], list[Waiting]]] = {}
            for one in level:
                loading, arguments_of = one.step.loading, one.step.arguments
                assert loading is not None
                assert arguments_of is not None
                try:
                    arguments = arguments_of.given(self.values)
                except Exception as failure:  # noqa: BLE001  # whatever it is: it is that field's error
                    place(self, one.step, one.outs, [failure] * len(one.outs))
                    continue
                key = one.step.parent, loading.load, repr(sorted(arguments.items()))
                calls.setdefault(key, (loading, arguments, []))[2].append(one)
            for loading, arguments, together in calls.values():
                await self._load(loading, arguments, together)

    async def _load(self, loading: Loading, arguments: Mapping[str, Any], together: Sequence[Waiting]) -> None:
        sources = [source for one in together for source in one.sources]
        reads = (reads_below([one.step for one in together]),) if loading.wants_reads else ()
        outcomes: Sequence[Any]
        try:
            with tracing.batch(loading.load, sources):
                outcomes = await loading.load(self.ctx, sources, *reads, **arguments)
        except Exception as failure:  # noqa: BLE001  # whatever it is: it is each parent's error
            outcomes = [failure] * len(sources)
        if len(outcomes) != len(sources):
            wrong = ValueError(f"{loading.load.__name__} has {len(outcomes)} outcomes for {len(sources)} parents.")
            outcomes = [wrong] * len(sources)
        start = 0
        for one in together:
            place(self, one.step, one.outs, outcomes[start : start + len(one.sources)])
            start += len(one.sources)


def read(sources: Sequence[Any], attribute: str) -> list[Any]:
    """The attribute of each; the exception where it has none."""
    get = attrgetter(attribute)
    try:
        return list(map(get, sources))
    except Exception:  # noqa: BLE001  # whose it is, is found one by one
        return [_read_one(source, attribute) for source in sources]


def _read_one(source: Any, attribute: str) -> Any:
    try:
        return getattr(source, attribute)
    except Exception as failure:  # noqa: BLE001  # whatever it is: it is that field's error
        return failure


def leaf(run: Run, value: Any, *, step: Step, shape: Shape | None = None) -> Any:
    """A scalar, an enum's value, or a list of them, as it is written."""
    shape = shape or step.shape
    if value is None or isinstance(value, Exception):
        return _hole(run, step, shape, value)
    if shape.item is not None:
        if not isinstance(value, LISTS):
            return run.fail(TypeError(f"{step.name} is a list, not {type(value).__name__}."))
        return [leaf(run, item, step=step, shape=shape.item) for item in value]
    assert step.leaf is not None
    try:
        written = step.leaf.coerce_output_value(value)
    except Exception as failure:  # noqa: BLE001  # whatever it is: it is that field's error
        return run.fail(failure)
    if written is None or written is Undefined:
        return run.fail(TypeError(f"{step.name} cannot be written."))
    return written


def _hole(run: Run, step: Step, shape: Shape, value: Exception | None) -> Failed | None:
    if value is not None:
        return run.fail(value)
    return None if shape.nullable else run.fail(TypeError(f"Cannot return null for non-nullable field {step.name}."))


def place(run: Run, step: Step, outs: Sequence[Object], values: Sequence[Any]) -> None:
    """Put the values of a field where they belong, made into objects if they are sources of such."""
    key, target, item = step.key, step.target, step.shape.item
    if target is None:
        assert step.write is not None
        step.write(run, step, outs, values)
    elif item is None and _all_there(values):
        make = _make_once if step.loading else _make
        for out, made in zip(outs, make(run, target, values), strict=True):
            out[key] = made
    elif item is not None and item.item is None and set(map(type, values)) == {list}:
        _place_lists(run, step, outs, values)
    else:
        _place_any(run, step, outs, values)


def _place_lists(run: Run, step: Step, outs: Sequence[Object], values: Sequence[list[Any]]) -> None:
    items = list(chain.from_iterable(values))
    if not _all_there(items):
        _place_any(run, step, outs, values)
        return
    assert step.target is not None
    made, start = _make(run, step.target, items), 0
    for out, value in zip(outs, values, strict=True):
        out[step.key] = made[start : start + len(value)]
        start += len(value)


def _place_any(run: Run, step: Step, outs: Sequence[Object], values: Sequence[Any]) -> None:
    """With nulls, errors and lists of lists among them."""
    assert step.target is not None
    sources = [source for value in values for source in _sources(value, step.shape)]
    made = iter(_make(run, step.target, sources))
    for out, value in zip(outs, values, strict=True):
        out[step.key] = _rebuild(run, step, step.shape, value, made)


def _all_there(values: Iterable[Any]) -> bool:
    return not any(cls is NoneType or issubclass(cls, Exception) for cls in set(map(type, values)))


def _sources(value: Any, shape: Shape) -> Iterator[Any]:
    """Those in a value that objects are made of, in their order."""
    if value is None or isinstance(value, Exception):
        return
    if shape.item is None:
        yield value
    elif isinstance(value, LISTS):
        for item in value:
            yield from _sources(item, shape.item)


def _rebuild(run: Run, step: Step, shape: Shape, value: Any, made: Iterator[Any]) -> Any:
    """The value with what was made in the places of its sources."""
    if value is None or isinstance(value, Exception):
        return _hole(run, step, shape, value)
    if shape.item is None:
        return next(made)
    if not isinstance(value, LISTS):
        return run.fail(TypeError(f"{step.name} is a list, not {type(value).__name__}."))
    return [_rebuild(run, step, shape.item, item, made) for item in value]


def _make_once(run: Run, target: Target, sources: Sequence[Any]) -> list[Any]:
    """What many have in common, such as deals their stage, is made once, and stands in many places."""
    by_id = {id(source): source for source in sources}
    if len(by_id) == len(sources):
        return _make(run, target, sources)
    made = dict(zip(by_id, _make(run, target, list(by_id.values())), strict=True))
    return [made[id(source)] for source in sources]


def _make(run: Run, target: Target, sources: Sequence[Any]) -> list[Any]:
    if not sources:
        return []
    if not target.is_abstract:
        return target.only().make(run, sources)
    by_class: dict[type, list[int]] = {}
    for number, source in enumerate(sources):
        by_class.setdefault(type(source), []).append(number)
    outs: list[Any] = [None] * len(sources)
    for cls, numbers in by_class.items():
        selection = target.of(cls)
        if selection is None:
            for number in numbers:
                outs[number] = run.fail(TypeError(f"No object may be a {cls.__name__} here."))
            continue
        for number, out in zip(numbers, selection.make(run, [sources[one] for one in numbers]), strict=True):
            outs[number] = out
            run.selections[id(out)] = out, selection
    return outs
