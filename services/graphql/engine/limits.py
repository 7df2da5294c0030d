"""What a document may ask for: bounded depth, fields, aliases and directives, and pages of at most 200.

One rule for all of them. It looks at every fragment once, however often it is spread, so that its cost is linear in
the document, also for one that tries to make it explode; what is not, is done only for what has passed the rest.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLSchema,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_nullable_type,
    is_leaf_type,
    type_from_ast,
)

from services.graphql.engine.collect import fragments_of
from services.graphql.engine.overlaps import count_pairs

DEEPEST = 12
MOST_FIELDS = 5_000
MOST_PAIRS = 5_000  # of selections of one name in one place
MOST_ALIASES = 15  # of one field
MOST_DIRECTIVES = 100
MOST_OPERATIONS = 10
MOST_VARIABLES = 100
MOST_VALUES = 1_000  # in lists of variables; to read one of them takes up to 0.1 ms
LONGEST_PAGE = 200
LONGEST_NUMBER = 20  # digits
INTROSPECTION = ("__schema", "__type")


@dataclass(frozen=True)
class Weight:
    """What a selection comes to, its fragments spread out."""

    depth: int = 0
    fields: int = 0


@dataclass
class Measured:
    """What is too much, whether a page is too long, and the names of variables that say how long a page may be.

    `fields`: of all operations, their fragments spread out.
    """

    problems: list[str] = field(default_factory=list)
    fields: int = 0
    page_problem: bool = False
    page_variables: set[str] = field(default_factory=set)


class Unsound(Exception):
    """A fragment of the document is not known, not the only one of its name, not used, or spreads itself."""


def measure(document: DocumentNode) -> Measured:
    """Raises Unsound: such a document is not valid, and has no measure."""
    return _Measuring(document).measured


class _Measuring:
    def __init__(self, document: DocumentNode) -> None:
        self.measured = Measured()
        self._aliases: Counter[str] = Counter()
        self._directives = 0
        self._weights: dict[str, Weight | None] = {}  # of fragments; None: it is being weighed
        self._fragments = fragments_of(document)
        operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        self._refuse_more("operations", len(operations), MOST_OPERATIONS)
        for operation in operations:
            self._refuse_more("variables", len(operation.variable_definitions or ()), MOST_VARIABLES)
            weight = self._weigh(operation.selection_set)
            self._refuse_more("levels", weight.depth, DEEPEST)
            self._refuse_more("fields", weight.fields, MOST_FIELDS)
            self.measured.fields += weight.fields
        if len(self._weights) != sum(isinstance(node, FragmentDefinitionNode) for node in document.definitions):
            raise Unsound
        self._refuse_more("aliases of one field", max(self._aliases.values(), default=0), MOST_ALIASES)
        self._refuse_more("directives", self._directives, MOST_DIRECTIVES)
        if not self.measured.problems:
            pairs = sum(count_pairs([operation.selection_set], self._fragments) for operation in operations)
            self._refuse_more("pairs of one name in one place", pairs, MOST_PAIRS)

    def _refuse_more(self, what: str, count: int, most: int) -> None:
        if count > most:
            self.measured.problems.append(f"The document has {count} {what}; at most {most} are taken.")

    def _weigh(self, selections: SelectionSetNode | None) -> Weight:
        if selections is None:
            return Weight()
        weights = [self._weigh_one(node) for node in selections.selections]
        return Weight(max((one.depth for one in weights), default=0), sum(one.fields for one in weights))

    def _weigh_one(self, node: Any) -> Weight:
        self._directives += len(node.directives or ())
        if isinstance(node, FragmentSpreadNode):
            return self._weigh_fragment(node.name.value)
        if not isinstance(node, FieldNode):
            return self._weigh(node.selection_set)
        if node.alias is not None:
            self._aliases[node.name.value] += 1
        self._look_at_page(node)
        below = self._weigh(node.selection_set)
        return Weight(1, 1) if node.name.value in INTROSPECTION else Weight(below.depth + 1, below.fields + 1)

    def _weigh_fragment(self, name: str) -> Weight:
        if name not in self._weights:
            if name not in self._fragments:
                raise Unsound
            self._weights[name] = None
            self._weights[name] = self._weigh(self._fragments[name].selection_set)
        weight = self._weights[name]
        if weight is None:
            raise Unsound
        return weight

    def _look_at_page(self, node: FieldNode) -> None:
        for argument in node.arguments or ():
            if argument.name.value != "first":
                continue
            if isinstance(argument.value, VariableNode):
                self.measured.page_variables.add(argument.value.name.value)
            elif isinstance(argument.value, IntValueNode) and not is_page(_number(argument.value.value)):
                self.measured.page_problem = True


def _number(digits: str) -> int:
    """Of a literal. Python reads no number of thousands of digits, and none of them is a page."""
    return int(digits) if len(digits) <= LONGEST_NUMBER else 0


NO_PAGE = f"`first` must be from 1 to {LONGEST_PAGE}."


def is_page(first: object) -> bool:
    return first is None or (isinstance(first, int) and 1 <= first <= LONGEST_PAGE)


def count_values(schema: GraphQLSchema, operation: OperationDefinitionNode, given: Mapping[str, Any]) -> int:
    """In the lists of an operation's variables, as they were given; those of a scalar are the scalar's own."""
    count = 0
    for definition in operation.variable_definitions or ():
        value = given.get(definition.variable.name.value)
        if isinstance(value, list | dict):
            count += _values_in(type_from_ast(schema, definition.type), value)
    return count


def _values_in(type_: Any, value: object) -> int:
    type_ = get_nullable_type(type_)
    if isinstance(type_, GraphQLList) and isinstance(value, list):
        alone = len(value) > MOST_VALUES or is_leaf_type(get_nullable_type(type_.of_type))
        return len(value) + (0 if alone else sum(_values_in(type_.of_type, one) for one in value))
    if isinstance(type_, GraphQLInputObjectType) and isinstance(value, dict):
        return sum(_values_in(field.type, value[name]) for name, field in type_.fields.items() if name in value)
    return 0


def check_pages(names: set[str], variables: dict[str, Any]) -> Iterator[GraphQLError]:
    """What is wrong with the lengths of pages that variables give."""
    for name in sorted(names):
        if not is_page(variables.get(name)):
            yield GraphQLError(f"${name}: {NO_PAGE}")
