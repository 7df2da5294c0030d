"""What a cart costs: each module's lines, on the account's one grid. Nothing here asks the clock or the database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from shared.billing.grid import Grid, Period
from shared.billing.proration import rest, rest_of_days, vat


class LineKind(StrEnum):
    FULL = "FULL"
    PRORATED = "PRORATED"
    CREDIT = "CREDIT"


@dataclass(frozen=True, slots=True)
class Line:
    """`full_price` × days / `of_days`: what later maths go by. `credited`: the line that a credit gives back from."""

    module_code: str
    months: int
    kind: LineKind
    period: Period
    of_days: int
    full_price: int
    amount: int
    credited: UUID | None = None

    @property
    def vat(self) -> int:
        return vat(self.amount)

    def left(self, on: date) -> int:
        """The price of its days from `on`; never more than the line itself."""
        day = min(max(on, self.period.start), self.period.end)
        return min(rest_of_days(self.full_price, (self.period.end - day).days, self.of_days), max(self.amount, 0))


@dataclass(frozen=True, slots=True)
class Item:
    """A module in a cart. `start`: the first day that is to be paid for."""

    module_code: str
    months: int
    start: date


Series = Mapping[int, date]  # months → an end of the modules that are paid for so long


def plan(
    grid: Grid | None, series: Series, items: Sequence[Item], prices: Mapping[tuple[str, int], int], minimum: int
) -> list[Line]:
    """The lines of items, in the order of their modules' starts. `minimum`: what is less is paid with the next period.

    Without a grid the earliest start is its origin.
    """
    grid = grid or Grid(min(item.start for item in items))
    ends, lines = dict(series), list[Line]()
    for item in sorted(items, key=lambda item: item.start):
        period = _period(grid, ends, item)
        ends.setdefault(item.months, period.end)
        lines += _lines(grid, item, period, prices[item.module_code, item.months], minimum)
    return lines


def _period(grid: Grid, ends: Series, item: Item) -> Period:
    if item.months in ends:
        return grid.in_series(ends[item.months], item.months, item.start)
    return grid.period(item.start, item.months)


def _lines(grid: Grid, item: Item, period: Period, price: int, minimum: int) -> Iterable[Line]:
    amount = rest(price, period.start, period.end, item.start)
    kind = LineKind.FULL if item.start == period.start else LineKind.PRORATED
    first = Line(item.module_code, item.months, kind, Period(item.start, period.end), period.days, price, amount)
    if not 0 < amount < minimum or kind is LineKind.FULL:
        return [first]
    following = Period(period.end, grid.at(grid.index(period.end) + item.months))
    return [first, replace(first, kind=LineKind.FULL, period=following, of_days=following.days, amount=price)]


def credit(line: Line, line_id: UUID, on: date, covered_until: date, already: int) -> Line:
    """What is given back of a paid line from a day on: a line that takes off."""
    period = Period(min(max(on, line.period.start), covered_until), covered_until)
    amount = min(line.left(period.start), line.amount - already)
    return replace(line, kind=LineKind.CREDIT, period=period, amount=-amount, credited=line_id)
