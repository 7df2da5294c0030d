"""What clients ask, as it comes from their requests: one text for all who ask the same, and none for ever."""

import sys

import orjson
import pytest

from services.graphql.engine.asked import LONGEST_SHARED, MOST_SHARED, read

REFERENCES = sys.getrefcount(object())  # of what only a call holds


def text_of(query: str) -> str:
    text = read(orjson.loads(orjson.dumps({"query": query}))).text
    assert text == query
    return text


def test_those_who_ask_the_same_hold_one_text() -> None:
    assert text_of("{ viewer { user { id } } }") is text_of("{ viewer { user { id } } }")


@pytest.mark.parametrize("length", [LONGEST_SHARED, LONGEST_SHARED + 1, 250_000])
def test_forgets_a_text_that_nobody_asks_any_more(length: int) -> None:
    """Whoever they are: nobody has to sign in to ask."""
    text = text_of("# asked once ".ljust(length, "x"))
    for number in range(MOST_SHARED):
        text_of(f"# {length} {number}")

    assert sys.getrefcount(text) == REFERENCES + 1
    assert sys.intern("".join(text)) is not text  # what is interned is never forgotten by Python 3.12
