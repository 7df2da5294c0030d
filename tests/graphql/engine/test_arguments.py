"""What a client gets wrong in the arguments of a document is told to it: it is no fault of ours, and hides nothing."""

import pytest

from tests.client import Api
from tests.graphql.asking import Person


@pytest.mark.parametrize(
    ("query", "path", "where", "expected"),
    [
        ('query ($x: ID = "x") { node(id: $x) { id } }', ["node"], "Argument 'id' has invalid value", "ID!"),
        (
            'query ($x: ID = "x", $id: ID!) { board(funnelId: $id) { columns(stageIds: [$x]) { dealCount } } }',
            ["board", "columns"],
            "Argument 'stageIds' has invalid value at [0]",
            "ID!",
        ),
        (
            "query ($x: Boolean = true) { viewer { user { name @include(if: $x) } } }",
            ["viewer", "user"],
            "Argument 'if' has invalid value",
            "Boolean!",
        ),
    ],
)
async def test_tells_of_a_variable_that_is_null_where_none_may_be(
    owner: Person, query: str, path: list[str], where: str, expected: str
) -> None:
    variables = {"x": None} | ({"id": (await owner.funnel())["id"]} if "$id" in query else {})

    (error,) = (await owner.answer(query, variables)).errors

    assert (error["path"], error["extensions"]) == (path, {"code": "BAD_USER_INPUT"})
    assert error["message"] == f"{where}: Expected variable '$x' provided to non-null type '{expected}' not to be None."


@pytest.mark.parametrize("place", ["{}", "{top: true, bottom: true}", "{top: null}", "{after: $id}"])
async def test_refuses_a_choice_of_none_or_of_several(owner: Person, place: str) -> None:
    given = "($id: ID)" if "$id" in place else ""  # which might be null
    query = f'mutation {given} {{ moveDeal(input: {{id: "x", toStageId: "x", place: {place}}}) {{ __typename }} }}'

    assert (await owner.answer(query, {"id": "x"})).codes == ["GRAPHQL_VALIDATION_FAILED"]


async def test_leaves_out_of_json_what_is_not_given(owner: Person) -> None:
    funnel = await owner.funnel()
    query = """mutation ($funnel: ID!, $city: JSON, $rooms: JSON) { createDeal(input: {
        funnelId: $funnel, title: "x", contact: {name: "x"},
        customFields: {city: $city, rooms: $rooms, both: [$city, $rooms], inner: {rooms: $rooms}}
        }) { ... on CreateDealPayload { deal { customFields } } } }"""

    made = await owner.ask(query, {"funnel": funnel["id"], "city": {"name": "Київ"}})

    kept = {"city": {"name": "Київ"}, "both": [{"name": "Київ"}, None], "inner": {}}
    assert made["createDeal"]["deal"]["customFields"] == kept


async def test_tells_tools_which_inputs_are_choices(api: Api) -> None:
    types = (await api.graphql("{ __schema { types { name kind isOneOf } } }")).data["__schema"]["types"]

    inputs = {one["name"]: one["isOneOf"] for one in types if one["kind"] == "INPUT_OBJECT"}
    assert {name for name, is_one_of in inputs.items() if is_one_of} == {"PlaceInput"}
    assert {one["isOneOf"] for one in types if one["name"] not in inputs} == {None}
