"""An input that takes exactly one of its fields (GraphQL, 3.10.1): whatever else is given is refused before execution."""

from typing import Any

import pytest

from services.graphql.engine.asked import Asked
from services.graphql.engine.document import Documents
from services.graphql.engine.execute import prepare
from services.graphql.engine.refusals import RequestError
from services.graphql.schema import executable

DOCUMENTS = Documents(executable, introspection=False, suggestions=False)


def move(declared: str, place: str) -> str:
    return f'mutation {declared} {{ moveDeal(input: {{id: "x", toStageId: "x", place: {place}}}) {{ __typename }} }}'


def refused(text: str, variables: dict[str, Any]) -> RequestError:
    with pytest.raises(RequestError) as caught:
        prepare(DOCUMENTS, Asked(text, variables=variables))
    assert all(error.locations for error in caught.value.errors)
    return caught.value


@pytest.mark.parametrize(
    ("declared", "place"),
    [
        ("", "{}"),
        ("", "{top: true, bottom: true}"),
        ("", "{after: null}"),
        ("", '{after: "x", top: null}'),
        ("($id: ID)", "{after: $id}"),
        ('($id: ID = "x")', "{after: $id}"),
        ("($id: ID!, $top: Boolean!)", "{after: $id, top: $top}"),
    ],
)
def test_no_document_gives_more_or_less_than_one(declared: str, place: str) -> None:
    assert refused(move(declared, place), {}).code == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize("place", [{}, {"top": True, "bottom": True}, {"after": None}, {"after": "x", "top": None}])
def test_no_variable_gives_more_or_less_than_one(place: dict[str, Any]) -> None:
    assert refused(move("($place: PlaceInput)", "$place"), {"place": place}).code == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("declared", "place", "variables"),
    [
        ("", "null", {}),
        ("", "{top: true}", {}),
        ("($id: ID!)", "{after: $id}", {"id": "x"}),
        ("($place: PlaceInput)", "$place", {"place": {"after": "x"}}),
        ("($place: PlaceInput)", "$place", {"place": None}),
        ("($place: PlaceInput)", "$place", {}),
    ],
)
def test_takes_one(declared: str, place: str, variables: dict[str, Any]) -> None:
    assert prepare(DOCUMENTS, Asked(move(declared, place), variables=variables)).cost == 1
