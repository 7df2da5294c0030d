"""Fields of the roots. Strawberry's decorators, typed: they leave a function as it is for whoever reads the class."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry

Resolver = TypeVar("Resolver", bound=Callable[..., Any])


def query(description: str, name: str | None = None) -> Callable[[Resolver], Resolver]:
    """`name`: where Python does not let the function be called so."""
    return cast("Callable[[Resolver], Resolver]", strawberry.field(description=description, name=name))


def mutation(description: str) -> Callable[[Resolver], Resolver]:
    return cast("Callable[[Resolver], Resolver]", strawberry.mutation(description=description))


def subscription(description: str) -> Callable[[Resolver], Resolver]:
    return cast("Callable[[Resolver], Resolver]", strawberry.subscription(description=description))
