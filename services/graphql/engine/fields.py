"""How a field gets its value: an attribute of its source (a property too), or one call for a whole level.

    class Deal:
        stage: Stage = batched(stages_of_deals)

    async def stages_of_deals(ctx: Context, deals: Sequence[Deal]) -> list[Stage | Exception]: ...

Sources may be objects of the type's own class, or, where nothing has to be made of them, the domain's objects as they
are: `@shows(deals.Deal)` says so of a type.

A batched function is called once for all objects of a level, with the field's arguments by name. It answers with one
outcome a parent, in their order; an exception is that parent's error, and raising fails them all. One that has a third
parameter `reads: Reads` is told which attributes of its outcomes will be read, so that it need not bring others;
a batched field that reads attributes of its parents says of which: `batched(idle_from_of_deals, reads=("entered_at",))`.
"""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

import strawberry
from strawberry.dataloader import DataLoader

from services.graphql.engine.reads import ANY, wants

BATCHED = "batched"  # the key in a field's metadata; its value is the function
READS = "reads"  # another; its value are names of attributes
SHOWN = "__shows__"  # the attribute of a type's class that holds whose objects are its sources

Class = TypeVar("Class", bound=type)
Batch = Callable[..., Awaitable[Sequence[Any]]]


class Loading(Protocol):
    """Where an operation keeps its loaders."""

    loaders: dict[object, DataLoader[Any, Any]]


def shows(*models: type) -> Callable[[Class], Class]:
    """Objects of these classes are sources of the type as they are: its fields are their attributes."""

    def mark(cls: Class) -> Class:
        setattr(cls, SHOWN, models)
        # How graphql-core knows them where objects of several types may stand.
        cls.is_type_of = staticmethod(lambda source, _info: isinstance(source, (cls, *models)))  # type: ignore[attr-defined]
        return cls

    return mark


def classes_of(cls: type) -> tuple[type, ...]:
    """Those of the sources of a type that is written as this class."""
    return (cls, *getattr(cls, SHOWN, ()))


def batched(load: Batch, description: str | None = None, reads: Sequence[str] = ()) -> Any:
    """A field whose values `load` brings. The attribute's annotation is the field's type.

    `reads`: those attributes of its parents that it reads, and that not all parents have.
    """
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
    field: Any = strawberry.field(resolver=resolve, metadata={BATCHED: load, READS: reads}, description=description)
    return field


def _loader(ctx: Loading, load: Batch, arguments: dict[str, object]) -> DataLoader[Any, Any]:
    """The level's loader: the one of the same function and the same arguments."""
    key = load, repr(sorted(arguments.items()))
    unknown = (ANY,) if wants(load) else ()
    if key not in ctx.loaders:

        async def load_level(parents: list[Any]) -> Sequence[Any]:
            return await load(ctx, parents, *unknown, **arguments)

        ctx.loaders[key] = DataLoader(load_fn=load_level, cache=False)
    return ctx.loaders[key]
