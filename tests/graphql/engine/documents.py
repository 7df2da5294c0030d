"""Random documents of a schema: aliases, merged selections, fragments, conditions, variables."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)

SAMPLES: dict[str, Sequence[Any]] = {
    "Int": (1, 2, 5),
    "String": ("", "Оренда", "Тарас"),
    "Boolean": (True, False),
    "Date": ("2026-01-31", "nonsense"),
    "DateTime": ("2026-01-31T10:00:00Z", "2026-11-25T10:00:00+02:00"),
    "Decimal": ("1.50", 10),
    "Cursor": ("nonsense",),
}
DEEPEST = 5


@dataclass
class Writing:
    """One document. `ids`: what an ID may be; `without`: fields that are not the same twice."""

    schema: GraphQLSchema
    random: Random
    ids: Sequence[str]
    without: Sequence[str] = ()
    variables: dict[str, Any] = field(default_factory=dict)
    _declared: list[str] = field(default_factory=list)
    _fragments: list[str] = field(default_factory=list)

    def document(self) -> str:
        root = self.schema.query_type
        assert root is not None
        selected = self._selections(root, 0)
        declared = f"({', '.join(self._declared)})" if self._declared else ""
        return "\n".join([f"query Random{declared} {selected}", *self._fragments])

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    def _selections(self, type_: Any, depth: int) -> str:
        written = [self._selection(type_, depth) for _ in range(self.random.randint(1, 2 if depth == 0 else 5))]
        return f"{{ {' '.join(written)} }}"

    def _selection(self, type_: Any, depth: int) -> str:
        if self._chance(0.1):
            return f"__typename{self._condition()}"
        if depth < DEEPEST and self._chance(0.7 if is_abstract_type(type_) else 0.15):
            return self._fragment(type_, depth)
        named: list[tuple[str, GraphQLField]] = (
            [] if isinstance(type_, GraphQLUnionType) else list(type_.fields.items())
        )
        fields = [pair for pair in named if self._is_open(type_, *pair, depth)]
        if not fields:
            return "__typename"
        return self._field(type_, *self.random.choice(fields), depth)

    def _is_open(self, type_: Any, name: str, definition: GraphQLField, depth: int) -> bool:
        is_leaf = is_leaf_type(get_named_type(definition.type))
        return f"{type_.name}.{name}" not in self.without and (is_leaf or depth < DEEPEST)

    def _field(self, type_: Any, name: str, definition: GraphQLField, depth: int) -> str:
        given = ", ".join(
            f"{argument}: {self._argument(one)}"
            for argument, one in definition.args.items()
            if isinstance(one.type, GraphQLNonNull) or self._chance(0.3)
        )
        # Fields of one name in one place must be the same: an alias keeps apart what may differ.
        alias = f"{type_.name}_{name}_{self.random.randint(0, 10**6)}: " if given or self._chance(0.2) else ""
        named = get_named_type(definition.type)
        below = "" if is_leaf_type(named) else f" {self._selections(named, depth + 1)}"
        return f"{alias}{name}{f'({given})' if given else ''}{self._condition()}{below}"

    def _fragment(self, type_: Any, depth: int) -> str:
        possible = [type_, *self.schema.get_possible_types(type_)] if is_abstract_type(type_) else [type_]
        if isinstance(type_, GraphQLObjectType):
            possible += type_.interfaces
        condition = self.random.choice(possible)
        if self._chance(0.5):
            return f"... on {condition.name}{self._condition()} {self._selections(condition, depth + 1)}"
        below = self._selections(condition, depth + 1)
        name = f"Part{len(self._fragments)}"
        self._fragments.append(f"fragment {name} on {condition.name} {below}")
        return f"...{name}{self._condition()}"

    def _condition(self) -> str:
        if not self._chance(0.1):
            return ""
        value = self.random.choice(["true", "false", None]) or self._variable("Boolean!", self._chance(0.5))
        return f" @{self.random.choice(['skip', 'include'])}(if: {value})"

    def _argument(self, argument: GraphQLArgument) -> str:
        value = self._value(argument.type)
        if self._chance(0.4):
            return self._variable(str(argument.type), value, may_be_absent=argument.default_value is not Undefined)
        return _literal(argument.type, value)

    def _variable(self, type_: str, value: Any, *, may_be_absent: bool = False) -> str:
        name = f"v{len(self._declared)}"
        self._declared.append(f"${name}: {type_}")
        if not (may_be_absent and not type_.endswith("!") and self._chance(0.3)):
            self.variables[name] = value
        return f"${name}"

    def _value(self, type_: Any) -> Any:
        if isinstance(type_, GraphQLNonNull):
            return self._value(type_.of_type)
        if isinstance(type_, GraphQLList):
            return [self._value(type_.of_type) for _ in range(self.random.randint(0, 3))]
        if isinstance(type_, GraphQLEnumType):
            return self.random.choice(list(type_.values))
        if isinstance(type_, GraphQLInputObjectType):
            return {
                name: self._value(one.type)
                for name, one in type_.fields.items()
                if isinstance(one.type, GraphQLNonNull) or self._chance(0.1)
            }
        return self.random.choice(self.ids if type_.name == "ID" else SAMPLES[type_.name])


def _literal(type_: Any, value: Any) -> str:
    if isinstance(type_, GraphQLNonNull):
        return _literal(type_.of_type, value)
    if isinstance(type_, GraphQLList):
        return f"[{', '.join(_literal(type_.of_type, one) for one in value)}]"
    if isinstance(type_, GraphQLInputObjectType):
        return f"{{{', '.join(f'{name}: {_literal(type_.fields[name].type, one)}' for name, one in value.items())}}}"
    return str(value) if isinstance(type_, GraphQLEnumType) else json.dumps(value, ensure_ascii=False)
