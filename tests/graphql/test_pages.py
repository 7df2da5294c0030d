"""Lists a page at a time, each from a place that a cursor keeps."""

import base64
from typing import Any

import orjson
import pytest

from shared import ids
from tests.graphql.asking import Person, stage_ids

FUNNELS = """query ($first: Int, $after: String, $filter: FunnelFilter) {
    funnels(first: $first, after: $after, filter: $filter) { nodes { name } edges { cursor node { name } } totalCount
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
INBOX = "query ($after: String) { inbox(after: $after) { nodes { id } totalCount } }"
TABLE = "query ($after: String, $by: DealOrder) { deals(after: $after, orderBy: $by) { nodes { title } } }"
COLUMN = """query ($id: ID!, $stages: [ID!], $first: Int, $after: String) { board(funnelId: $id) {
    columns(stageIds: $stages) { stage { id } deals(first: $first, after: $after) {
        nodes { title } totalCount pageInfo { hasNextPage hasPreviousPage endCursor } } } } }"""
PAST = """query ($id: ID!, $at: DateTime!, $after: String) { pastBoard(funnelId: $id, at: $at) {
    columns { deals(after: $after) { nodes { title } } } } }"""
EVENTS = "query ($id: ID!, $after: Cursor) { boardEvents(funnelId: $id, after: $after) { events { seq } } }"


def cursor(*place: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode()


SOME_ID = str(ids.new())
UNREADABLE = {
    "words": "угода",
    "no base64": "!!!!",
    "no JSON": base64.urlsafe_b64encode(b"\xff").decode(),
    "a number": cursor(7)[1:],
    "no pair": cursor("a"),
    "three things": cursor("a", SOME_ID, 1),
    "no id": cursor("a", "b"),
    "an id that is a number": cursor("a", 7),
    "a place that is a number": cursor(7, SOME_ID),
    "a place that is nothing": cursor(None, SOME_ID),
    "a place that is a list": cursor([], SOME_ID),
    "a place that no text can hold": cursor("\0", SOME_ID),
}


async def test_goes_through_a_list_by_its_cursors(owner: Person) -> None:
    for name in ("Ґанок", "Авто", "Їжа", "Яхти", "Єдність"):
        await owner.funnel(name=name)
    by_name = ["Авто", "Ґанок", "Єдність", "Їжа", "Яхти"]

    after, seen, pages = None, [], []
    while True:
        page = (await owner.ask(FUNNELS, {"first": 2, "after": after}))["funnels"]
        assert page["totalCount"] == 5
        assert [edge["node"] for edge in page["edges"]] == page["nodes"]
        assert page["pageInfo"]["startCursor"] == page["edges"][0]["cursor"]
        assert page["pageInfo"]["endCursor"] == page["edges"][-1]["cursor"]
        seen += [node["name"] for node in page["nodes"]]
        pages.append((page["pageInfo"]["hasPreviousPage"], page["pageInfo"]["hasNextPage"]))
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert seen == by_name
    assert pages == [(False, True), (True, True), (True, False)]


async def test_drifts_by_nothing_that_comes_before_the_place(owner: Person) -> None:
    for name in ("Б", "В"):
        await owner.funnel(name=name)
    first = (await owner.ask(FUNNELS, {"first": 1}))["funnels"]
    await owner.funnel(name="А")

    page = (await owner.ask(FUNNELS, {"first": 1, "after": first["pageInfo"]["endCursor"]}))["funnels"]

    assert (page["nodes"], page["totalCount"]) == ([{"name": "В"}], 3)


async def test_shows_an_empty_list(owner: Person) -> None:
    assert (await owner.ask(FUNNELS, {"after": ""}))["funnels"] == {
        "nodes": [],
        "edges": [],
        "totalCount": 0,
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None},
    }


async def test_finds_funnels_by_a_part_of_the_name(owner: Person) -> None:
    for name in ("Оренда офісів", "Продаж 100%", "оренда_складів"):
        await owner.funnel(name=name)

    async def found(search: str) -> list[str]:
        page = (await owner.ask(FUNNELS, {"filter": {"search": search}}))["funnels"]
        assert page["totalCount"] == len(page["nodes"])
        return [node["name"] for node in page["nodes"]]

    assert await found("ОРЕНДА") == ["Оренда офісів", "оренда_складів"]
    assert await found("%") == ["Продаж 100%"]
    assert await found("_") == ["оренда_складів"]
    assert await found("\\") == []
    assert len(await found("")) == 3


async def test_refuses_a_search_that_no_text_can_hold(owner: Person) -> None:
    answer = await owner.answer(FUNNELS, {"filter": {"search": "а\0"}})

    assert (answer.status, "data" in answer.body, answer.codes) == (200, False, ["BAD_USER_INPUT"])


@pytest.mark.parametrize("why", UNREADABLE)
async def test_refuses_a_cursor_that_was_never_one(owner: Person, why: str) -> None:
    funnel = await owner.funnel()

    for query, variables in (
        (FUNNELS, {}),
        (INBOX, {}),
        (COLUMN, {"id": funnel["id"]}),
        (EVENTS, {"id": funnel["id"]}),
    ):
        answer = await owner.answer(query, variables | {"after": UNREADABLE[why]})
        assert (answer.status, "data" in answer.body) == (200, False), (query, answer.text)
        assert set(answer.codes) == {"BAD_USER_INPUT"}, (query, answer.text)


@pytest.mark.parametrize("moment", ["Авто", "2026-01-01", "2026-01-01T00:00:00", "0001-01-01T00:00:00+14:00", ""])
async def test_refuses_another_lists_cursor_in_the_inbox(owner: Person, moment: str) -> None:
    answer = await owner.answer(INBOX, {"after": cursor(moment, SOME_ID)})

    assert ("data" in answer.body, answer.codes) == (False, ["BAD_USER_INPUT"])


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("CREATED_AT", "2026-01-31 09:00:00.5+00", ["", "а", "7", "infinity", "2026-02-30 09:00:00+00", "2026-01-31"]),
        ("UPDATED_AT", "2026-01-31 09:00:00+00", ["", "а", "7", "2026-01-31 25:00:00+00", "0000-01-01 00:00:00+00"]),
        ("AMOUNT", "UAH 150000", ["а", "150000", "UAH", "UAH -1", "UAH 1e5", "uah 1", f"UAH {'9' * 19}", "UAH ٣"]),
        ("EXPECTED_CLOSE_ON", "2026-01-31", ["а", "7", "infinity", "2026-02-30", "2026-01-31 09:00:00+00"]),
        ("NUMBER", "7", ["", "а", "7.5", "9" * 19, "2026-01-31"]),
        ("TITLE", "а", [""]),
    ],
)
async def test_refuses_a_cursor_of_another_order(
    owner: Person, field: str, good: str, bad: list[str], direction: str
) -> None:
    by = {"field": field, "direction": direction}

    assert (await owner.ask(TABLE, {"by": by, "after": cursor(good, SOME_ID)}))["deals"] == {"nodes": []}
    for key in bad:
        answer = await owner.answer(TABLE, {"by": by, "after": cursor(key, SOME_ID)})
        assert ("data" in answer.body, answer.codes) == (False, ["BAD_USER_INPUT"]), key


@pytest.mark.parametrize("field", ["AMOUNT", "EXPECTED_CLOSE_ON"])
async def test_goes_on_after_deals_without_what_they_are_sorted_by(owner: Person, field: str) -> None:
    funnel = await owner.funnel()
    await owner.deal(funnel, title="а")
    by = {"field": field, "direction": "ASC"}

    page = await owner.ask(TABLE, {"by": by, "after": cursor("", "00000000-0000-0000-0000-000000000000")})

    assert page["deals"] == {"nodes": [{"title": "а"}]}


async def test_refuses_a_place_of_another_funnels_log(owner: Person) -> None:
    one, two = await owner.funnel(), await owner.funnel()
    await owner.deal(one)
    place = (await owner.board(one))["cursor"]

    assert (await owner.ask(EVENTS, {"id": one["id"], "after": place})) == {"boardEvents": {"events": []}}
    answer = await owner.answer(EVENTS, {"id": two["id"], "after": place})
    assert ("data" in answer.body, answer.codes) == (False, ["BAD_USER_INPUT"])


async def test_pages_through_a_column(owner: Person) -> None:
    funnel = await owner.funnel()
    entry = funnel["stages"][0]["id"]
    for title in "абв":
        await owner.deal(funnel, title=title)

    variables: dict[str, Any] = {"id": funnel["id"], "stages": [entry], "first": 2}
    (column,) = (await owner.ask(COLUMN, variables))["board"]["columns"]
    assert [deal["title"] for deal in column["deals"]["nodes"]] == ["в", "б"]
    assert (column["deals"]["totalCount"], column["deals"]["pageInfo"]["hasNextPage"]) == (3, True)

    after = column["deals"]["pageInfo"]["endCursor"]
    (column,) = (await owner.ask(COLUMN, variables | {"after": after}))["board"]["columns"]
    assert [deal["title"] for deal in column["deals"]["nodes"]] == ["а"]
    assert column["deals"]["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": True,
        "endCursor": column["deals"]["pageInfo"]["endCursor"],
    }


@pytest.mark.parametrize("place", ["", "Авто", "-1", "1.5", "²", "9" * 5000])
async def test_refuses_another_lists_cursor_on_a_board_of_the_past(owner: Person, place: str) -> None:
    funnel = await owner.funnel()
    await owner.deal(funnel)
    variables = {"id": funnel["id"], "at": "2099-01-01T00:00:00Z"}

    (entry, *_) = (await owner.ask(PAST, variables | {"after": cursor("1", SOME_ID)}))["pastBoard"]["columns"]
    assert entry["deals"]["nodes"] == []
    answer = await owner.answer(PAST, variables | {"after": cursor(place, SOME_ID)})
    assert set(answer.codes) == {"BAD_USER_INPUT"}


async def test_shows_only_the_columns_that_are_asked_for(owner: Person) -> None:
    funnel, other = await owner.funnel(), await owner.funnel()
    ours = stage_ids(funnel)

    async def shown(stages: list[str] | None) -> list[str]:
        columns = (await owner.ask(COLUMN, {"id": funnel["id"], "stages": stages}))["board"]["columns"]
        return [column["stage"]["id"] for column in columns]

    assert await shown(None) == list(ours.values())
    assert await shown([ours["Договір"], ours["Огляд"], ours["Огляд"]]) == [ours["Огляд"], ours["Договір"]]
    assert await shown([other["stages"][0]["id"], "no id"]) == []
    assert await shown([]) == []
