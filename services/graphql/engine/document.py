"""Documents: parsed, validated and measured once, and kept by their text."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    KnownFragmentNamesRule,
    NoFragmentCyclesRule,
    NoUndefinedVariablesRule,
    NoUnusedFragmentsRule,
    NoUnusedVariablesRule,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    PossibleFragmentSpreadsRule,
    UniqueFragmentNamesRule,
    VariablesInAllowedPositionRule,
    parse,
    specified_rules,
    validate,
)
from graphql.execution.values import VariableValues, get_variable_values
from graphql.validation import ASTValidationRule, NoSchemaIntrospectionCustomRule

from services.graphql.engine.asked import Asked
from services.graphql.engine.collect import condition_variables
from services.graphql.engine.cost import MOST_COST, Bounds, Costs
from services.graphql.engine.limits import MOST_VALUES, NO_PAGE, Measured, Unsound, check_pages, count_values, measure
from services.graphql.engine.persisted import Persisted
from services.graphql.engine.plan import MOST_WAYS, Plans
from services.graphql.engine.refusals import RequestError

MOST_TOKENS = 2_000
LONGEST = 50_000  # characters: two thousand tokens, well laid out, come to half of it; values belong in variables
MOST_ERRORS = 5
MOST_KEPT = 500_000  # characters of documents, each of which comes to some 150 bytes
AT_LEAST = 200  # characters that a document counts for besides its own: the smallest comes to 5 KB
PLANNED = 7  # and for each field of each of its plans, its fragments spread out: 1 KB

# Rules that compare what stands in many places take long: nothing that is wrong where it stands gets to them.
OF_THE_WHOLE = (
    NoUndefinedVariablesRule,
    NoUnusedVariablesRule,
    VariablesInAllowedPositionRule,
    OverlappingFieldsCanBeMergedRule,
    PossibleFragmentSpreadsRule,
)
# What makes a document one that cannot be measured.
SOUND_FRAGMENTS = (KnownFragmentNamesRule, NoFragmentCyclesRule, NoUnusedFragmentsRule, UniqueFragmentNamesRule)


@dataclass(frozen=True)
class Document:
    """A document that may be executed."""

    text: str
    node: DocumentNode
    operations: Mapping[str | None, OperationDefinitionNode]
    page_variables: set[str]
    conditions: set[str]  # variables that decide what is selected
    fields: int  # of all operations, their fragments spread out
    _plans: dict[str, Plans] = field(default_factory=dict)
    _costs: dict[str, Costs] = field(default_factory=dict)
    deciding: dict[str | None, list[str]] = field(default_factory=dict)  # of operations: variables that answers hang on

    def plans(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> Plans:
        name = operation.name.value if operation.name else ""
        if name not in self._plans:
            self._plans[name] = Plans(schema, self.node, operation, self.conditions)
        return self._plans[name]

    def costs(self, schema: GraphQLSchema, bounds: Bounds, operation: OperationDefinitionNode) -> Costs:
        name = operation.name.value if operation.name else ""
        if name not in self._costs:
            self._costs[name] = Costs(schema, bounds, self.node, operation)
        return self._costs[name]

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The one with that name, or the only one. Raises RequestError."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        found = self.operations.get(name) if name is not None else None
        if found is None:
            names = ", ".join(one for one in self.operations if one)
            which = f"one of {names}" if names else "none of them has a name, so leave it out"
            raise RequestError(
                "BAD_USER_INPUT", GraphQLError(f"Say by operationName which operation to execute: {which}.")
            )
        return found


def _unlink(document: DocumentNode) -> None:
    """Tokens know both their neighbours, and nobody asks for the one before: now forgetting the document frees them."""
    token = document.loc.start_token if document.loc else None
    while token is not None:
        token.prev, token = None, token.next


def size(text: str, document: Document | RequestError) -> int:
    """How much of a cache it takes, in characters; also of one that is refused."""
    if isinstance(document, RequestError):
        return len(text) + AT_LEAST
    ways = min(1 << len(document.conditions), MOST_WAYS)
    return len(text) + AT_LEAST + PLANNED * document.fields * ways


class Documents:
    """What has been asked of a schema, newest last; those asked longest ago are forgotten.

    `bounds`: of the schema's lists; None: what an operation costs is not counted, and nothing is too costly.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        introspection: bool,
        suggestions: bool,
        persisted: Persisted | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        self.schema = schema
        self._bounds = bounds
        self.persisted = persisted or Persisted()
        self._suggestions = suggestions
        self._local: list[type[ASTValidationRule]] = [rule for rule in specified_rules if rule not in OF_THE_WHOLE]
        if not introspection:
            self._local.append(NoSchemaIntrospectionCustomRule)
        self._kept: OrderedDict[str, Document | RequestError] = OrderedDict()
        self._size = 0  # of all together

    def find(self, asked: Asked) -> Document:
        """By its text, or by its SHA-256. Raises RequestError when it is not known or cannot be executed."""
        document = self.get(self.persisted.text(asked))
        self.persisted.register(asked)
        return document

    def get(self, text: str) -> Document:
        """Raises RequestError when the document cannot be executed."""
        if len(text) > LONGEST:
            sentence = (
                f"The document has {len(text)} characters; at most {LONGEST} are taken. Give values as variables."
            )
            raise RequestError("TOO_COSTLY", GraphQLError(sentence))
        kept = self._kept.get(text)
        if kept is None:
            try:
                kept = self._read(text)
            except RequestError as refused:
                kept = RequestError(refused.code, *refused.errors)  # one that was raised holds what reading held
            self._keep(text, kept)
        else:
            self._kept.move_to_end(text)
        if isinstance(kept, RequestError):
            raise RequestError(kept.code, *kept.errors)
        return kept

    def _keep(self, text: str, document: Document | RequestError) -> None:
        self._kept[text] = document
        self._size += size(text, document)
        while self._size > MOST_KEPT:
            self._size -= size(*self._kept.popitem(last=False))

    def _read(self, text: str) -> Document:
        try:
            node = parse(text, max_tokens=MOST_TOKENS, allow_empty_selection_sets=False)
            _unlink(node)
            measured = self._measure(node)  # what is too large is not worth validating
        except GraphQLSyntaxError as error:
            raise RequestError("GRAPHQL_PARSE_FAILED", error.with_traceback(None)) from None
        except RecursionError:
            raise RequestError("GRAPHQL_PARSE_FAILED", GraphQLError("The document is nested too deeply.")) from None
        if measured.problems:
            raise RequestError("TOO_COSTLY", *map(GraphQLError, measured.problems[:MOST_ERRORS]))
        self._validate(node, self._local)
        self._validate(node, OF_THE_WHOLE)
        if measured.page_problem:
            raise RequestError("BAD_USER_INPUT", GraphQLError(NO_PAGE))
        operations = [one for one in node.definitions if isinstance(one, OperationDefinitionNode)]
        return Document(
            text,
            node,
            {one.name.value if one.name else None: one for one in operations},
            measured.page_variables,
            condition_variables(node),
            measured.fields,
        )

    def _measure(self, node: DocumentNode) -> Measured:
        try:
            return measure(node)
        except Unsound:
            self._validate(node, SOUND_FRAGMENTS)
            raise

    def _validate(self, node: DocumentNode, rules: Sequence[type[ASTValidationRule]]) -> None:
        errors = validate(self.schema, node, rules, max_errors=MOST_ERRORS, hide_suggestions=not self._suggestions)
        if errors:
            raise RequestError("GRAPHQL_VALIDATION_FAILED", *errors[:MOST_ERRORS])

    def coerce(
        self, document: Document, operation: OperationDefinitionNode, given: Mapping[str, Any]
    ) -> VariableValues:
        """Raises RequestError when the variables are too many, or not what the operation declares."""
        count = count_values(self.schema, operation, given)
        if count > MOST_VALUES:
            sentence = f"The variables have {count} values in lists; at most {MOST_VALUES} are taken."
            raise RequestError("TOO_COSTLY", GraphQLError(sentence))
        values = get_variable_values(
            self.schema,
            operation.variable_definitions or (),
            dict(given),
            max_errors=MOST_ERRORS,
            hide_suggestions=not self._suggestions,
        )
        if isinstance(values, list):
            raise RequestError("BAD_USER_INPUT", *values[:MOST_ERRORS])
        pages = list(check_pages(document.page_variables, values.coerced))
        if pages:
            raise RequestError("BAD_USER_INPUT", *pages)
        return values

    def cost(self, document: Document, operation: OperationDefinitionNode, values: VariableValues) -> int:
        """Raises RequestError when it is more than anybody may ask for at once."""
        if self._bounds is None:
            return 1
        cost = document.costs(self.schema, self._bounds, operation).of(values)
        if cost > MOST_COST:
            sentence = (
                f"The answer may hold {cost} things; at most {MOST_COST} are taken."
                " Ask for shorter pages (`first`), or for what is inside of lists in a request of its own."
            )
            raise RequestError("TOO_COSTLY", GraphQLError(sentence), cost=cost)
        return cost
