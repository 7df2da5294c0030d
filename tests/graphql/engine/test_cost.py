"""What an operation costs is how many things its lists may hold; what is more than 20,000 is not begun."""

from collections.abc import Mapping
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
)

from services.graphql.bounds import BOUNDS
from services.graphql.engine.asked import Asked
from services.graphql.engine.cost import PAGE
from services.graphql.engine.document import Documents
from services.graphql.engine.execute import prepare
from services.graphql.engine.refusals import RequestError
from services.graphql.schema import executable
from tests.sockets import BOARD

DOCUMENTS = Documents(executable, introspection=True, suggestions=True, bounds=BOUNDS)

MOVE_DEALS = """mutation { moveDeals(input: {ids: ["a", "b", "c"], toStageId: "x"}) {
    ... on MoveDealsPayload { deals { tasks { id } } } ... on Error { message } } }"""
FOLLOW_IMPORTS = """subscription { boardChanged(funnelId: "x") {
    ... on DealsImported { deals { notes(first: 200) { nodes { text } } tasks { id } } } } }"""


def cost(text: str, **variables: Any) -> int:
    return prepare(DOCUMENTS, Asked(text, variables=variables)).cost


def refused(text: str, **variables: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        cost(text, **variables)
    return caught.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ __typename }", 1),
        ("{ __schema { types { fields { name } } } }", 1),
        ("{ viewer { user { name } permissions } }", 1),
        ("{ funnels { totalCount } }", 1),
        ("{ funnels { nodes { id } } }", 50),
        ("{ funnels(first: null) { nodes { id } } }", 50),
        ("{ funnels(first: 7) { nodes { id } } }", 7),
        ("{ funnels(first: 7) { nodes { id } edges { cursor node { id name } } totalCount } }", 7),
        ("{ funnels(first: 7) { nodes { openValue { amount } } } }", 7),
        ("{ funnels(first: 20) { nodes { stages { name value { amount } } } } }", 20 * (1 + 53)),
        ("{ funnels(first: 2) { nodes { stages { name } lossReasons { name } viewers { name } } } }", 2 * 354),
        ("{ funnels(first: 7) { nodes { stages { id } } edges { node { lossReasons { id } } } } }", 7 * (1 + 53 + 100)),
        ("{ a: funnels(first: 2) { nodes { id } } b: funnels(first: 3) { nodes { id } } }", 5),
        ("{ funnels(first: 2) { nodes { id } } funnels(first: 2) { nodes { name stages { id } } } }", 2 * 54),
        ('{ board(funnelId: "x") { columns { deals(first: 200) { nodes { title } } } } }', 53 * 201),
        ('{ board(funnelId: "x") { columns(stageIds: ["a", "b"]) { deals { nodes { id } } } } }', 2 * 51),
        ('{ board(funnelId: "x") { columns(stageIds: []) { deals { nodes { id } } } } }', 1),
        ('{ node(id: "x") { ... on Deal { notes(first: 5) { nodes { id } } } ... on Funnel { stages { id } } } }', 53),
        ('{ nodes(ids: ["a", "b"]) { ... on Deal { tasks { id } } ... on Funnel { stages { id } } } }', 2 * 201),
        ('{ nodes(ids: "a") { ... on Funnel { stages { id } } } }', 54),
        (f"{{ nodes(ids: {'9' * 5_000}) {{ id }} }}", 1),  # one id, and no number
        ('{ board(funnelId: "x") { columns(stageIds: 7) { dealCount } } }', 1),
        ('{ board(funnelId: "x") { columns(stageIds: null) { dealCount } } }', 53),
        ("{ nodes(ids: 5) { id } }", 1),
        ('{ board(funnelId: "x") { columns(stageIds: null) { deals { nodes { id } } } } }', 53 * 51),
        ('{ boardEvents(funnelId: "x") { events { seq } } }', 100),
        ("{ funnels(first: 9) @include(if: false) { nodes { id } } viewer { user { id } } }", 1),
        ("{ funnels(first: 9) { nodes { stages @skip(if: true) { id } } } }", 9),
        ("{ ...A ...A } fragment A on Query { ...B } fragment B on Query { funnels(first: 4) { nodes { id } } }", 4),
        (MOVE_DEALS, 3 * 201),
        (MOVE_DEALS.replace('["a", "b", "c"]', "7"), 201),
        ('mutation { createDeal(input: {funnelId: "x", title: "x", contact: {name: "x"}}) { __typename } }', 1),
    ],
)  # fmt: skip
def test_counts_what_lists_may_hold(text: str, expected: int) -> None:
    assert cost(text) == expected


def test_lets_variables_say_how_much() -> None:
    pages = "query ($n: Int = 3, $all: Boolean = true) { funnels(first: $n) @include(if: $all) { nodes { id } } }"
    assert [cost(pages), cost(pages, n=9), cost(pages, n=None), cost(pages, n=9, all=False)] == [3, 9, 50, 1]

    named = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Funnel { stages { id } } } }"
    assert [cost(named, ids=[]), cost(named, ids="a"), cost(named, ids=["a", "b"])] == [1, 54, 108]

    columns = 'query ($ids: [ID!]) { board(funnelId: "x") { columns(stageIds: $ids) { deals { nodes { id } } } } }'
    assert [cost(columns), cost(columns, ids=["a"] * 8)] == [53 * 51, 8 * 51]

    moved = """mutation ($input: MoveDealsInput!) { moveDeals(input: $input) { ... on MoveDealsPayload { deals { id } } } }"""
    assert cost(moved, input={"ids": ["a", "b"], "toStageId": "x"}) == 2


def test_counts_a_message_of_a_subscription() -> None:
    assert cost(BOARD, funnelId="x") == 1
    batch = 'subscription { boardChanged(funnelId: "x") { ... on DealsImported { deals { tasks { id } } } } }'
    assert cost(batch) == 50 * 201


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("{ deals(first: 200) { nodes { history(first: 100) { nodes { seq } } } } }", {}, 200 * 101),
        ("query ($n: Int) { deals(first: 200) { nodes { notes(first: $n) { nodes { id } } } } }", {"n": 100}, 200 * 101),
        ('{ board(funnelId: "x") { columns { deals { nodes { notes { nodes { id } } } } } } }', {}, 53 * (1 + 50 * 21)),
        (FOLLOW_IMPORTS, {}, 50 * (1 + 200 + 200)),
    ],
)  # fmt: skip
def test_refuses_what_is_more_than_anybody_may_ask(text: str, variables: Mapping[str, Any], expected: int) -> None:
    error = refused(text, **variables)

    assert (error.code, error.cost) == ("TOO_COSTLY", expected)
    assert str(error) == (
        f"The answer may hold {expected} things; at most 20000 are taken."
        " Ask for shorter pages (`first`), or for what is inside of lists in a request of its own."
    )


def test_takes_a_board_of_200_deals_a_column() -> None:
    deal = "id number title contact { name } amount { amount currency } stage { id name } assignee { name } version"
    totals = "stage { id name color } dealCount value { amount currency }"
    board = f"columns {{ {totals} deals(first: 200) {{ nodes {{ {deal} }} totalCount pageInfo {{ endCursor }} }} }}"

    assert cost(f'{{ board(funnelId: "x") {{ seq cursor {board} }} }}') == 10_653


def test_takes_whole_pages_of_a_log() -> None:
    event = """cursor seq actor { user { name } } ... on DealMoved { deal { id stage { name } } columns { dealCount } }
        ... on DealsImported { count deals { id title contact { name } } columns { value { amount } } }"""

    assert cost(f'{{ boardEvents(funnelId: "x", first: 200) {{ hasMore events {{ {event} }} }} }}') == 200 * 51


def test_counts_each_fragment_once() -> None:
    """As many fields as there are grains of wheat on a chessboard."""
    both = "a: tasks { deal { ...F%d } } b: tasks { deal { ...F%d } }"
    fragments = [f"fragment F{n} on Deal {{ {both.replace('%d', str(n + 1))} }}" for n in range(3)]

    error = refused(f'{{ node(id: "x") {{ ...F0 }} }} {" ".join(fragments)} fragment F3 on Deal {{ id }}')

    assert error.cost == 400 * (1 + 400 * (1 + 400))


# Their mutations name what is changed, and they hold no more.
ANSWERS = {
    "ArchiveDealsPayload.deals",
    "MoveDealsPayload.deals",
    "ReplayInboxPayload.items",
    "RestoreDealsPayload.deals",
    "SaveUsersPayload.users",
}


def test_every_list_has_a_bound() -> None:
    objects = [one for one in executable.type_map.values() if isinstance(one, GraphQLObjectType)]
    fields = {f"{type_.name}.{name}": field for type_ in objects for name, field in type_.fields.items()}
    pages = {get_named_type(field.type).name for field in fields.values() if PAGE in field.args}

    lists = {name for name, field in fields.items() if _holds_objects(field) and name.partition(".")[0] not in pages}

    assert {name for name in lists if not name.startswith("__")} - {"Query.nodes"} - ANSWERS == set(BOUNDS)


def _holds_objects(field: GraphQLField) -> bool:
    return is_list_type(get_nullable_type(field.type)) and not is_leaf_type(get_named_type(field.type))
