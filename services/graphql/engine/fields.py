"""How a field gets its value: an attribute of its source (a property too), or one call for a whole level.

    class Deal:
        stage: Stage = batched(stages_of_deals)

    async def stages_of_deals(ctx: Context, deals: Sequence[Deal]) -> list[Stage | Exception]: ...

A batched function is called once for all objects of a level, with the field's arguments by name. It answers with one
outcome a parent, in their order; an exception is that parent's error, and raising fails them all.
"""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import strawberry
from strawberry.dataloader import DataLoader

BATCHED = "batched"  # the key in a field's metadata; its value is the function

Batch = Callable[..., Awaitable[Sequence[Any]]]


class Loading(Protocol):
    """Where an operation keeps its loaders."""

    loaders: dict[object, DataLoader[Any, Any]]


def batched(load: Batch, description: str | None = None) -> Any:
    """A field whose values `load` brings. The attribute's annotation is the field's type."""
    own = [
        argument for argument in inspect.signature(load).parameters.values() if argument.kind is argument.KEYWORD_ONLY
    ]

    async def resolve(self: object, info: strawberry.Info[Any, None], **arguments: object) -> object:
        return await _loader(info.context, load, arguments).load(self)

    positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
    resolve.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # what Strawberry makes arguments from
        [inspect.Parameter("self", positional), inspect.Parameter("info", positional, annotation=strawberry.Info), *own]
    )
    resolve.__module__ = load.__module__  # where the names in its annotations are known
    field: Any = strawberry.field(resolver=resolve, metadata={BATCHED: load}, description=description)
    return field


def _loader(ctx: Loading, load: Batch, arguments: dict[str, object]) -> DataLoader[Any, Any]:
    """The level's loader: the one of the same function and the same arguments."""
    key = load, repr(sorted(arguments.items()))
    if key not in ctx.loaders:

        async def load_level(parents: list[Any]) -> Sequence[Any]:
            return await load(ctx, parents, **arguments)

        ctx.loaders[key] = DataLoader(load_fn=load_level, cache=False)
    return ctx.loaders[key]
