"""The schema as clients are given it."""

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    assert_valid_schema,
)

from services.graphql.engine.limits import is_page
from services.graphql.nodes import BY_KIND
from services.graphql.schema import REFUSALS, SDL, executable, sdl
from shared import errors
from shared.errors import DomainError
from tests.client import Api

# Whoever is not signed in, and whoever meets an outage, is told by an error with a code: no result has them.
NEVER_A_RESULT: set[type[DomainError]] = {errors.Unauthenticated, errors.Unavailable}


def test_the_file_is_what_the_code_makes() -> None:
    assert SDL.read_text(encoding="utf-8") == sdl()  # else: python -m services.graphql.schema


def test_is_valid() -> None:
    assert_valid_schema(executable)


def test_every_refusal_has_a_face() -> None:
    shown = tuple(refusal.exception_type for refusal in REFUSALS)

    assert {one for one in leaves(DomainError) if not issubclass(one, shown)} == NEVER_A_RESULT


def test_every_face_is_named_as_its_code_says() -> None:
    for refusal in REFUSALS:
        assert refusal.error_type.__name__ == refusal.exception_type.__name__


def test_every_result_holds_what_was_done_or_why_not() -> None:
    error = executable.type_map["Error"]
    assert executable.mutation_type is not None
    for name, field in executable.mutation_type.fields.items():
        union = executable.type_map[name[0].upper() + name[1:] + "Result"]
        assert isinstance(union, GraphQLUnionType)
        assert str(field.type) == f"{union.name}!"
        payload, *refusals = union.types
        assert payload.name == name[0].upper() + name[1:] + "Payload"
        assert all(error in refusal.interfaces for refusal in refusals)
        assert {"InvalidInput", "Forbidden", "IdempotencyConflict"} <= {refusal.name for refusal in refusals}
        (argument,) = field.args.values()
        given = executable.type_map[name[0].upper() + name[1:] + "Input"]
        assert str(argument.type) == f"{given.name}!"
        assert isinstance(given, GraphQLInputObjectType)
        assert str(given.fields["idempotencyKey"].type) == "String"


def test_whatever_is_a_node_is_found_by_its_id() -> None:
    node = executable.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    assert {type.name for type in executable.get_possible_types(node)} == set(BY_KIND)


def test_every_connection_is_asked_for_by_pages() -> None:
    fields = [
        field
        for type in executable.type_map.values()
        if isinstance(type, GraphQLObjectType)
        for field in type.fields.values()
        if str(field.type).rstrip("!").endswith("Connection")
    ]
    assert fields
    for field in fields:
        assert str(field.args["first"].type) == "Int"
        assert is_page(field.args["first"].default_value)
        assert str(field.args["after"].type) == "String"


async def test_tells_itself_to_who_asks(api: Api) -> None:
    answer = await api.graphql('{ __schema { types { name kind } } __type(name: "StageKind") { enumValues { name } } }')

    names = {one["name"] for one in answer.data["__schema"]["types"]}
    assert names == set(executable.type_map)
    kind = executable.type_map["StageKind"]
    assert isinstance(kind, GraphQLEnumType)
    assert [one["name"] for one in answer.data["__type"]["enumValues"]] == list(kind.values)


def leaves(kind: type[DomainError]) -> set[type[DomainError]]:
    """Of the product: tests have refusals of their own."""
    below = [one for one in kind.__subclasses__() if one.__module__.startswith("shared.")]
    return {leaf for one in below for leaf in leaves(one)} if below else {kind}
