"""What subscribers are told of an event: made and encoded once for all who ask the same of it."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import UUID

import orjson
from graphql import FragmentDefinitionNode, Node, OperationDefinitionNode, VariableNode

from services.graphql.engine.execute import Operation
from services.graphql.viewer import Viewer
from shared.actor import Permission

MOST_KINDS = 8  # of answers to one event that are kept

Kind = tuple[str, str | None, bytes, UUID | None, frozenset[Permission], str]


def kind_of(operation: Operation, viewer: Viewer, language: str) -> Kind:
    """Equal for those who are told the same of an event: what the root's arguments choose is which events come."""
    known = operation.document.deciding
    names = known.get(operation.name)
    if names is None:
        names = known[operation.name] = sorted(set(_variables_below(operation)))
    given = orjson.dumps([operation.variables.get(name) for name in names if name in operation.variables])
    absent = [name for name in names if name not in operation.variables]
    variables = given + orjson.dumps(absent)
    return operation.document.text, operation.name, variables, viewer.account_id, viewer.permissions, language


def _variables_below(operation: Operation) -> Iterator[str]:
    """Names of the variables that are used elsewhere than in arguments of the root's fields."""
    parts: list[Node] = list(operation.node.directives or ())
    for field in operation.node.selection_set.selections:
        parts += field.directives or ()
        below = getattr(field, "selection_set", None)
        if below is not None:
            parts.append(below)
    parts += [one for one in operation.document.node.definitions if isinstance(one, FragmentDefinitionNode)]
    for part in parts:
        yield from _variables_in(part)


def _variables_in(node: Node) -> Iterator[str]:
    if isinstance(node, VariableNode):
        yield node.name.value
    assert not isinstance(node, OperationDefinitionNode)
    for key in node.keys:
        value = getattr(node, key, None)
        for one in value if isinstance(value, list | tuple) else (value,):
            if isinstance(one, Node):
                yield from _variables_in(one)


class Telling:
    """The answers to one event, by kind."""

    def __init__(self) -> None:
        self._told: OrderedDict[Kind, asyncio.Task[bytes]] = OrderedDict()

    async def once(self, kind: Kind, make: Callable[[], Awaitable[bytes]]) -> bytes:
        """What was made for the first who asked; who goes away meanwhile takes it from nobody else."""
        task = self._told.get(kind)
        if task is None:
            task = self._told[kind] = asyncio.create_task(_awaited(make))
            task.add_done_callback(lambda done: self._forget_failed(kind, done))
            if len(self._told) > MOST_KINDS:
                self._told.popitem(last=False)
        return await asyncio.shield(task)

    def _forget_failed(self, kind: Kind, done: asyncio.Task[Any]) -> None:
        if (done.cancelled() or done.exception() is not None) and self._told.get(kind) is done:
            del self._told[kind]


async def _awaited(make: Callable[[], Awaitable[bytes]]) -> bytes:
    return await make()
