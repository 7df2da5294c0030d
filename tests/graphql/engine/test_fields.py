"""What the engine relies on in a schema, and what it leaves to the stock executor."""

import pytest
from graphql import GraphQLObjectType
from strawberry.schema.schema_converter import GraphQLCoreConverter

from services.graphql import metrics
from services.graphql.engine.asked import Asked
from services.graphql.engine.document import Documents
from services.graphql.engine.execute import prepare, run
from services.graphql.engine.fields import BATCHED
from services.graphql.schema import executable
from tests.graphql.engine import toy

ROOTS = (executable.query_type, executable.mutation_type, executable.subscription_type)


def test_every_field_is_an_attribute_or_batched() -> None:
    for type_ in executable.type_map.values():
        if not isinstance(type_, GraphQLObjectType) or type_.name.startswith("__") or type_ in ROOTS:
            continue
        for name, field in type_.fields.items():
            own = field.extensions[GraphQLCoreConverter.DEFINITION_BACKREF]
            assert own.base_resolver is None or BATCHED in own.metadata, f"{type_.name}.{name}"
            assert not own.permission_classes, f"{type_.name}.{name}"
            assert not own.extensions, f"{type_.name}.{name}"


@pytest.mark.parametrize(
    ("query", "variables", "reason"),
    [
        ("{ __schema { queryType { name } } }", {}, "introspection"),
        ("query ($if: Boolean = true) { thing @include(if: $if) { name } }", {"if": None}, "condition"),
    ],
)
async def test_leaves_to_the_stock_executor_what_has_no_plan(
    query: str, variables: dict[str, object], reason: str
) -> None:
    documents = Documents(toy.schema, introspection=True, suggestions=True)
    counted = metrics.FALLBACKS.labels(reason)
    before = counted._value.get()

    await run(toy.schema, prepare(documents, Asked(query, variables=variables)), toy.Context(0, 10**9))

    assert counted._value.get() == before + 1


async def test_plans_an_operation_whatever_decides_of_its_neighbours() -> None:
    documents = Documents(toy.schema, introspection=True, suggestions=True)
    text = """query One { thing { name } } query Other ($if: Boolean!) { ...F }
        fragment F on Query { thing @include(if: $if) { name } }"""
    counted = metrics.FALLBACKS.labels("condition")
    before = counted._value.get()

    data, errors = await run(toy.schema, prepare(documents, Asked(text, name="One")), toy.Context(0, 10**9))

    assert (data, errors) == ({"thing": {"name": "Thing 3"}}, ())
    assert counted._value.get() == before
