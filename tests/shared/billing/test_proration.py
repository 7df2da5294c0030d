"""Parts of a price, and the grid that they lie on: what always holds, and what was calculated by hand."""

from calendar import monthrange
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.billing.grid import Grid, Period
from shared.billing.planning import Item, LineKind, plan
from shared.billing.proration import part, rest, vat

PRICES = st.integers(0, 10**15)
ORIGINS = st.dates(date(2000, 1, 1), date(2100, 12, 31))
CATALOGUE = {
    (code, months): price * months * percent // 100
    for code, price in (("sales_funnel", 500_00), ("telephony", 300_00), ("lead_ads", 200_00))
    for months, percent in ((1, 100), (3, 90), (12, 80))
}


@settings(deadline=None)  # another test may have the processor
@given(PRICES, ORIGINS, st.integers(1, 400), st.lists(st.integers(0, 400)))
def test_parts_add_up_to_the_price_however_it_is_cut(price: int, start: date, days: int, cuts: list[int]) -> None:
    end = start + timedelta(days=days)
    days_of_cuts = [start, *sorted(start + timedelta(days=min(cut, days)) for cut in cuts), end]
    parts = [part(price, start, end, since, until) for since, until in pairwise(days_of_cuts)]

    assert sum(parts) == price
    assert min(parts) >= 0


@settings(deadline=None)
@given(PRICES, ORIGINS, st.integers(1, 400))
def test_what_is_left_falls_from_the_price_to_nothing(price: int, start: date, days: int) -> None:
    end = start + timedelta(days=days)
    left = [rest(price, start, end, start + timedelta(days=day)) for day in range(days + 1)]

    assert (left[0], left[-1]) == (price, 0)
    assert left == sorted(left, reverse=True)
    assert all(abs(2 * days * one - 2 * price * (days - day)) <= days for day, one in enumerate(left))


@settings(deadline=None)
@given(ORIGINS, st.integers(0, 1_200))
def test_boundaries_keep_the_day_of_the_origin_or_the_last_of_the_month(origin: date, index: int) -> None:
    grid, boundary = Grid(origin), Grid(origin).at(index)

    assert boundary.day == min(origin.day, monthrange(boundary.year, boundary.month)[1])
    assert (boundary.year - origin.year) * 12 + boundary.month - origin.month == index
    assert boundary < grid.at(index + 1)
    assert grid.index(boundary) == index
    assert grid.index(grid.at(index + 1) - timedelta(days=1)) == index


@pytest.mark.parametrize(
    ("origin", "after"),
    [
        (date(2026, 1, 28), [date(2026, 2, 28), date(2026, 3, 28), date(2026, 4, 28)]),
        (date(2026, 1, 29), [date(2026, 2, 28), date(2026, 3, 29), date(2026, 4, 29)]),
        (date(2028, 1, 30), [date(2028, 2, 29), date(2028, 3, 30), date(2028, 4, 30)]),
        (date(2026, 1, 31), [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]),
        (date(2028, 1, 31), [date(2028, 2, 29), date(2028, 3, 31), date(2028, 4, 30)]),
    ],
)
def test_the_ends_of_months_do_not_drift(origin: date, after: list[date]) -> None:
    assert [Grid(origin).at(index) for index in (1, 2, 3)] == after


def test_a_leap_day_comes_back_after_four_years() -> None:
    grid = Grid(date(2028, 2, 29))

    assert [grid.at(12 * years) for years in (1, 2, 3, 4)] == [
        date(2029, 2, 28),
        date(2030, 2, 28),
        date(2031, 2, 28),
        date(2032, 2, 29),
    ]


@settings(deadline=None)
@given(
    ORIGINS,
    st.lists(st.tuples(st.sampled_from(sorted(CATALOGUE)), st.integers(0, 800)), min_size=1, max_size=12),
)
def test_modules_of_one_length_end_on_one_date_of_the_grid(
    origin: date, adds: list[tuple[tuple[str, int], int]]
) -> None:
    grid, series = Grid(origin), dict[int, date]()
    for (code, months), after in sorted(adds, key=lambda add: add[1]):
        on = origin + timedelta(days=after)
        (line,) = plan(grid, series, [Item(code, months, on)], CATALOGUE, 0)
        series.setdefault(months, line.period.end)
        same = grid.in_series(series[months], months, on)
        series[months] = same.end

        assert line.period.end == same.end
        assert grid.is_boundary(line.period.end)
        assert on < line.period.end
        assert 0 <= line.amount <= line.full_price
        assert (line.amount == line.full_price) or on > same.start


@settings(deadline=None)
@given(ORIGINS, st.sampled_from(sorted(CATALOGUE)), st.integers(0, 364))
def test_what_is_added_a_day_later_costs_no_more(origin: date, added: tuple[str, int], after: int) -> None:
    code, months = added
    on = origin + timedelta(days=after)
    grid = Grid(origin)
    period = grid.period(on, months)
    series = {months: period.end}
    (today,) = plan(grid, series, [Item(code, months, on)], CATALOGUE, 0)
    (tomorrow,) = plan(grid, series, [Item(code, months, on + timedelta(days=1))], CATALOGUE, 0)

    if tomorrow.period.end == today.period.end:
        assert tomorrow.amount <= today.amount
    else:
        assert tomorrow.amount == tomorrow.full_price


WORKED = Grid(date(2026, 1, 31))


@pytest.mark.parametrize(
    ("item", "series", "kind", "amount", "end", "days"),
    [
        (
            Item("telephony", 1, date(2026, 2, 10)),
            {1: date(2026, 2, 28)},
            "PRORATED",
            192_86,
            date(2026, 2, 28),
            (18, 28),
        ),
        (Item("telephony", 1, date(2026, 2, 28)), {1: date(2026, 2, 28)}, "FULL", 300_00, date(2026, 3, 31), (31, 31)),
        (
            Item("lead_ads", 12, date(2026, 2, 10)),
            {1: date(2026, 2, 28)},
            "PRORATED",
            1867_40,
            date(2027, 1, 31),
            (355, 365),
        ),
        (
            Item("telephony", 12, date(2026, 6, 1)),
            {1: date(2026, 6, 30), 12: date(2027, 1, 31)},
            "PRORATED",
            1925_26,
            date(2027, 1, 31),
            (244, 365),
        ),
    ],
)
def test_first_payments_are_evened_out_as_was_calculated_by_hand(
    item: Item, series: dict[int, date], kind: str, amount: int, end: date, days: tuple[int, int]
) -> None:
    (line,) = plan(WORKED, series, [item], CATALOGUE, 1_00)

    assert (line.kind, line.amount, line.period) == (LineKind(kind), amount, Period(item.start, end))
    assert (line.period.days, line.of_days) == days


def test_what_is_below_the_minimum_is_paid_with_the_next_period() -> None:
    lines = plan(WORKED, {1: date(2026, 2, 28)}, [Item("lead_ads", 1, date(2026, 2, 27))], CATALOGUE, 10_00)

    assert [(line.amount, line.period.end) for line in lines] == [
        (7_14, date(2026, 2, 28)),
        (200_00, date(2026, 3, 31)),
    ]


def test_prices_contain_vat() -> None:
    assert [vat(amount) for amount in (500_00, 192_86, 0, -192_86)] == [83_33, 32_14, 0, -32_14]
