"""The API as its own schema shows it: a document for each field of a root, and where ids go in.

Nothing here is a list of names: what the schema comes to hold, tests that walk over it ask for too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_composite_type,
    is_required_argument,
)

from services.graphql.schema import executable

DEEPEST = 2  # levels below a root's field, unless another depth is asked for
FIRST = "0"  # the path of a list's first member
NEEDED = {"Date": '"2026-05-01"'}  # what a field below a root's is given where it must be given something
Path = tuple[str, ...]
Object = GraphQLObjectType | GraphQLInterfaceType


def fields_of(root: str) -> Mapping[str, Any]:
    """Of `Query`, `Mutation` or `Subscription`."""
    found = executable.type_map[root]
    assert isinstance(found, GraphQLObjectType)
    fields: Mapping[str, Any] = found.fields
    return fields


@dataclass
class Document:
    """One field of a root with what can be asked of it, and a variable for each argument on the way.

    `arguments`: which argument a variable is, such as `Board.columns(stageIds)`.
    """

    root: str
    name: str
    depth: int = DEEPEST
    variables: dict[str, Any] = field(default_factory=dict)  # their types
    arguments: dict[str, str] = field(default_factory=dict)
    text: str = ""
    _defaults: dict[str, str] = field(default_factory=dict)
    _selection: str = ""

    def __post_init__(self) -> None:
        parent = executable.type_map[self.root]
        assert isinstance(parent, GraphQLObjectType)
        head, self._selection = self._parts(parent, self.name, (), (), self.depth)
        self.text = f"{self.root.lower()}{_declared(self.variables, self._defaults)} {{ {head}{self._selection} }}"

    def times(self, count: int) -> str:
        """A mutation so often: a0: it(input: $input0) a1: it(input: $input1) …"""
        (kind,) = self.variables.values()
        inputs = {f"input{index}": kind for index in range(count)}
        each = " ".join(f"a{index}: {self.name}(input: $input{index}) {{ ...It }}" for index in range(count))
        result = get_named_type(fields_of(self.root)[self.name].type)
        return f"mutation{_declared(inputs)} {{ {each} }} fragment It on {result}{self._selection}"

    def _parts(self, parent: Object, name: str, above: Path, types: Path, deep: int) -> tuple[str, str]:
        """A field with its arguments, and what is selected of it."""
        asked = parent.fields[name]
        given = []
        for argument, kind in asked.args.items():
            variable = "_".join((*above[1:], name, argument)) if above else argument
            self.variables[variable] = kind.type
            self.arguments[variable] = f"{parent.name}.{name}({argument})"
            if above and is_required_argument(kind):
                self._defaults[variable] = NEEDED[get_named_type(kind.type).name]
            given.append(f"{argument}: ${variable}")
        head = f"{name}({', '.join(given)})" if given else name
        inner = get_named_type(asked.type)
        if not is_composite_type(inner):
            return head, ""
        return head, f" {{ {self._select(inner, (*above, name), (*types, inner.name), deep)} }}"

    def _select(self, kind: Any, above: Path, types: Path, deep: int) -> str:
        if not is_abstract_type(kind):
            return " ".join(["__typename", *self._fields(kind, above, types, deep)])
        parts = [
            f"... on {one.name} {{ {' '.join(self._fields(one, above, types, deep, f'{one.name}_'))} }}"
            for one in executable.get_possible_types(kind)
        ]
        return " ".join(["__typename", *parts])

    def _fields(self, kind: Object, above: Path, types: Path, deep: int, prefix: str = "") -> Iterator[str]:
        """`prefix`: of an object of a union, so that none of its fields meets one of another type."""
        for name, asked in kind.fields.items():
            inner = get_named_type(asked.type)
            too_deep = deep == 0 and inner.name != "PageInfo"
            in_a_circle = inner.name in types or kind.name.endswith("Edge")
            asked_elsewhere = asked.args and (prefix or self.root != "Query")
            if (is_composite_type(inner) and (too_deep or in_a_circle)) or asked_elsewhere:
                continue
            head, selection = self._parts(kind, name, above, types, deep - 1)
            yield f"{prefix}{name}: {head}{selection}" if prefix else f"{head}{selection}"


@cache
def document(root: str, name: str, depth: int = DEEPEST) -> Document:
    return Document(root, name, depth)


def _declared(variables: Mapping[str, Any], defaults: Mapping[str, str] = MappingProxyType({})) -> str:
    shown = ", ".join(
        f"${name}: {kind}{f' = {defaults[name]}' if name in defaults else ''}" for name, kind in variables.items()
    )
    return f"({shown})" if shown else ""


def paths(kind: Any, *wanted: str) -> Iterator[Path]:
    """Where in an input of that type there are scalars of those names."""
    kind = get_nullable_type(kind)
    if isinstance(kind, GraphQLList):
        yield from ((FIRST, *path) for path in paths(kind.of_type, *wanted))
    elif isinstance(kind, GraphQLInputObjectType):
        for name, inner in kind.fields.items():
            yield from ((name, *path) for path in paths(inner.type, *wanted))
    elif kind.name in wanted:
        yield ()


def put(given: Any, kind: Any, path: Path, value: Any) -> Any:
    """The input with another value in that place."""
    if not path:
        return value
    kind = get_nullable_type(kind)
    if isinstance(kind, GraphQLList):
        inner, *others = given or [None]
        return [put(inner, kind.of_type, path[1:], value), *others]
    assert isinstance(kind, GraphQLInputObjectType)
    name = path[0]
    changed = put((given or {}).get(name), kind.fields[name].type, path[1:], value)
    takes_one = kind.extensions["strawberry-definition"].is_one_of
    return {name: changed} if takes_one else {**(given or {}), name: changed}


def arguments_with(*wanted: str) -> set[str]:
    """Every argument of every field that takes such a scalar, however deep in its input: Board.columns(stageIds)."""
    return {
        f"{kind.name}.{name}({argument})"
        for kind in executable.type_map.values()
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__")
        for name, asked in kind.fields.items()
        for argument, taken in asked.args.items()
        if list(paths(taken.type, *wanted))
    }
