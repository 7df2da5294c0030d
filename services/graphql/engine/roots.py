"""The fields of the root: each is resolved as it is written in the schema, and its selection by levels."""

from collections.abc import AsyncIterable, Awaitable, Sequence
from typing import Any, cast

from graphql import GraphQLObjectType, GraphQLResolveInfo, OperationType, located_error
from graphql.execution.values import get_argument_values
from graphql.pyutils import Path, gather_with_cancel, is_awaitable
from graphql.type import GraphQLResolveInfoHelpers

from services.graphql.engine.levels import Run, place
from services.graphql.engine.plan import Plan
from services.graphql.engine.settle import settle
from services.graphql.engine.steps import Object, Selection, Step


async def resolve_roots(run: Run, plan: Plan, root: object) -> Object:
    """The data, with Failed in it where something failed.

    A query's fields go down level by level together; a mutation is done, and what it answers with read, before the
    next one begins: and none begins once there is no answer any more to tell of it in.
    """
    data: Object = {step.key: step.constant for step in plan.root.steps}
    for step in plan.root.steps:
        if step.constant is not None:
            continue
        place(run, step, [data], [await _resolve(run, plan, step, root)])
        if plan.operation.operation is OperationType.MUTATION:
            await run.levels()
            if run.failed and settle(run, Selection(plan.root.cls, [step], plan.root.make), data)[0] is None:
                break
    await run.levels()
    return data


async def open_stream(run: Run, plan: Plan) -> AsyncIterable[Any]:
    """The events that a subscription's field follows. Raises GraphQLError when it cannot be followed."""
    step = next(step for step in plan.root.steps if step.definition is not None)
    definition = step.definition
    assert definition is not None
    assert definition.subscribe is not None
    try:
        arguments = get_argument_values(definition, step.nodes[0], run.values)
        stream = definition.subscribe(None, _info(run, plan, step, None), **arguments)
        return cast("AsyncIterable[Any]", await stream if is_awaitable(stream) else stream)
    except Exception as failure:
        raise located_error(failure, step.nodes, [step.key]) from failure


async def _resolve(run: Run, plan: Plan, step: Step, root: object) -> Any:
    if step.resolver is None:
        return root
    assert step.arguments is not None
    try:
        return await step.resolver(root, _info(run, plan, step, root), step.arguments.given(run.values))
    except Exception as failure:  # noqa: BLE001  # whatever it is: it is that field's error
        return failure


def _info(run: Run, plan: Plan, step: Step, root: object) -> GraphQLResolveInfo[Any]:
    parent, definition = run.schema.type_map[step.parent], step.definition
    assert isinstance(parent, GraphQLObjectType)
    assert definition is not None
    return GraphQLResolveInfo(
        step.nodes[0].name.value,
        step.nodes,
        definition.type,
        parent,
        Path(None, step.key, step.parent),
        run.schema,
        plan.fragments,
        root,
        plan.operation,
        run.values,
        run.ctx,
        is_awaitable,
        None,
        HELPERS,
    )


async def _gather(works: Sequence[Awaitable[Any]]) -> list[Any]:
    return list(await gather_with_cancel(*works))


def _track(_works: Sequence[Any]) -> None:
    """Resolvers leave nothing behind that would have to be waited for."""


HELPERS = GraphQLResolveInfoHelpers(_gather, _track)
