"""Documents and pages that are too much are refused, and cheaply."""

import orjson
import pytest
from graphql import get_introspection_query

from services.graphql.engine import document
from services.graphql.engine.document import Documents
from services.graphql.engine.refusals import RequestError
from services.graphql.schema import executable
from tests.client import Answer, Api
from tests.graphql.asking import Person

FUNNELS = "query ($first: Int) { funnels(first: $first) { nodes { id } } }"
UNKNOWN = "GRAPHQL_VALIDATION_FAILED"


def code(answer: Answer) -> str:
    """The one code of a request that was not executed."""
    assert (answer.status, "data" in answer.body) == (200, False), answer.text[:500]
    assert 1 <= len(answer.codes) <= 5
    (found,) = set(answer.codes)
    return str(found)


def page(first: str) -> str:
    """With the length of the page written into the document."""
    return f"{{ funnels(first: {first}) {{ nodes {{ id }} }} }}"


def nested(levels: int) -> str:
    return "{ a " * levels + "}" * levels


def doubling(fragments: int) -> str:
    """Each fragment spreads the next one twice: as many fields as there are grains of wheat on a chessboard."""
    texts = [f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(fragments)]
    return "\n".join(["{ ...F0 }", *texts, f"fragment F{fragments} on Query {{ __typename }}"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (nested(12), UNKNOWN),
        (nested(13), "TOO_COSTLY"),
        (nested(200), "TOO_COSTLY"),
        (nested(600), "GRAPHQL_PARSE_FAILED"),
        (f"{{ {' '.join(f'a{n}: nobody' for n in range(15))} }}", UNKNOWN),
        (f"{{ {' '.join(f'a{n}: nobody' for n in range(16))} }}", "TOO_COSTLY"),
        (f"{{ nobody {' @skip(if: false)' * 100} }}", UNKNOWN),
        (f"{{ nobody {' @skip(if: false)' * 101} }}", "TOO_COSTLY"),
        (" ".join(f"query Q{n} {{ nobody }}" for n in range(10)), UNKNOWN),
        (" ".join(f"query Q{n} {{ nobody }}" for n in range(11)), "TOO_COSTLY"),
        (f"query ({' '.join(f'$v{n}: Int' for n in range(100))}) {{ nobody }}", UNKNOWN),
        (f"query ({' '.join(f'$v{n}: Int' for n in range(101))}) {{ nobody }}", "TOO_COSTLY"),
        (f"{{ {' '.join(f'n{n}' for n in range(1_998))} }}", UNKNOWN),
        (f"{{ {' '.join(f'n{n}' for n in range(1_999))} }}", "GRAPHQL_PARSE_FAILED"),
        ("{ " + "nobody " * 100 + "}", UNKNOWN),  # 4,950 pairs
        ("{ " + "nobody " * 101 + "}", "TOO_COSTLY"),
        ("{ funnels { nodes { " + "stages { id } " * 72 + "} } }", "TOO_COSTLY"),  # twice 2,556
        ("{ __schema { types { " + "fields { name } " * 72 + "} } }", "TOO_COSTLY"),
        (f"{{ ...A ...B }} fragment A on Query {{ {'a ' * 60} }} fragment B on Query {{ {'a ' * 60} }}", "TOO_COSTLY"),
        (f"{{ nobody }} fragment A on Query {{ {'a ' * 500} }}", UNKNOWN),
        (doubling(13), "TOO_COSTLY"),
        (doubling(60), "TOO_COSTLY"),
        (doubling(150), "TOO_COSTLY"),
        ("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }", UNKNOWN),
        ("{ ...A } fragment A on Query { ...A ...A ...A }", UNKNOWN),
        ("{ ...A }", UNKNOWN),
        ("{ ...A } fragment A on Query { __typename } fragment A on Query { __typename }", UNKNOWN),
        ("fragment A on Query { __typename }", UNKNOWN),
        ("{ __typename } { __typename }", UNKNOWN),
        ("type Query { a: Int }", UNKNOWN),
        ("{ }", "GRAPHQL_PARSE_FAILED"),
        ("# nothing", "GRAPHQL_PARSE_FAILED"),
        ("\ufeff{ nobody }", UNKNOWN),
        ('{ nobody(a: "\\uD800") }', "GRAPHQL_PARSE_FAILED"),
        ("{ nobody\0 }", "GRAPHQL_PARSE_FAILED"),
        (f"{{ nobody }} #{'x' * 49_988}", UNKNOWN),
        (f"{{ nobody }} #{'x' * 49_989}", "TOO_COSTLY"),
        ('{ nobody(a: """' + "\n" * 100_000 + '""") }', "TOO_COSTLY"),
        ("{ nobody(first: " + "9" * 5_000 + ") }", UNKNOWN),
    ],
    ids=lambda text: text if text.isupper() else f"{len(text)} characters: {text[:24]}",
)
async def test_refuses_what_is_too_much_or_no_document(api: Api, text: str, expected: str) -> None:
    assert code(await api.graphql(text)) == expected


@pytest.mark.parametrize("levels", range(10, 500, 35))
@pytest.mark.parametrize("brackets", ["[]", "{}"])
async def test_survives_values_nested_in_any_depth(api: Api, owner: Person, levels: int, brackets: str) -> None:
    """Each walk over a document has a depth of its own at which Python gives up."""
    begin, end = ("[" * levels, "]" * levels) if brackets == "[]" else ("{a: " * levels, "}" * levels)
    mutation = f"""mutation {{ createDeal(input: {{
        funnelId: "x", title: "x", contact: {{name: "x"}}, customFields: {begin} 1 {end} }}) {{ __typename }} }}"""

    answer = await owner.answer(mutation)

    assert answer.status == 200
    if "errors" in answer.body:
        assert answer.codes == ["GRAPHQL_PARSE_FAILED"]
    else:
        # What the funnel is, is asked only of values that could be kept.
        kept = brackets == "{}" and levels < 20
        assert answer.data == {"createDeal": {"__typename": "NotFound" if kept else "InvalidInput"}}


@pytest.mark.parametrize("levels", [10, 19, 20, 21, 100, 400, 900])
@pytest.mark.parametrize("brackets", ["[]", "{}"])
async def test_survives_variables_nested_in_any_depth(owner: Person, levels: int, brackets: str) -> None:
    value = f"[{'[' * levels}1{']' * levels}]" if brackets == "[]" else '{"a":' * levels + "1" + "}" * levels
    query = """mutation ($value: JSON) { createDeal(input: {
        funnelId: "x", title: "x", contact: {name: "x"}, customFields: $value}) { __typename } }"""
    body = orjson.dumps({"query": query, "variables": {"value": 7}}).replace(b":7}", f":{value}}}".encode())

    answer = await owner.api.post(body, owner.token)

    kept = brackets == "{}" and levels < 20
    assert answer.data == {"createDeal": {"__typename": "NotFound" if kept else "InvalidInput"}}


def test_looks_at_each_fragment_once() -> None:
    documents = Documents(executable, introspection=True, suggestions=True)

    with pytest.raises(RequestError) as refused:
        documents.get(doubling(150))

    assert [error.message for error in refused.value.errors] == [
        f"The document has {2**150} fields; at most 5000 are taken."
    ]
    assert documents.get(doubling(12)).text == doubling(12)


def test_forgets_what_was_asked_longest_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = "{ a: __typename }", "{ b: __typename }"
    monkeypatch.setattr(document, "MOST_KEPT", 2 * (len(one) + document.AT_LEAST + document.PLANNED))
    documents = Documents(executable, introspection=True, suggestions=True)
    kept, other = documents.get(one), documents.get(two)
    assert documents.get(one) is kept  # asked again: `two` is the older one now

    documents.get("{ c: __typename }")

    assert documents.get(one) is kept
    assert documents.get(two) is not other


def test_keeps_its_bound_when_ten_thousand_documents_come_in_a_row() -> None:
    """Of refused ones, which are kept as the others are."""
    documents = Documents(executable, introspection=True, suggestions=True)

    for number in range(10_000):
        with pytest.raises(RequestError):
            documents.get(f"{{ a{number}: }}")

    assert documents._size == sum(len(text) + document.AT_LEAST for text in documents._kept)
    assert document.MOST_KEPT - 300 < documents._size <= document.MOST_KEPT
    assert list(documents._kept)[-1] == "{ a9999: }"
    assert len(documents._kept) < 2_500


def test_counts_what_the_plans_of_a_document_come_to() -> None:
    """By fragments a few hundred characters are thousands of fields; a condition makes two plans of them."""
    users = " ".join(f"u{n}: user {{ ...U }}" for n in range(15))
    viewers = " ".join(f"v{n}: viewer {{ ...V }}" for n in range(15))
    fragments = f"fragment V on Viewer {{ {users} }} fragment U on User {{ id name @skip(if: $if) }}"
    documents = Documents(executable, introspection=True, suggestions=True)
    texts = [f"query Q{n} ($if: Boolean!) {{ {viewers} }} {fragments}" for n in range(100, 160)]

    for text in texts:
        documents.get(text)

    each = len(texts[0]) + document.AT_LEAST + document.PLANNED * 2 * 15 * (1 + 15 * 3)
    kept = document.MOST_KEPT // each
    assert (list(documents._kept), documents._size) == (texts[-kept:], kept * each)
    assert kept == 47


def test_forgets_nothing_for_a_document_that_is_too_long() -> None:
    documents = Documents(executable, introspection=True, suggestions=True)
    kept = documents.get("{ __typename }")

    for number in range(20):
        with pytest.raises(RequestError):
            documents.get(f"{{ __typename }} #{number}{'x' * 200_000}")

    assert documents.get("{ __typename }") is kept


def test_refuses_again_what_it_has_refused() -> None:
    documents = Documents(executable, introspection=True, suggestions=True)

    for _ in range(2):
        with pytest.raises(RequestError) as refused:
            documents.get("{ nobody }")
        assert (refused.value.code, len(refused.value.errors)) == (UNKNOWN, 1)


async def test_says_at_most_five_things_at_once(api: Api) -> None:
    answer = await api.graphql("{ " + " ".join(f"nobody{n}" for n in range(100)) + " }")

    assert answer.codes == [UNKNOWN] * 5
    answer = await api.graphql(
        f"query ({' '.join(f'$v{n}: Int!' for n in range(50))}) {{ nodes(ids: [{' '.join(f'$v{n}' for n in range(50))}]) {{ id }} }}"
    )
    assert len(answer.errors) == 5


async def test_tells_tools_all_that_they_ask(api: Api) -> None:
    answer = await api.graphql(get_introspection_query(specified_by_url=True, input_value_deprecation=True))

    assert len(answer.data["__schema"]["types"]) == len(executable.type_map)


async def test_measures_no_introspection(api: Api) -> None:
    of_type = "name ofType { " * 9 + "name" + " }" * 9
    document = f"{{ __schema {{ types {{ fields {{ type {{ {of_type} }} }} }} }} }}"

    assert "data" in (await api.graphql(document)).body


@pytest.mark.parametrize("first", [0, -1, 201, 2_147_483_647])
async def test_refuses_a_page_that_is_none(owner: Person, first: int) -> None:
    queries = (
        "{ funnels(first: %s) { nodes { id } } }",
        "{ inbox(first: %s) { nodes { id } } }",
        '{ boardEvents(funnelId: "x", first: %s) { seq } }',
        '{ board(funnelId: "x") { columns { deals(first: %s) { nodes { id } } } } }',
        "{ ...F } fragment F on Query { funnels(first: %s) { nodes { id } } }",
    )
    for query in queries:
        assert code(await owner.answer(query % first)) == "BAD_USER_INPUT"
    assert code(await owner.answer(FUNNELS, {"first": first})) == "BAD_USER_INPUT"
    assert code(await owner.answer(FUNNELS.replace("$first: Int", f"$first: Int = {first}"))) == "BAD_USER_INPUT"


async def test_takes_what_is_no_number_for_no_page(owner: Person) -> None:
    for first in ("2147483648", '"5"', "1.5", "[1]"):
        assert code(await owner.answer(page(first))) == UNKNOWN
    for wrong in (2_147_483_648, "5", 1.5, [1], True):
        assert code(await owner.answer(FUNNELS, {"first": wrong})) == "BAD_USER_INPUT"


@pytest.mark.parametrize("first", [1, 200, None])
async def test_takes_a_page_of_up_to_200(owner: Person, first: int | None) -> None:
    literal = "null" if first is None else str(first)

    assert (await owner.ask(page(literal))) == {"funnels": {"nodes": []}}
    assert (await owner.ask(FUNNELS, {"first": first})) == {"funnels": {"nodes": []}}
    assert (await owner.ask(FUNNELS)) == {"funnels": {"nodes": []}}


async def test_takes_at_most_200_ids_at_once(owner: Person) -> None:
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"

    assert (await owner.ask(query, {"ids": ["x"] * 200})) == {"nodes": [None] * 200}
    assert code(await owner.answer(query, {"ids": ["x"] * 201})) == "BAD_USER_INPUT"
