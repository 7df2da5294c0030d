"""What a field's function is given: the values of its arguments, as Strawberry would convert them.

Made once for a field of a document. Strawberry's own conversion looks at the types anew for every value of every call.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING
from functools import lru_cache, partial
from typing import Any, cast

from graphql import FieldNode, GraphQLField, GraphQLSchema, Node, VariableNode
from graphql.execution.values import VariableValues, get_argument_values
from strawberry import UNSET
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import _is_leaf_type, convert_argument
from strawberry.types.base import StrawberryList, StrawberryObjectDefinition, StrawberryOptional
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType

NO_VARIABLES = VariableValues({}, {})
MOST_SCHEMAS = 8

Convert = Callable[[Any], Any]


class Arguments:
    """Of a field of a document."""

    def __init__(
        self, definition: GraphQLField, node: FieldNode, conversions: Sequence[tuple[str, str, Convert | None]]
    ) -> None:
        self._definition, self._node, self._conversions = definition, node, conversions
        has_variable = any(_has_variable(argument.value) for argument in node.arguments or ())
        self._fixed = None if has_variable else self._read(NO_VARIABLES)

    def given(self, values: VariableValues) -> Mapping[str, Any]:
        """By the names of the function's parameters. Raises GraphQLError."""
        return self._read(values) if self._fixed is None else self._fixed

    def _read(self, values: VariableValues) -> dict[str, Any]:
        return _converted(get_argument_values(self._definition, self._node, values), self._conversions)


class Converting:
    """Knows how what graphql-core makes of values becomes what Strawberry gives to functions."""

    def __init__(self, schema: GraphQLSchema) -> None:
        converter = converter_of(schema)
        self._config, self._scalars = converter.config, converter.scalar_registry
        self._inputs: dict[type, Convert] = {}

    def of(self, field: StrawberryField) -> list[tuple[str, str, Convert | None]]:
        """Of its arguments: their names, those of the function's parameters, and what is to be done with their values."""
        name_of = self._config.name_converter.from_argument
        return [(name_of(one), one.python_name, self._conversion(one.type)) for one in field.arguments]

    def _conversion(self, type_: Any) -> Convert | None:
        """None: the value stays what it is."""
        while isinstance(type_, StrawberryOptional | LazyType):
            type_ = type_.of_type if isinstance(type_, StrawberryOptional) else type_.resolve_type()
        if isinstance(type_, StrawberryList):
            inner = self._conversion(type_.of_type)
            return _there(list if inner is None else lambda items: list(map(inner, items)))
        if _is_leaf_type(type_, self._scalars):
            return None
        definition = getattr(type_, "__strawberry_definition__", None)
        if isinstance(definition, StrawberryObjectDefinition) and definition.from_input is None:
            return self._input(definition)
        return partial(convert_argument, type_=type_, scalar_registry=self._scalars, config=self._config)

    def _input(self, definition: StrawberryObjectDefinition) -> Convert:
        """Inputs may hold such as they are themselves: each is known before its fields are looked at."""
        cls, fields = definition.origin, definition.fields
        if cls not in self._inputs:
            conversions: list[tuple[str, str, Convert | None]] = []
            unsaid = {
                one.python_name: None for one in fields if one.default is MISSING and one.default_factory is MISSING
            }
            self._inputs[cls] = _there(lambda given: cls(**unsaid | _converted(given, conversions)))
            name_of = self._config.name_converter.from_field
            conversions += [
                (name_of(one), one.python_name, self._conversion(one.resolve_type(type_definition=definition)))
                for one in fields
            ]
        return self._inputs[cls]


@lru_cache(MOST_SCHEMAS)
def converting(schema: GraphQLSchema) -> Converting:
    """Made once for a schema."""
    return Converting(schema)


def converter_of(schema: GraphQLSchema) -> GraphQLCoreConverter:
    """What Strawberry has made the schema with."""
    own: Any = schema._strawberry_schema  # type: ignore[attr-defined]  # noqa: SLF001  # how Strawberry finds itself
    return cast("GraphQLCoreConverter", own.schema_converter)


def _converted(given: Mapping[str, Any], conversions: Sequence[tuple[str, str, Convert | None]]) -> dict[str, Any]:
    """Without what is not given."""
    return {
        parameter: given[name] if convert is None else convert(given[name])
        for name, parameter, convert in conversions
        if name in given
    }


def _there(convert: Convert) -> Convert:
    return lambda value: value if value is None or value is UNSET else convert(value)


def _has_variable(value: Node) -> bool:
    if isinstance(value, VariableNode):
        return True
    inner = [*getattr(value, "values", ()), *(one.value for one in getattr(value, "fields", ()))]
    return any(_has_variable(one) for one in inner)
