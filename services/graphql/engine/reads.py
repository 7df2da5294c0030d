"""Which attributes of which objects are read below a field: for functions that need not bring what nobody asks for.

Known ahead, for a selection says it; unknown where objects of several types may stand, and in the stock executor.
"""

import inspect
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from services.graphql.engine.steps import Step


class Reads:
    """By the class of a type, the names of the attributes of its objects; None: nobody knows."""

    def __init__(self, names: Mapping[type, Collection[str]] | None) -> None:
        self._names = names

    def of(self, cls: type) -> Collection[str] | None:
        """None: it may be any."""
        return None if self._names is None else self._names.get(cls, ())


ANY = Reads(None)


def wants(load: Any) -> bool:
    """Whether a batched function has a parameter for it."""
    return "reads" in inspect.signature(load).parameters


def reads_below(steps: Sequence["Step"]) -> Reads:
    """Below fields that are loaded together."""
    names: dict[type, set[str]] = {}
    return Reads(names) if all(_gather(step, names) for step in steps) else ANY


def _gather(step: "Step", names: dict[type, set[str]]) -> bool:
    """False when it cannot be known."""
    if step.target is None:
        return True
    if step.target.is_abstract:
        return False
    selection = step.target.only()
    read = names.setdefault(selection.cls, set())
    for inner in selection.steps:
        if inner.loading is not None:
            read.update(inner.loading.reads)
        elif inner.constant is None:
            read.add(inner.attribute)
            if not _gather(inner, names):
                return False
    return True
