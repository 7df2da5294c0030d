"""A schema that has everything, over objects that come from their numbers, of which any field may fail.

What fails, or is null, is drawn by type, field, parent and arguments, from the seed that the context holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any
from zlib import crc32

import strawberry
from graphql import GraphQLSchema

from services.graphql.engine.fields import batched


@dataclass
class Context:
    """`every`: one in so many fields fails, and one is null."""

    seed: int
    every: int
    language: str = "en"
    loaders: dict[object, Any] = field(default_factory=dict)

    def outcome(self, parent: Any, name: str, value: Any, **arguments: object) -> Any:
        drawn = crc32(f"{self.seed} {type(parent).__name__} {name} {parent.number} {arguments}".encode()) % self.every
        if drawn == 0:
            return ArithmeticError(f"{name} of {parent.number} cannot be told")
        return None if drawn == 1 else value


@strawberry.enum
class Color(Enum):
    RED = "red"
    GREEN = "green"


async def names(ctx: Context, things: Sequence[Any]) -> list[Any]:
    return [ctx.outcome(one, "name", f"Thing {one.number}") for one in things]


async def notes(ctx: Context, things: Sequence[Any], *, words: int | None = 2) -> list[Any]:
    return [ctx.outcome(one, "note", "so " * (words or 0), words=words) for one in things]


async def children(ctx: Context, things: Sequence[Any], *, first: int = 2) -> list[Any]:
    return [ctx.outcome(one, "children", family(ctx, one, first), first=first) for one in things]


async def optional_children(ctx: Context, things: Sequence[Any], *, first: int = 2) -> list[Any]:
    return [ctx.outcome(one, "maybe", family(ctx, one, first), first=first) for one in things]


async def parents(ctx: Context, things: Sequence[Any]) -> list[Any]:
    return [ctx.outcome(one, "parent", thing(one.number // 3)) for one in things]


async def numbers(ctx: Context, things: Sequence[Any], *, first: int = 2) -> list[Any]:
    return [ctx.outcome(one, "numbers", list(range(first)), first=first) for one in things]


async def matrices(ctx: Context, things: Sequence[Any]) -> list[Any]:
    return [ctx.outcome(one, "matrix", [family(ctx, one, 2), None, [], family(ctx, one, 1)]) for one in things]


def family(ctx: Context, parent: Any, first: int) -> list[Any]:
    found = [thing(parent.number * 3 + number) for number in range(1, first + 1)]
    return [ctx.outcome(one, "itself", one) for one in found]


@strawberry.interface
class Thing:
    number: int
    name: str = batched(names)


@strawberry.type
class Leaf(Thing):
    color: Color
    note: str | None = batched(notes)
    parent: Thing = batched(parents)
    numbers: list[int] = batched(numbers)


@strawberry.type
class Branch(Thing):
    colors: list[Color]
    twin: Leaf
    half: Leaf | None
    children: list[Thing] = batched(children)
    maybe: list[Thing | None] | None = batched(optional_children)
    matrix: list[list[Thing | None] | None] = batched(matrices)
    note: str | None = batched(notes)


Either = Annotated[Leaf | Branch, strawberry.union("Either")]


def thing(number: int) -> Any:
    """Every third is a branch; of a number that ends in 7 the color is none of the enum."""
    color: Any = "blue" if number % 10 == 7 else list(Color)[number % 2]
    if number % 3:
        return Leaf(number=number, color=color)
    leaf = Leaf(number=number + 1, color=Color.RED)
    return Branch(number=number, colors=[color], twin=leaf, half=leaf if number % 2 else None)


@strawberry.type
class Query:
    @strawberry.field
    async def thing(self, number: int = 3) -> Thing | None:
        return thing(number)  # type: ignore[no-any-return]

    @strawberry.field
    async def either(self, info: strawberry.Info[Context, None], numbers: list[int]) -> list[Either]:
        return [info.context.outcome(one, "either", one) for one in map(thing, numbers)]

    @strawberry.field
    def branch(self, info: strawberry.Info[Context, None], number: int | None = 1) -> Branch:
        return info.context.outcome(one := thing((number or 0) * 3), "branch", one)  # type: ignore[no-any-return]


schema: GraphQLSchema = strawberry.Schema(Query, types=[Leaf, Branch])._schema  # what graphql-core executes
