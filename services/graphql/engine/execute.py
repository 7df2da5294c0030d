"""Executes a document: by graphql-core, one operation with one context."""

from collections.abc import AsyncIterable, Awaitable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import ExecutionResult, Executor, GraphQLSchema, OperationType, execute
from graphql.execution import create_source_event_stream

from services.graphql.engine.answers import BadUserInput, many_to_json
from services.graphql.engine.document import Document, Documents, RequestError
from shared.errors import InvalidInput


@dataclass(frozen=True)
class Operation:
    """What is to be executed: one operation of a document, with its variables."""

    document: Document
    name: str | None
    kind: OperationType
    variables: Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """`refused`: it was not executed, so there is no data."""

    body: dict[str, Any]
    refused: bool = False


def prepare(documents: Documents, text: str, name: str | None, variables: Mapping[str, Any]) -> Operation:
    """Raises RequestError when it cannot be executed."""
    document = documents.get(text)
    operation = document.operation(name)
    documents.coerce(document, operation, variables)
    return Operation(document, operation.name.value if operation.name else None, operation.operation, variables)


def refusal(error: RequestError, language: str) -> Answer:
    return Answer({"errors": many_to_json(error.errors, language, error.code)}, refused=True)


async def answer(schema: GraphQLSchema, operation: Operation, ctx: Any, root: object = None) -> Answer:
    """Execute a query, a mutation, or what a subscription says of one event (`root`)."""
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
    return _answer(result, operation, ctx.language)


def _answer(result: ExecutionResult, operation: Operation, language: str) -> Answer:
    if not result.errors:
        return Answer({"data": result.data})
    errors = many_to_json(result.errors, language)
    # A mutation that was done is told as done, whatever its payload was asked for.
    refused = operation.kind is not OperationType.MUTATION and any(
        isinstance(error.original_error, BadUserInput | InvalidInput) for error in result.errors
    )
    if refused or not isinstance(result.data, dict):
        return Answer({"errors": errors} if refused else {"data": None, "errors": errors}, refused)
    return Answer({"data": result.data, "errors": errors})


async def subscribe(schema: GraphQLSchema, operation: Operation, ctx: Any) -> AsyncIterable[Any] | Answer:
    """The events of a subscription; or the answer that says why there are none."""
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
