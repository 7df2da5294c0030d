"""Executes a document: one operation with one context."""

from collections.abc import AsyncIterable, Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    ExecutionResult,
    Executor,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    execute,
)
from graphql.execution import create_source_event_stream
from graphql.execution.values import VariableValues

from services.graphql import metrics
from services.graphql.engine.answers import BadUserInput, many_to_json
from services.graphql.engine.asked import Asked
from services.graphql.engine.document import Document, Documents
from services.graphql.engine.levels import Run
from services.graphql.engine.plan import Plan, Unplanned
from services.graphql.engine.refusals import RequestError
from services.graphql.engine.roots import open_stream, resolve_roots
from services.graphql.engine.settle import settle
from shared.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Operation:
    """What is to be executed: one operation of a document, with its variables: as they were given, and coerced.

    `cost`: how many things the answer may hold, or one message of a subscription.
    """

    document: Document
    node: OperationDefinitionNode
    variables: Mapping[str, Any]
    values: VariableValues
    cost: int

    @property
    def name(self) -> str | None:
        return self.node.name.value if self.node.name else None

    @property
    def kind(self) -> OperationType:
        return self.node.operation


@dataclass(frozen=True, slots=True)
class Answer:
    """`refused`: it was not executed, so there is no data."""

    body: dict[str, Any]
    refused: bool = False


def prepare(documents: Documents, asked: Asked) -> Operation:
    """Raises RequestError when it cannot be executed."""
    document = documents.find(asked)
    operation = document.operation(asked.name)
    variables = asked.variables or {}
    values = documents.coerce(document, operation, variables)
    return Operation(document, operation, variables, values, documents.cost(document, operation, values))


def refusal(error: RequestError, language: str) -> Answer:
    return Answer({"errors": many_to_json(error.errors, language, error.code)}, refused=True)


async def answer(schema: GraphQLSchema, operation: Operation, ctx: Any, root: object = None) -> Answer:
    """Execute a query, a mutation, or what a subscription says of one event (`root`)."""
    data, errors = await run(schema, operation, ctx, root)
    if not errors:
        return Answer({"data": data})
    told = many_to_json(errors, ctx.language)
    # A mutation that was done is told as done, whatever its payload was asked for.
    refused = operation.kind is not OperationType.MUTATION and any(
        isinstance(error.original_error, BadUserInput | InvalidInput) for error in errors
    )
    return Answer({"errors": told} if refused else {"data": data, "errors": told}, refused)


Outcome = tuple[dict[str, Any] | None, Sequence[GraphQLError]]


async def run(schema: GraphQLSchema, operation: Operation, ctx: Any, root: object = None) -> Outcome:
    """The data, and the errors as they are."""
    plan = _plan(schema, operation)
    if plan is None:
        return await run_by_stock(schema, operation, ctx, root)
    execution = Run(schema, ctx, operation.values)
    data = await resolve_roots(execution, plan, root)
    return settle(execution, plan.root, data) if execution.failed else (data, ())


def _plan(schema: GraphQLSchema, operation: Operation) -> Plan | None:
    """None: the stock executor has to do it, which is counted."""
    try:
        return operation.document.plans(schema, operation.node).get(operation.values)
    except Unplanned as unplanned:
        metrics.FALLBACKS.labels(unplanned.reason).inc()
        return None


async def run_by_stock(schema: GraphQLSchema, operation: Operation, ctx: Any, root: object = None) -> Outcome:
    """The same by graphql-core: for what has no plan, and to compare with."""
    result = execute(
        schema,
        operation.document.node,
        root_value=root,
        context_value=ctx,
        variable_values=dict(operation.variables),
        operation_name=operation.name,
        hide_suggestions=True,
    )
    if not isinstance(result, ExecutionResult):
        result = await result
    return result.data, result.errors or ()


async def subscribe(schema: GraphQLSchema, operation: Operation, ctx: Any) -> AsyncIterable[Any] | Answer:
    """The events of a subscription; or the answer that says why there are none."""
    plan = _plan(schema, operation)
    if plan is None:
        return await subscribe_by_stock(schema, operation, ctx)
    try:
        return await open_stream(Run(schema, ctx, operation.values), plan)
    except GraphQLError as failure:
        return Answer({"errors": many_to_json([failure], ctx.language)}, refused=True)


async def subscribe_by_stock(schema: GraphQLSchema, operation: Operation, ctx: Any) -> AsyncIterable[Any] | Answer:
    """The same by graphql-core."""
    executor = Executor.build(
        schema,
        operation.document.node,
        context_value=ctx,
        raw_variable_values=dict(operation.variables),
        operation_name=operation.name,
        hide_suggestions=True,
    )
    if isinstance(executor, list):
        return Answer({"errors": many_to_json(executor, ctx.language)}, refused=True)
    stream = create_source_event_stream(executor)
    if isinstance(stream, Awaitable):
        stream = await stream
    if isinstance(stream, ExecutionResult):
        return Answer({"errors": many_to_json(stream.errors or (), ctx.language)}, refused=True)
    return stream
