"""`./dev bench` measures two sides of the same thing. No time is asserted."""

from typing import Any

import orjson
import pytest
from rich.console import Console

from services.local.bench import load
from services.local.bench.cases import CASES, asking, documents
from services.local.bench.ground import Ground
from services.local.bench.load import Ask
from services.local.bench.report import Report
from services.local.bench.results import Claim, Measured, Outcome

PAIRS = {
    "board": asking.board(50),
    "page of a board": asking.board(1),
    "deal": (asking.deal, asking.deal_by_hand),
    "funnels": (asking.funnels, asking.funnels_by_hand),
}


async def answers(smallest: Ground, product: Ask, limit: Ask) -> list[Any]:
    """Of both sides."""
    house = smallest.house
    sides = (house.product, product), (house.limit, limit)
    return [orjson.loads(await load.once(server.port or 0, ask))["data"] for server, ask in sides]


@pytest.mark.parametrize("pair", PAIRS)
async def test_what_is_read_is_the_same_by_hand(smallest: Ground, pair: str) -> None:
    product, limit = await answers(smallest, *(ask_of(smallest, 1) for ask_of in PAIRS[pair]))

    assert product == limit
    (thing,) = product.values()
    assert thing


async def test_a_move_does_the_same_by_hand(smallest: Ground) -> None:
    """Two deals of one column go to the same column, one each way; all that is kept of them is alike."""
    funnel = smallest.funnels[0]
    one, other = funnel.deal_ids[0], funnel.deal_ids[8]
    product, limit = await answers(
        smallest,
        smallest.query(smallest.person, documents.MOVE, "moveDeal", id=str(one), stage=str(funnel.stage_ids[4])),
        smallest.by_hand(smallest.person, "/move", "moveDeal", id=str(other), stage=str(funnel.stage_ids[4])),
    )

    moved, by_hand = product["moveDeal"], limit["moveDeal"]
    assert by_hand["seq"] == moved["seq"] + 1
    assert moved.keys() == by_hand.keys()
    assert moved["deal"]["stage"] == by_hand["deal"]["stage"]
    assert moved["deal"]["version"] == by_hand["deal"]["version"]
    kept = [await _kept(smallest, deal_id) for deal_id in (one, other)]
    assert kept[0] == kept[1]
    await _everything_is_true(smallest)


async def _kept(smallest: Ground, deal_id: object) -> list[Any]:
    """Of the log and of visits, without what must differ."""
    pool = smallest.db.pool
    event = await pool.fetchrow(
        "SELECT kind, version, payload, actor FROM events WHERE deal_id = $1 ORDER BY seq DESC LIMIT 1", deal_id
    )
    assert event is not None
    visits = await pool.fetch(
        "SELECT stage_id, left_at IS NULL AS now FROM stage_visits WHERE deal_id = $1 ORDER BY entered_seq", deal_id
    )
    payload = event["payload"]
    same = ("stageId", "status", "version", "closedAt", "source", "funnelId")
    return [
        event["kind"],
        event["version"],
        event["actor"]["id"],
        sorted(payload),
        sorted(payload["deal"]),
        [payload["deal"][name] for name in same],
        payload["fromStageName"],
        payload["toStageName"],
        len(payload["columns"]),
        [tuple(visit) for visit in visits],
    ]


async def _everything_is_true(smallest: Ground) -> None:
    """What is kept beside the deals is what can be counted, and each log folds to its board."""
    counted = (
        """SELECT stage_id, currency, count(*) AS deals, sum(amount) AS value FROM deals GROUP BY 1, 2 ORDER BY 1, 2"""
    )
    kept = "SELECT stage_id, currency, deals, value FROM stage_totals WHERE deals > 0 ORDER BY 1, 2"
    assert [tuple(row) for row in await smallest.db.pool.fetch(counted)] == [
        tuple(row) for row in await smallest.db.pool.fetch(kept)
    ]


async def test_the_log_folds_to_the_board(smallest: Ground) -> None:
    shown = "columns { dealCount value { amount } deals { nodes { number title version } } }"
    now = f"query ($id: ID!) {{ board(funnelId: $id) {{ cursor {shown} }} }}"
    then = f"query ($id: ID!, $asOf: Cursor!) {{ pastBoard(funnelId: $id, asOf: $asOf) {{ {shown} }} }}"
    for funnel in smallest.busy:
        asked = smallest.query(smallest.person, now, "board", id=str(funnel.id))
        board = await _data(smallest, asked, "board")
        asked = smallest.query(smallest.person, then, "pastBoard", id=str(funnel.id), asOf=board["cursor"])
        past = await _data(smallest, asked, "pastBoard")

        assert past["columns"] == board["columns"]
        assert [column["deals"]["nodes"][0]["version"] for column in board["columns"]] == [11, *[12] * 7]


async def _data(smallest: Ground, ask: Ask, name: str) -> Any:
    return orjson.loads(await load.once(smallest.house.product.port or 0, ask))["data"][name]


async def test_each_case_measures_its_sides(smallest: Ground) -> None:
    for name, case in CASES.items():
        outcome = await case(smallest)

        assert outcome.case == name
        assert outcome.sides
        for side in outcome.sides.values():
            assert side.count > 0, name
            assert side.seconds > 0, name
            assert side.server > 0, (
                name
            )  # PostgreSQL is other tests' as well: a backend that ends takes its CPU with it


def test_tells_a_claim_that_is_missed() -> None:
    sides = {"product": Measured(10, 1.0, 0.02, 0.01), "limit": Measured(10, 1.0, 0.01, 0.01)}
    outcome = Outcome("BOARD-50", "a board", "request", sides, [Claim("server CPU", 2.0, 1.3), Claim("KB", 2.0, 3.0)])
    report = Report([outcome], "a machine", "not pinned", "today", quick=True)

    console = Console(record=True, width=160)
    report.print(console)

    assert "✗ BOARD-50: server CPU 2 × (goal ≤ 1.3)\n✓ BOARD-50: KB 2 × (goal ≤ 3)" in console.export_text()
    assert "| BOARD-50 | server CPU | 2 × (missed) | ≤ 1.3 |" in report.markdown()
    assert "| BOARD-50: a board | product | 2 | 1 | 10 | – | – | – | – |" in report.markdown()
    assert [claim["reached"] for claim in orjson.loads(report.json())["cases"][0]["claims"]] == [False, True]


async def test_does_not_measure_a_wrong_answer(smallest: Ground) -> None:
    def refused(_connection: int) -> Any:
        while True:
            yield smallest.by_hand(smallest.person, "/funnels", "board")

    with pytest.raises(load.WrongAnswer):
        await load.run(smallest.house.limit.port or 0, refused, 2, 5.0)
