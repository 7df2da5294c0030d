"""Mutations are done one after another, and what one leaves null ends the others only where the specification lets it."""

from dataclasses import dataclass, field
from typing import Any

import pytest
import strawberry
from graphql import GraphQLSchema

from services.graphql.engine.asked import Asked
from services.graphql.engine.document import Documents
from services.graphql.engine.execute import prepare, run, run_by_stock


@dataclass
class Context:
    done: list[str] = field(default_factory=list)


@strawberry.type
class Step:
    name: str


async def take(context: Context, name: str) -> Any:
    """One without a name fails, one of "?" makes what has to have a name and has none."""
    context.done.append(name)
    if not name:
        raise ArithmeticError
    return Step(name=None if name == "?" else name)  # type: ignore[arg-type]


@strawberry.type
class Query:
    there: bool = True


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def must(self, info: strawberry.Info[Context, None], name: str) -> Step:
        return await take(info.context, name)  # type: ignore[no-any-return]

    @strawberry.mutation
    async def may(self, info: strawberry.Info[Context, None], name: str) -> Step | None:
        return await take(info.context, name)  # type: ignore[no-any-return]


schema: GraphQLSchema = strawberry.Schema(Query, Mutation)._schema
documents = Documents(schema, introspection=False, suggestions=False)


@pytest.mark.parametrize(
    ("text", "data", "done"),
    [
        (
            'mutation { a: must(name: "a") { name } b: must(name: "b") { name } }',
            {"a": {"name": "a"}, "b": {"name": "b"}},
            ["a", "b"],
        ),
        (
            'mutation { a: may(name: "") { name } b: may(name: "?") { name } c: must(name: "c") { name } }',
            {"a": None, "b": None, "c": {"name": "c"}},
            ["", "?", "c"],
        ),
        ('mutation { a: must(name: "a") { name } b: must(name: "") { name } c: must(name: "c") { name } }', None, ["a", ""]),
        ('mutation { a: must(name: "?") { name } b: must(name: "b") { name } }', None, ["?"]),
    ],
)  # fmt: skip
async def test_does_nothing_more_when_there_is_no_answer_to_tell_it_in(text: str, data: Any, done: list[str]) -> None:
    operation = prepare(documents, Asked(text))
    for execute in (run, run_by_stock):
        context = Context()

        assert (await execute(schema, operation, context))[0] == data

        assert context.done == done
