"""What is forgotten is freed at once: the collector comes by after many boards, and after thousands of documents."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from graphql import FieldNode, Token

from services.graphql.engine.asked import Asked
from services.graphql.engine.document import Documents
from services.graphql.engine.execute import prepare, run
from services.graphql.engine.refusals import RequestError
from services.graphql.engine.steps import Step
from tests.graphql.engine import toy


@contextmanager
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def alive() -> int:
    return sum(isinstance(one, FieldNode | Step | Token) for one in gc.get_objects())


@pytest.mark.parametrize(
    "text",
    [
        "{ branch { number name children { name ... on Leaf { note numbers parent { name } } } } }",
        "{ branch { number }",
        "{ branch { nobody } }",
        "{ ...F } fragment F on Query { ...F }",
    ],
)
async def test_frees_a_document_with_its_plans(text: str) -> None:
    gc.collect()
    before = alive()
    documents = Documents(toy.schema, introspection=False, suggestions=False)
    with suppress(RequestError):
        await run(toy.schema, prepare(documents, Asked(text)), toy.Context(0, 10**9))

    with no_collector():
        documents._kept.clear()

        assert alive() == before
