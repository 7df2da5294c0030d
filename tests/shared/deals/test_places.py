"""Where a deal stands after it was put somewhere, however often."""

from uuid import UUID

import pytest

from shared import deals, events
from shared.db import Transaction
from shared.deals import Move, Spot, SpotKind
from shared.deals.positions import LONGEST
from tests import board, make

AFTER, BEFORE, TOP, BOTTOM = SpotKind.AFTER, SpotKind.BEFORE, SpotKind.TOP, SpotKind.BOTTOM


async def letters(tx: Transaction, funnel: make.Funnel, count: int = 4) -> dict[str, UUID]:
    """Deals a, b, c … from the top of the entry down."""
    names = [chr(ord("a") + index) for index in range(count)]
    return {name: (await make.deal(tx, funnel, title=name)).id for name in reversed(names)}


@pytest.mark.parametrize(
    ("name", "spot", "order"),
    [
        ("c", (TOP, None), "cabd"),
        ("a", (TOP, None), "abcd"),
        ("b", (BOTTOM, None), "acdb"),
        ("d", (BOTTOM, None), "abcd"),
        ("a", (AFTER, "c"), "bcad"),
        ("a", (AFTER, "d"), "bcda"),
        ("d", (AFTER, "a"), "adbc"),
        ("b", (AFTER, "a"), "abcd"),  # where it stands already
        ("d", (BEFORE, "a"), "dabc"),
        ("a", (BEFORE, "d"), "bcad"),
        ("a", (BEFORE, "b"), "abcd"),
        ("d", (BEFORE, "c"), "abdc"),
    ],
)
async def test_stands_where_it_was_put(
    tx: Transaction, name: str, spot: tuple[SpotKind, str | None], order: str
) -> None:
    funnel = await make.funnel(tx)
    deal = await letters(tx, funnel)
    kind, neighbour = spot

    changed = await deals.move(
        tx, Move(deal[name], funnel.entry.id, Spot(kind, deal[neighbour] if neighbour else None))
    )

    titles = {id: title for title, id in deal.items()}
    assert "".join(titles[id] for id in await make.column(tx, funnel.entry)) == order
    (event,) = await events.after(tx, funnel.id, changed.place.seq - 1)
    above = order[order.index(name) - 1] if order.index(name) else None
    assert event.payload["placedAfter"] == (str(deal[above]) if above else None)


@pytest.mark.parametrize("kind", [TOP, BOTTOM])
async def test_is_alone_in_an_empty_stage(tx: Transaction, kind: SpotKind) -> None:
    funnel = await make.funnel(tx)
    deal = await make.deal(tx, funnel)

    await deals.move(tx, Move(deal.id, funnel.own[0].id, Spot(kind)))

    assert await make.column(tx, funnel.own[0]) == [deal.id]


@pytest.mark.parametrize("kind", [AFTER, BEFORE])
async def test_the_same_gap_takes_three_hundred_moves(tx: Transaction, kind: SpotKind) -> None:
    """Keys are made short again without changing the order, and that is no event."""
    funnel = await make.funnel(tx)
    deal = await letters(tx, funnel, 6)
    fixed = deal["a"] if kind is AFTER else deal["f"]
    others = [id for id in deal.values() if id not in (deal["a"], deal["f"])]
    before = await board.read(tx, funnel.id)

    for turn in range(300):
        await deals.move(tx, Move(others[turn % 4], funnel.entry.id, Spot(kind, fixed)))

    now = await board.read(tx, funnel.id)
    assert now.seq == before.seq + 300
    board.fold(before, await events.after(tx, funnel.id, before.seq))
    assert before == now
    column = await make.column(tx, funnel.entry)
    assert (column[0], column[-1], set(column)) == (deal["a"], deal["f"], set(deal.values()))
    longest = await tx.fetchval("SELECT max(length(position)) FROM deals WHERE stage_id = $1", funnel.entry.id)
    assert longest <= LONGEST


async def test_a_long_column_is_spaced_anew_around_the_gap_only(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    for _ in range(180):
        await make.deal(tx, funnel)
    column = await make.column(tx, funnel.entry)
    far = await tx.fetchval("SELECT position FROM deals WHERE id = $1", column[0])

    for turn in range(120):
        await deals.move(tx, Move(column[91 + turn % 2], funnel.entry.id, Spot(AFTER, column[90])))

    assert await make.column(tx, funnel.entry) == [*column[:91], column[92], column[91], *column[93:]]
    assert await tx.fetchval("SELECT position FROM deals WHERE id = $1", column[0]) == far


async def test_pages_go_on_from_where_a_deal_stands_now(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    deal = await letters(tx, funnel)
    first = (await deals.columns(tx, [funnel.entry.id], 2, None))[funnel.entry.id]
    assert ([one.title for one in first.deals], first.has_more) == (["a", "b"], True)
    await deals.move(tx, Move(deal["b"], funnel.entry.id, Spot(AFTER, deal["c"])))

    rest = (await deals.columns(tx, [funnel.entry.id], 2, first.places[-1]))[funnel.entry.id]
    assert ([one.title for one in rest.deals], rest.has_more) == (["d"], False)

    await deals.move(tx, Move(deal["b"], funnel.own[0].id))  # it has left: from where it stood
    rest = (await deals.columns(tx, [funnel.entry.id], 2, first.places[-1]))[funnel.entry.id]
    assert [one.title for one in rest.deals] == ["c", "d"]
