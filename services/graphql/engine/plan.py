"""From a document to steps: what each of its fields is, and how it gets its value.

An operation has a plan for each way in which its `@skip` and `@include` turn out, so that a plan knows no conditions.
"""

from collections import OrderedDict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationDefinitionNode,
    SelectionSetNode,
    is_leaf_type,
)
from graphql.execution.values import VariableValues
from strawberry.schema.schema_converter import GraphQLCoreConverter

from services.graphql.engine.arguments import Arguments, converting
from services.graphql.engine.codegen import generate, generate_write
from services.graphql.engine.collect import Collector, Fragments, fragments_of
from services.graphql.engine.fields import BATCHED, READS, classes_of
from services.graphql.engine.limits import INTROSPECTION
from services.graphql.engine.reads import wants
from services.graphql.engine.resolvers import Resolver
from services.graphql.engine.steps import Loading, Selection, Shape, Step, Target

MOST_WAYS = 8  # in which the conditions of one operation turn out, that are kept
OWN = GraphQLCoreConverter.DEFINITION_BACKREF

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
    fragments: Fragments


class Plans:
    """The plans of one operation. `conditions`: the variables of its document that decide what is selected."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        conditions: AbstractSet[str],
    ) -> None:
        self._schema, self._operation = schema, operation
        self._fragments = fragments_of(document)
        self._conditions = sorted(conditions & _declared(operation))
        self._kept: OrderedDict[tuple[bool, ...], Plan] = OrderedDict()

    def get(self, values: VariableValues) -> Plan:
        """Raises Unplanned."""
        given = [values.coerced.get(name) for name in self._conditions]
        if None in given:
            raise Unplanned("condition")
        decided = tuple(map(bool, given))
        plan = self._kept.get(decided)
        if plan is None:
            collector = Collector(self._schema, self._fragments, dict(zip(self._conditions, decided, strict=True)))
            root = _Planning(self._schema, collector).root(self._operation)
            plan = self._kept[decided] = Plan(root, self._operation, self._fragments)
            if len(self._kept) > MOST_WAYS:
                self._kept.popitem(last=False)
        return plan


def _declared(operation: OperationDefinitionNode) -> set[str]:
    return {one.variable.name.value for one in operation.variable_definitions or ()}


class _Planning:
    def __init__(self, schema: GraphQLSchema, collector: Collector) -> None:
        self._schema, self._collector = schema, collector
        self._converting = converting(schema)
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
        return [self._step(type_, key, nodes) for key, nodes in self._collector.collect(type_, sets).items()]

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
        if type_ in self._roots and not own.is_subscription:
            step.resolver = Resolver(self._schema, own)
        if step.loading is not None or step.resolver is not None:
            step.arguments = Arguments(definition, nodes[0], self._converting.of(own))
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
