"""From a document to steps: fragments spread out, equal fields merged, conditions decided.

An operation has a plan for each way in which its `@skip` and `@include` turn out, so that a plan knows no conditions.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    BooleanValueNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
    is_leaf_type,
)
from graphql.execution.values import VariableValues
from strawberry.schema.schema_converter import GraphQLCoreConverter

from services.graphql.engine.arguments import Arguments, Converting
from services.graphql.engine.codegen import generate, generate_write
from services.graphql.engine.fields import BATCHED, READS, classes_of
from services.graphql.engine.limits import INTROSPECTION
from services.graphql.engine.reads import wants
from services.graphql.engine.resolvers import Resolver
from services.graphql.engine.steps import Loading, Selection, Shape, Step, Target

MOST_WAYS = 8  # in which the conditions of one operation turn out, that are kept
OWN = GraphQLCoreConverter.DEFINITION_BACKREF
CONDITIONS = ("skip", "include")

Composite = GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType


class Unplanned(Exception):
    """The stock executor has to do it; `reason` for those who count."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Plan:
    """An operation as it is executed."""

    root: Selection
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]


class Plans:
    """The plans of one operation."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> None:
        self._schema, self._operation = schema, operation
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._conditions = sorted(set(_condition_variables(document)))
        self._kept: OrderedDict[tuple[bool, ...], Plan] = OrderedDict()

    def get(self, values: VariableValues) -> Plan:
        """Raises Unplanned."""
        given = [values.coerced.get(name) for name in self._conditions]
        if None in given:
            raise Unplanned("condition")
        decided = tuple(map(bool, given))
        plan = self._kept.get(decided)
        if plan is None:
            planning = _Planning(self._schema, self._fragments, dict(zip(self._conditions, decided, strict=True)))
            plan = self._kept[decided] = Plan(planning.root(self._operation), self._operation, self._fragments)
            if len(self._kept) > MOST_WAYS:
                self._kept.popitem(last=False)
        return plan


def _condition_variables(node: Node) -> Iterator[str]:
    """The variables that decide what is selected, in whichever operation."""
    for definition in getattr(node, "definitions", ()):
        yield from _condition_variables(definition.selection_set)
    for selection in getattr(node, "selections", ()):
        for directive in selection.directives or ():
            if directive.name.value in CONDITIONS:
                yield from (one.value.name.value for one in directive.arguments if isinstance(one.value, VariableNode))
        if getattr(selection, "selection_set", None) is not None:
            yield from _condition_variables(selection.selection_set)


class _Planning:
    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        decided: Mapping[str, bool],
    ) -> None:
        self._schema, self._fragments, self._decided = schema, fragments, decided
        self._converting = Converting(schema)
        self._roots = (schema.query_type, schema.mutation_type, schema.subscription_type)

    def root(self, operation: OperationDefinitionNode) -> Selection:
        type_ = self._schema.get_root_type(operation.operation)
        assert type_ is not None
        steps = self._steps(type_, [operation.selection_set])
        if any(step.nodes[0].name.value in INTROSPECTION for step in steps):
            raise Unplanned("introspection")
        return Selection(_class(type_), steps, generate(()))

    def _selection(self, type_: GraphQLObjectType, sets: Sequence[SelectionSetNode]) -> Selection:
        steps = self._steps(type_, sets)
        return Selection(_class(type_), steps, generate(steps))

    def _target(self, type_: Composite, nodes: Sequence[FieldNode]) -> Target:
        sets = [node.selection_set for node in nodes if node.selection_set is not None]
        if isinstance(type_, GraphQLObjectType):
            only = type_
            return Target(lambda _: self._selection(only, sets), is_abstract=False)
        by_class = {cls: one for one in self._schema.get_possible_types(type_) for cls in classes_of(_class(one))}

        def select(cls: type) -> Selection | None:
            return self._selection(by_class[cls], sets) if cls in by_class else None

        return Target(select, is_abstract=True)

    def _steps(self, type_: GraphQLObjectType, sets: Sequence[SelectionSetNode]) -> list[Step]:
        fields: dict[str, list[FieldNode]] = {}
        spread: set[str] = set()
        for one in sets:
            self._collect(type_, one, fields, spread)
        return [self._step(type_, key, nodes) for key, nodes in fields.items()]

    def _collect(
        self,
        type_: GraphQLObjectType,
        selections: SelectionSetNode,
        fields: dict[str, list[FieldNode]],
        spread: set[str],
    ) -> None:
        for node in selections.selections:
            if not self._is_included(node):
                continue
            if isinstance(node, FieldNode):
                fields.setdefault((node.alias or node.name).value, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                if node.type_condition is None or self._is_of(type_, node.type_condition.name.value):
                    self._collect(type_, node.selection_set, fields, spread)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                fragment = self._fragments[node.name.value]
                if self._is_of(type_, fragment.type_condition.name.value):
                    self._collect(type_, fragment.selection_set, fields, spread)

    def _is_included(self, node: Any) -> bool:
        for directive in node.directives or ():
            if directive.name.value in CONDITIONS and self._is_true(directive.arguments[0].value) == (
                directive.name.value == "skip"
            ):
                return False
        return True

    def _is_true(self, value: Node) -> bool:
        if isinstance(value, VariableNode):
            return self._decided[value.name.value]
        assert isinstance(value, BooleanValueNode)
        return value.value

    def _is_of(self, type_: GraphQLObjectType, name: str) -> bool:
        if type_.name == name:
            return True
        condition = self._schema.type_map[name]
        return is_abstract_type(condition) and self._schema.is_sub_type(condition, type_)

    def _step(self, type_: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> Step:
        name = nodes[0].name.value
        if name == "__typename":
            return Step(key, type_.name, nodes, Shape(nullable=False), constant=type_.name)
        if name in INTROSPECTION:
            return Step(key, type_.name, nodes, Shape(nullable=True))
        definition = type_.fields[name]
        shape, named = _shape(definition.type)
        step = Step(key, type_.name, nodes, shape, definition)
        if is_leaf_type(named):
            step.leaf = named
        else:
            assert isinstance(named, Composite)
            step.target = self._target(named, nodes)
        own = definition.extensions[OWN]
        step.attribute = own.python_name
        if BATCHED in own.metadata:
            load = own.metadata[BATCHED]
            step.loading = Loading(load, own.metadata[READS], wants(load))
        if step.loading is not None or type_ in self._roots:
            step.arguments = Arguments(definition, nodes[0], self._converting.of(own))
        if type_ in self._roots and own.base_resolver is not None and not own.is_subscription:
            step.resolver = Resolver(self._schema, own)
        if step.leaf is not None and (step.loading is not None or type_ in self._roots):
            step.write = generate_write(step)
        return step


def _class(type_: GraphQLObjectType) -> type:
    """As which the schema has the type."""
    origin: type = type_.extensions[OWN].origin
    return origin


def _shape(type_: GraphQLOutputType) -> tuple[Shape, GraphQLNamedType]:
    nullable = True
    if isinstance(type_, GraphQLNonNull):
        nullable, type_ = False, type_.of_type
    if isinstance(type_, GraphQLList):
        item, named = _shape(type_.of_type)
        return Shape(nullable, item), named
    assert isinstance(type_, GraphQLNamedType)
    return Shape(nullable), type_
