"""Frozen objects out of rows, quickly: a board is made of hundreds of them.

The constructor of a frozen dataclass sets each attribute by a call of `object.__setattr__`: for the twenty of a deal that
is 15 µs. So a function is written for each choice of columns, such as

    def read(rows):
        made = []
        for c0, c1, c2, *_ in rows:
            one = Draft()
            one.id = c0
            one.contact = part = ContactDraft()
            part.name = c1
            part.email = c2
            part.__class__ = Contact
            one.__class__ = Deal
            made.append(one)
        return made

A draft is of a class of the same slots that is not frozen, and then becomes what it is. It takes a tenth of the time.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True)
class Part:
    """An attribute that is an object of its own: its attributes by their columns. `unless`: a column whose null leaves it out."""

    model: type
    columns: Mapping[str, str]
    unless: str | None = None


@dataclass(frozen=True)
class Form:
    """How objects stand in rows: each attribute in a column of its name, but for these parts and enums.

    `shared`: ids that are the same in many rows one after another. These share one object: its hash, which takes
    longer than most else that is done with an id, is worked out once.
    """

    model: Any
    parts: Mapping[str, Part] = field(default_factory=dict)
    enums: Mapping[str, type[StrEnum]] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()

    def columns(self, attributes: Iterable[str]) -> list[str]:
        """Those that the attributes are read from."""
        return [
            column
            for name in attributes
            for column in (self.parts[name].columns.values() if name in self.parts else (name,))
        ]


def reader(form: Form, attributes: Sequence[str]) -> Callable[[Iterable[Any]], list[Any]]:
    """Makes objects of rows that begin with the columns of these attributes; others are not there."""
    columns = {column: f"c{number}" for number, column in enumerate(form.columns(attributes))}
    known: dict[str, Any] = {"model": form.model, "Draft": _draft(form.model)}
    begin, lines = ["made = []"], []
    for name in attributes:
        part = form.parts.get(name)
        if part is not None:
            lines += _part(name, part, columns, known)
        elif name in form.enums:
            known[f"{name}_of"] = {member.value: member for member in form.enums[name]}
            lines.append(f"one.{name} = {name}_of[{columns[name]}]")
        elif name in form.shared:
            begin.append(f"last_{name} = None")
            lines += [f"if {columns[name]} != last_{name}:", f"    last_{name} = {columns[name]}"]
            lines.append(f"one.{name} = last_{name}")
        else:
            lines.append(f"one.{name} = {columns[name]}")
    body = "\n".join(f"        {line}" for line in lines)
    exec(  # noqa: S102  # names of attributes of our own classes, and nothing else
        f"def read(rows):\n    {'; '.join(begin)}\n    for {', '.join(columns.values())}, *_ in rows:\n        one = Draft()\n"
        f"{body}\n        one.__class__ = model\n        made.append(one)\n    return made\n",
        known,
    )
    read: Callable[[Iterable[Any]], list[Any]] = known["read"]
    return read


def _part(name: str, part: Part, columns: Mapping[str, str], known: dict[str, Any]) -> list[str]:
    known |= {f"{name}_model": part.model, f"{name}_draft": _draft(part.model)}
    lines = [f"one.{name} = part = {name}_draft()"]
    lines += [f"part.{inner} = {columns[column]}" for inner, column in part.columns.items()]
    lines.append(f"part.__class__ = {name}_model")
    if part.unless is None:
        return lines
    return [
        f"if {columns[part.unless]} is None:",
        f"    one.{name} = None",
        "else:",
        *(f"    {line}" for line in lines),
    ]


def _draft(model: Any) -> type:
    return type(f"{model.__name__}Draft", (), {"__slots__": model.__slots__})
