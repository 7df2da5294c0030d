"""The one grid of an account: the dates on which its modules renew, counted in months from its origin."""

from dataclasses import dataclass
from datetime import date

from dateutil.relativedelta import relativedelta


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days, the last one excluded."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days


@dataclass(frozen=True, slots=True)
class Grid:
    origin: date

    def at(self, index: int) -> date:
        """The boundary that many months after the origin: its day, or the last one of a shorter month."""
        return self.origin + relativedelta(months=index)

    def index(self, on: date) -> int:
        """Of the last boundary that is not after that day."""
        months = (on.year - self.origin.year) * 12 + on.month - self.origin.month
        return months if self.at(months) <= on else months - 1

    def period(self, on: date, months: int) -> Period:
        """So many months from the boundary that is at or before the day."""
        index = self.index(on)
        return Period(self.at(index), self.at(index + months))

    def in_series(self, end: date, months: int, on: date) -> Period:
        """The period that holds the day, of the series which has a period that ends at `end`."""
        index = self.index(end)
        index += (self.index(on) - index) // months * months
        return Period(self.at(index), self.at(index + months))

    def is_boundary(self, day: date) -> bool:
        return self.at(self.index(day)) == day
