"""What a selection asks of objects of one type: fragments spread out, equal fields merged, conditions decided.

As the specification has it: CollectFields (GraphQL, 6.3.2).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
)

CONDITIONS = ("skip", "include")

Fragments = dict[str, FragmentDefinitionNode]
Fields = dict[str, list[FieldNode]]  # by their names in the answer


def fragments_of(document: DocumentNode) -> Fragments:
    """By their names."""
    return {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}


def walk(document: DocumentNode) -> Iterator[FieldNode | DirectiveNode]:
    """Every field and every directive that stands in a selection, in whichever operation or fragment."""
    definitions: Sequence[Any] = document.definitions
    waiting = [definition.selection_set for definition in definitions]
    while waiting:
        for node in waiting.pop().selections:
            yield from node.directives or ()
            if isinstance(node, FieldNode):
                yield node
            if (below := getattr(node, "selection_set", None)) is not None:
                waiting.append(below)


def condition(directive: DirectiveNode) -> Any:
    """What `@skip` or `@include` is decided by; None: it is another directive."""
    if directive.name.value not in CONDITIONS:
        return None
    assert directive.arguments
    return directive.arguments[0].value


def condition_variables(document: DocumentNode) -> set[str]:
    """Those that decide what is selected, in whichever operation."""
    values = (condition(node) for node in walk(document) if isinstance(node, DirectiveNode))
    return {value.name.value for value in values if isinstance(value, VariableNode)}


@dataclass(frozen=True, slots=True)
class Collector:
    """`given`: the variables that conditions name. One that is null decides nothing: it is for others to refuse."""

    schema: GraphQLSchema
    fragments: Fragments
    given: Mapping[str, Any]

    def collect(self, type_: GraphQLObjectType, sets: Sequence[SelectionSetNode]) -> Fields:
        """Of a valid document."""
        fields: Fields = {}
        spread: set[str] = set()
        for selections in sets:
            self._collect(type_, selections, fields, spread)
        return fields

    def _collect(
        self, type_: GraphQLObjectType, selections: SelectionSetNode, fields: Fields, spread: set[str]
    ) -> None:
        for node in selections.selections:
            if node.directives and not all(map(self._is_met, node.directives)):
                continue
            if isinstance(node, FieldNode):
                fields.setdefault((node.alias or node.name).value, []).append(node)
                continue
            part: Any = node
            if isinstance(node, FragmentSpreadNode):
                if node.name.value in spread:
                    continue
                spread.add(node.name.value)
                part = self.fragments[node.name.value]
            if part.type_condition is None or self._is_of(type_, part.type_condition.name.value):
                self._collect(type_, part.selection_set, fields, spread)

    def _is_met(self, directive: DirectiveNode) -> bool:
        value = condition(directive)
        if isinstance(value, VariableNode):
            said = self.given[value.name.value]
        else:
            said = value.value if isinstance(value, BooleanValueNode) else None
        return said is None or bool(said) == (directive.name.value == "include")

    def _is_of(self, type_: GraphQLObjectType, name: str) -> bool:
        if type_.name == name:
            return True
        condition = self.schema.type_map[name]
        return is_abstract_type(condition) and self.schema.is_sub_type(condition, type_)
