"""Whoever reads the schema is told what everything in it means."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import introspection_from_schema

from services.graphql.schema import executable
from services.graphql.words import ANSWERED, ASKED, GIVEN

Place = tuple[str, str | None]  # how it is reached: Deal.notes(first); and what is said of it
EMPTY_WORDS = {"a", "an", "the", "of", "its", "this", "that", "it", "is", "in", "for", "to"}


def places() -> Iterator[Place]:
    """Every type, field, argument, input field, enum value and directive, as introspection tells it."""
    schema: Any = introspection_from_schema(executable)["__schema"]
    for type in schema["types"]:
        if type["name"].startswith("__"):
            continue
        yield type["name"], type["description"]
        for value in (type["enumValues"] or []) + (type["inputFields"] or []):
            yield f"{type['name']}.{value['name']}", value["description"]
        for field in type["fields"] or []:
            yield f"{type['name']}.{field['name']}", field["description"]
            for argument in field["args"]:
                yield f"{type['name']}.{field['name']}({argument['name']})", argument["description"]
    for directive in schema["directives"]:
        yield f"@{directive['name']}", directive["description"]
        for argument in directive["args"]:
            yield f"@{directive['name']}({argument['name']})", argument["description"]


def repeats(place: str, description: str) -> bool:
    """Whether it says no more than the names do."""
    return not set(words(description)) - set(words(place)) - EMPTY_WORDS


def words(text: str) -> list[str]:
    """In small letters and without a plural's s, camelCase taken apart."""
    return [word.lower().rstrip("s") for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\da-z]+|\d+", text)]


def test_everything_is_explained() -> None:
    assert [place for place, description in places() if not description] == []


def test_no_explanation_only_repeats_a_name() -> None:
    assert [(place, said) for place, said in places() if said and repeats(place, said)] == []


@pytest.mark.parametrize(
    ("place", "description", "said_nothing"),
    [
        ("Deal.sourceName", "The name of the source.", True),
        ("Deal", "A deal.", True),
        ("Query.deals(first)", "First deals.", True),
        ("DealStatus.OPEN", "Open.", True),
        ("Deal.sourceName", "The source's name, as it was then.", False),
    ],
)
def test_knows_what_only_repeats_a_name(place: str, description: str, said_nothing: bool) -> None:
    assert repeats(place, description) is said_nothing


def test_every_explanation_ends_as_a_sentence_does() -> None:
    assert [(place, said) for place, said in places() if said and not said.endswith((".", "`", ")"))] == []


@pytest.mark.parametrize("meanings", [ANSWERED, GIVEN, ASKED])
def test_every_common_meaning_is_told_somewhere(meanings: dict[str, str]) -> None:
    told = {said for _, said in places()}
    assert [name for name, meaning in meanings.items() if meaning not in told] == []
