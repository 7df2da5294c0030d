"""From steps to a function: of a list of sources it makes a list of dicts.

For `id`, `amount { … }` and the batched `stage { … }` of deals it is

    def make(run, sources):
        outs = []
        add = outs.append
        try:
            for s in sources:
                add({'id': v if (v := s.id).__class__ is str else leaf_0(run, v), 'amount': None, 'stage': None})
        except Exception:
            outs = [carefully(run, steps, s) for s in sources]
        place(run, step_1, outs, read(sources, 'amount'))
        run.later(step_2, sources, outs)
        return outs

What a value usually is, is tested in place; all else is left to `leaf`.
"""

from collections.abc import Sequence
from functools import lru_cache, partial
from types import CodeType
from typing import Any, cast

from graphql import GraphQLBoolean, GraphQLEnumType, GraphQLID, GraphQLInt, GraphQLScalarType, GraphQLString

from services.graphql.engine.levels import Run, leaf, place, read
from services.graphql.engine.steps import Make, Object, Step

MOST_CODES = 1_024
LONGEST_INT = 2**31


def generate(steps: Sequence[Step]) -> Make:
    known: dict[str, Any] = {"place": place, "read": read, "carefully": partial(carefully, steps=steps)}
    entries, after = [], []
    for number, step in enumerate(steps):
        known[f"step_{number}"] = step
        value = "None"
        if step.constant is not None:
            value = repr(step.constant)
        elif step.loading is not None:
            after.append(f"run.later(step_{number}, sources, outs)")
        elif step.leaf is not None:
            known[f"leaf_{number}"] = partial(leaf, step=step)
            value = _expression(step, number, known)
        else:
            after.append(f"place(run, step_{number}, outs, read(sources, {step.attribute!r}))")
        entries.append(f"{step.key!r}: {value}")
    lines = ["def make(run, sources):", "    outs = []", "    add = outs.append", "    try:"]
    lines += ["        for s in sources:", f"            add({{{', '.join(entries)}}})"]
    lines += ["    except Exception:", "        outs = [carefully(run, s) for s in sources]"]
    lines += [f"    {line}" for line in after]
    lines.append("    return outs")
    exec(_compiled("\n".join(lines)), known)  # noqa: S102  # names of GraphQL and of our classes, and nothing else
    return cast("Make", known["make"])


@lru_cache(MOST_CODES)
def _compiled(text: str) -> CodeType:
    """Documents that differ elsewhere have many of their selections in common."""
    return compile(text, "<selection>", "exec")


def _expression(step: Step, number: int, known: dict[str, Any]) -> str:
    value, slow = f"s.{step.attribute}", f"leaf_{number}(run, v)"
    names = _enum_names(step)
    if names is not None:
        known[f"names_{number}"] = names
        return f"w if (w := names_{number}.get(v := {value})) is not None else {slow}"
    usual = _usual(step)
    if usual is None:
        return f"leaf_{number}(run, {value})"
    usual = usual.replace("v", f"(v := {value})", 1)
    return f"v if {usual}{' or v is None' if step.shape.nullable else ''} else {slow}"


def _enum_names(step: Step) -> dict[Any, str] | None:
    if not isinstance(step.leaf, GraphQLEnumType) or step.shape.item is not None:
        return None
    return {one.value: name for name, one in step.leaf.values.items() if one.value.__class__.__hash__ is not None}


def _usual(step: Step) -> str | None:
    """The test of a value `v` that is written as it is."""
    type_ = step.leaf
    if step.shape.item is not None or not isinstance(type_, GraphQLScalarType):
        return None
    if type_ in (GraphQLString, GraphQLID) or type_.coerce_output_value is str:
        return "v.__class__ is str"
    if type_ is GraphQLInt:
        return f"v.__class__ is int and -{LONGEST_INT} <= v < {LONGEST_INT}"
    if type_ is GraphQLBoolean:
        return "v.__class__ is bool"
    return None


def carefully(run: Run, source: Any, steps: Sequence[Step]) -> Object:
    """The same for one source, of which a field fails: all others stand."""
    made: Object = {}
    for step in steps:
        made[step.key] = step.constant
        if step.leaf is not None and step.loading is None:
            made[step.key] = leaf(run, read([source], step.attribute)[0], step=step)
    return made
