"""From steps to a function: of a list of sources it makes a list of dicts.

For `id`, `amount { currency }` and the batched `stage { … }` of deals it is

    def make(run, sources):
        outs = []
        add = outs.append
        try:
            for s in sources:
                add({'id': str(v) if (v := s.id).__class__ in IDS else leaf_0(run, v),
                     'amount': {'currency': v if (v := o1.currency).__class__ is str else leaf_1(run, v)}
                               if (o1 := s.amount) is not None else None,
                     'stage': None})
        except Exception:
            outs = [carefully(run, s) for s in sources]
            place(run, step_2, outs, read(sources, 'amount'))
        run.later(step_3, sources, outs)
        return outs

What a value usually is, is tested and written in place; all else is left to `leaf`, `place` and `read`. Objects whose
fields are all attributes are written where they stand.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import lru_cache, partial
from types import CodeType
from typing import Any, cast
from uuid import UUID

from asyncpg.pgproto import pgproto
from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLScalarType,
    GraphQLString,
)

from services.graphql.engine.encode import day, instant
from services.graphql.engine.levels import Run, leaf, place, read
from services.graphql.engine.steps import Make, Object, Step, Write

MOST_CODES = 1_024
LONGEST_INT = 2**31
IDS = frozenset({str, UUID, pgproto.UUID})  # the last is what a row holds
NAMES = {
    "IDS": IDS,
    "UTC": UTC,
    "date": date,
    "datetime": datetime,
    "leaf": leaf,
    "partial": partial,
    "place": place,
    "read": read,
}


class _Null(Exception):
    """There is none of an object that has to be there; caught by the function that raises it."""


def generate(steps: Sequence[Step]) -> Make:
    writing = _Writing()
    after: list[str] = []
    again: list[str] = []
    entries = writing.entries(steps, "s")
    for step in steps:
        if step.constant is not None:
            continue
        if step.loading is not None:
            after.append(f"run.later({writing.name('step', step)}, sources, outs)")
        elif step.target is not None:
            placing = f"place(run, {writing.name('step', step)}, outs, read(sources, {step.attribute!r}))"
            (again if inlined(step) else after).append(placing)
    lines = ["def make(run, sources):", "    outs = []", "    add = outs.append", "    try:"]
    lines += ["        for s in sources:", f"            add({entries})"]
    lines += ["    except Exception:", "        outs = [carefully(run, s) for s in sources]"]
    lines += [f"        {line}" for line in again]
    lines += [f"    {line}" for line in after]
    lines.append("    return outs")
    known = NAMES | writing.known | {"carefully": partial(carefully, steps=steps)}
    exec(_compiled("\n".join(lines)), known)  # noqa: S102  # names of GraphQL and of our classes, and nothing else
    return cast("Make", known.pop("make"))


@lru_cache(MOST_CODES)
def _compiled(text: str) -> CodeType:
    """Documents that differ elsewhere have many of their selections in common."""
    return compile(text, "<selection>", "exec")


def inlined(step: Step) -> Sequence[Step]:
    """The fields of an object that is written where it stands: it is of one type, and they are attributes of it."""
    if step.target is None or step.target.is_abstract or step.loading is not None or step.shape.item is not None:
        return ()
    selection = step.target.only()
    plain = [one for one in selection.steps if one.loading is None and (one.leaf is not None or inlined(one))]
    named = [one for one in selection.steps if one.constant is not None]
    return selection.steps if plain and len(plain) + len(named) == len(selection.steps) else ()


def generate_write(step: Step) -> Write:
    """Of a leaf that is loaded, or resolved at the root."""
    assert step.leaf is not None
    writing = _Writing()
    # The step holds the function, which is given it: a function that held it too would be left to the collector.
    lines = ["def write(run, step, outs, values):", "    careful = partial(leaf, step=step)"]
    lines += ["    for out, value in zip(outs, values, strict=True):"]
    lines += [f"        out[{step.key!r}] = {writing.leaf(step, step.leaf, 'value', 'careful')}"]
    known = NAMES | writing.known
    exec(_compiled("\n".join(lines)), known)  # noqa: S102  # the same
    return cast("Write", known.pop("write"))


class _Writing:
    """Expressions, and what the names in them stand for."""

    def __init__(self) -> None:
        self.known: dict[str, Any] = {"missing": _missing}
        self._depth = 0

    def name(self, kind: str, value: Any) -> str:
        name = f"{kind}_{len(self.known)}"
        self.known[name] = value
        return name

    def entries(self, steps: Sequence[Step], source: str) -> str:
        """A dict of a source."""
        return f"{{{', '.join(f'{step.key!r}: {self._value(step, source)}' for step in steps)}}}"

    def _value(self, step: Step, source: str) -> str:
        if step.constant is not None:
            return repr(step.constant)
        if step.loading is not None:
            return "None"
        if step.leaf is not None:
            careful = self.name("leaf", partial(leaf, step=step))
            return self.leaf(step, step.leaf, f"{source}.{step.attribute}", careful)
        inner = inlined(step)
        if not inner:
            return "None"
        self._depth += 1
        name = f"o{self._depth}"
        there = f"({name} := {source}.{step.attribute}) is not None"
        return f"{self.entries(inner, name)} if {there} else {'None' if step.shape.nullable else 'missing()'}"

    def leaf(self, step: Step, type_: GraphQLLeafType, value: str, careful: str) -> str:
        """`careful`: what writes whatever is not as usual."""
        slow = f"{careful}(run, v)"
        if step.shape.item is None:
            if type_ is GraphQLID:
                return f"str(v) if (v := {value}).__class__ in IDS else {slow}"
            if isinstance(type_, GraphQLEnumType) and (own := _enum(type_)) is not None:
                return f"v._name_ if (v := {value}).__class__ is {self.name('enum', own)} else {slow}"
            usual = _usual(type_)
            if usual is not None:
                usual = usual.replace("v", f"(v := {value})", 1)
                return f"v if {usual}{' or v is None' if step.shape.nullable else ''} else {slow}"
        return f"{careful}(run, {value})"


def _enum(type_: GraphQLEnumType) -> type | None:
    """The class whose members are called as the contract calls them."""
    own: Any = getattr(type_, "wrapped_cls", None)
    return own if own is not None and list(own.__members__) == list(type_.values) == own._member_names_ else None


def _usual(type_: GraphQLLeafType) -> str | None:
    """The test of a value `v` that is written as it is."""
    if not isinstance(type_, GraphQLScalarType):
        return None
    write = type_.coerce_output_value
    if type_ is GraphQLString or write is str:
        return "v.__class__ is str"
    if type_ is GraphQLInt:
        return f"v.__class__ is int and -{LONGEST_INT} <= v < {LONGEST_INT}"
    if type_ is GraphQLBoolean:
        return "v.__class__ is bool"
    if write is instant:
        return "v.__class__ is datetime and v.tzinfo is UTC"
    if write is day:
        return "v.__class__ is date"
    return None


def _missing() -> None:
    raise _Null


def carefully(run: Run, source: Any, steps: Sequence[Step]) -> Object:
    """The same for one source, of which a field fails: all others stand."""
    made: Object = {}
    for step in steps:
        made[step.key] = step.constant
        if step.leaf is not None and step.loading is None:
            made[step.key] = leaf(run, read([source], step.attribute)[0], step=step)
    return made
