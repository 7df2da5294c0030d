"""A board as a client keeps it: plain data, folded from events, a branch a kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from shared import deals, events, funnels
from shared.db import Transaction
from shared.funnels import Total
from shared.money import Money

Fields = Mapping[str, Any]
Totals = dict[str, Any]


@dataclass
class Board:
    """Deals by id with all their fields, the order of each column, what stands in it, and the place in the log.

    `columns` are in the order of the funnel's stages. Everything is as JSON holds it, as it is for a client.
    """

    seq: int = 0
    deals: dict[str, Fields] = field(default_factory=dict)
    columns: dict[str, list[str]] = field(default_factory=dict)
    totals: dict[str, Totals] = field(default_factory=dict)
    funnel: Fields = field(default_factory=dict)


def fold(board: Board, happened: Sequence[events.Recorded]) -> None:
    """The board after these events too. Each must be the next one."""
    for event in happened:
        assert event.seq == board.seq + 1
        board.seq = event.seq
        payload = event.payload
        match event.kind:
            case "DealCreated" | "DealMoved" | "DealRestored":
                _take_out(board, payload)
                _put_in(board, payload)
            case "DealsImported":
                for deal in reversed(payload["deals"]):
                    _put_in(board, {"deal": deal, "placedAfter": None})
            case "DealUpdated":
                board.deals[payload["deal"]["id"]] = payload["deal"]
            case "DealArchived":
                _take_out(board, payload)
                del board.deals[payload["deal"]["id"]]
            case "FunnelChanged":
                _arrange(board, payload["funnel"])
            case _:
                raise AssertionError(f"Nobody folds {event.kind}.")
        for column in payload.get("columns", ()):
            board.totals[column["stageId"]] = {"deals": column["deals"], "value": column["value"]}


def _take_out(board: Board, payload: Fields) -> None:
    for column in board.columns.values():
        if payload["deal"]["id"] in column:
            column.remove(payload["deal"]["id"])


def _put_in(board: Board, payload: Fields) -> None:
    deal, above = payload["deal"], payload["placedAfter"]
    board.deals[deal["id"]] = deal
    column = board.columns[deal["stageId"]]
    column.insert(0 if above is None else column.index(above) + 1, deal["id"])


def _arrange(board: Board, funnel: Fields) -> None:
    """Columns appear, vanish and change places with the funnel's stages; none vanishes with deals in it."""
    stage_ids = [stage["id"] for stage in funnel["stages"]]
    gone = board.columns.keys() - set(stage_ids)
    assert all(board.columns[stage_id] == [] for stage_id in gone)
    board.funnel = funnel
    board.columns = {stage_id: board.columns.get(stage_id, []) for stage_id in stage_ids}
    board.totals = {stage_id: board.totals.get(stage_id, Total().to_json()) for stage_id in stage_ids}


async def origin(tx: Transaction, funnel_id: UUID) -> Board:
    """The board as it was made, before the first event."""
    board = Board()
    _arrange(board, plain((await funnels.origin(tx, funnel_id)).to_json()))
    return board


async def read(tx: Transaction, funnel_id: UUID) -> Board:
    """The board as it stands in the database."""
    seen = await funnels.on_board(tx, funnel_id)
    assert seen is not None
    funnel, place = seen
    stage_ids = [stage.id for stage in (await funnels.stages(tx, [funnel_id]))[funnel_id]]
    pages = await deals.columns(tx, stage_ids, 1_000, None)
    totals = await funnels.board_totals(tx, [funnel_id])
    return Board(
        place.seq,
        {str(deal.id): as_json(deal) for page in pages.values() for deal in page.deals},
        {str(stage_id): [str(deal.id) for deal in pages[stage_id].deals] for stage_id in stage_ids},
        {str(stage_id): totals.get(stage_id, Total()).to_json() for stage_id in stage_ids},
        plain((await funnels.state(tx, funnel)).to_json()),
    )


def as_json(deal: deals.Deal) -> Fields:
    """What an event would hold of the deal."""
    return plain(deal.to_json())


def plain(facts: Fields) -> Fields:
    """The same as JSON holds it."""
    kept: Fields = orjson.loads(orjson.dumps(facts, default=str))
    return kept


def recount(board: Board) -> dict[str, Totals]:
    """The totals of each column, counted from its deals."""
    counted: dict[str, Totals] = {}
    for stage_id, column in board.columns.items():
        total = Total()
        for deal_id in column:
            amount = board.deals[deal_id]["amount"]
            total += Total(1, (Money(*amount),) if amount else ())
        counted[stage_id] = total.to_json()
    return counted
