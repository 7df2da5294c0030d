"""What an operation costs: how many things its lists may hold, those of nested lists multiplied.

    { funnels(first: 20) { nodes { name stages { name } } } }      20 × (1 + 53) = 1,080

A page costs its `first`, once, also where it is shown as edges and as nodes; a list of what is named by ids, as many;
any other list its bound. Of an interface or a union the dearest type counts; a field that is selected twice counts
once. A selection is counted once for a type, however often its fragments are spread.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
)
from graphql.execution.values import VariableValues

from services.graphql.engine.collect import Collector, fragments_of, walk
from services.graphql.engine.limits import LONGEST_PAGE

MOST_COST = 20_000
MOST_KEPT = 8  # costs of one operation, by what its variables say of sizes

PAGE = "first"
INPUT = "input"
NAMED = ("ids", "stageIds", "users")  # in arguments and inputs: what is answered with is not longer

Bounds = Mapping[str, int]  # of `Type.field`: how long a list may be that is no page; 0: it costs nothing
Size = int | None
Sets = Sequence[SelectionSetNode]


class Costs:
    """Of one operation of a valid document."""

    def __init__(
        self, schema: GraphQLSchema, bounds: Bounds, document: DocumentNode, operation: OperationDefinitionNode
    ) -> None:
        self._schema, self._bounds, self._operation = schema, bounds, operation
        self._fragments = fragments_of(document)
        self._names = sorted(set(_deciding(document)))
        self._kept: OrderedDict[tuple[Size, ...], int] = OrderedDict()

    def of(self, values: VariableValues) -> int:
        """At least 1."""
        sizes = tuple(_size(values.coerced.get(name)) for name in self._names)
        cost = self._kept.get(sizes)
        if cost is None:
            collector = Collector(self._schema, self._fragments, dict(zip(self._names, sizes, strict=True)))
            counting = _Counting(self._schema, self._bounds, collector)
            cost = self._kept[sizes] = max(1, counting.operation(self._operation))
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return cost


def _deciding(document: DocumentNode) -> Iterator[str]:
    """The variables that say how much is asked for."""
    for node in walk(document):
        for argument in node.arguments or ():
            if argument.name.value in (PAGE, INPUT, "if", *NAMED):
                yield from _variables(argument.value)


def _variables(value: ValueNode) -> Iterator[str]:
    if isinstance(value, VariableNode):
        yield value.name.value
    elif isinstance(value, ObjectValueNode):
        for field in value.fields:
            if field.name.value in NAMED:
                yield from _variables(field.value)


def _size(value: Any) -> Size:
    """A number itself, how long a list is, and of an input the list of what it names."""
    if isinstance(value, dict):
        value = next((value[name] for name in NAMED if value.get(name) is not None), None)
    if isinstance(value, list):
        return len(value)
    return value if isinstance(value, int) else None


class _Counting:
    def __init__(self, schema: GraphQLSchema, bounds: Bounds, collector: Collector) -> None:
        self._schema, self._bounds, self._collector = schema, bounds, collector
        self._counted: dict[tuple[str, Size, tuple[int, ...]], int] = {}

    def operation(self, operation: OperationDefinitionNode) -> int:
        type_ = self._schema.get_root_type(operation.operation)
        assert type_ is not None
        return self._selection(type_, [operation.selection_set], None)

    def _selection(self, type_: GraphQLNamedType, sets: Sets, given: Size) -> int:
        """`given`: the size that the field's arguments say, of the lists that have no bound of their own."""
        key = type_.name, given, tuple(map(id, sets))
        if key not in self._counted:
            if isinstance(type_, GraphQLObjectType):
                self._counted[key] = self._object(type_, sets, given)
            else:
                assert is_abstract_type(type_)
                possible = self._schema.get_possible_types(type_)
                self._counted[key] = max((self._object(one, sets, given) for one in possible), default=0)
        return self._counted[key]

    def _object(self, type_: GraphQLObjectType, sets: Sets, given: Size) -> int:
        cost, in_page = 0, None
        for nodes in self._collector.collect(type_, sets).values():
            name = nodes[0].name.value
            definition = type_.fields.get(name)
            if definition is None or is_leaf_type(named := get_named_type(definition.type)):
                continue
            size = self._given(definition, nodes[0])
            below = self._selection(named, [node.selection_set for node in nodes if node.selection_set], size)
            bound = self._bounds.get(f"{type_.name}.{name}")
            if not is_list_type(get_nullable_type(definition.type)):
                cost += below
            elif size is not None or bound is not None:
                cost += min(one for one in (size, bound) if one is not None) * (1 + below)
            else:
                in_page = below + (in_page or 0)
        return cost if in_page is None else cost + (LONGEST_PAGE if given is None else given) * (1 + in_page)

    def _given(self, definition: GraphQLField, node: FieldNode) -> Size:
        said = {argument.name.value: argument.value for argument in node.arguments or ()}
        for name in (PAGE, *NAMED, INPUT):
            argument = definition.args.get(name)
            if argument is None:
                continue
            if name != PAGE:
                return self._length(said.get(name))
            size = self._number(said.get(name))
            return _size(argument.default_value) if size is None else size
        return None

    def _variable(self, node: VariableNode) -> Size:
        size: Size = self._collector.given[node.name.value]
        return size

    def _number(self, value: ValueNode | None) -> Size:
        if isinstance(value, VariableNode):
            return self._variable(value)
        return int(value.value) if isinstance(value, IntValueNode) else None

    def _length(self, value: ValueNode | None) -> Size:
        """Of a list of what is named, or of the one that an input holds; what is no list names one."""
        if isinstance(value, VariableNode):
            return self._variable(value)
        if isinstance(value, ObjectValueNode):
            return next((self._length(one.value) for one in value.fields if one.name.value in NAMED), None)
        if isinstance(value, ListValueNode):
            return len(value.values)
        return None if value is None or isinstance(value, NullValueNode) else 1
