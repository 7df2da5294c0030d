"""What an account's modules cost, reckoned by hand: a model that knows no database, and nothing of the product's."""

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date

from tests.shared.billing.holding import left

PRICES = {"sales_funnel": 500_00, "telephony": 300_00, "lead_ads": 200_00}
PERCENT = {1: 100, 3: 90, 12: 80}


def price_of(code: str, months: int) -> int:
    return PRICES[code] * months * PERCENT[months] // 100


@dataclass
class Module:
    """Paid for the period from `start` to `end`, a whole one of the grid."""

    months: int
    start: date
    end: date
    cancelling: bool = False


@dataclass
class Model:
    """`paid`: what came from outside, all in all."""

    origin: date | None = None
    paid: int = 0
    balance: int = 0
    modules: dict[str, Module] = field(default_factory=dict)

    def boundary(self, index: int) -> date:
        assert self.origin is not None
        years, month = divmod(self.origin.month - 1 + index, 12)
        year = self.origin.year + years
        return date(year, month + 1, min(self.origin.day, monthrange(year, month + 1)[1]))

    def next_boundary(self) -> date | None:
        return min((one.end for one in self.modules.values()), default=None)

    def buy(self, code: str, months: int, on: date) -> None:
        before = self.modules.get(code)
        if before is not None and before.months == months:
            return
        given_back = self._unused(code, on) if before else 0
        self.origin = self.origin or on
        start, end = self._period(code, months, on)
        self._spend(left(price_of(code, months), (end - on).days, (end - start).days) - given_back)
        self.modules[code] = Module(months, start, end)

    def cancel(self, code: str) -> None:
        if code in self.modules:
            self.modules[code].cancelling = True

    def end(self, code: str, on: date) -> None:
        if code in self.modules:
            self.balance += self._unused(code, on)
            self._drop(code)

    def renew(self, on: date) -> None:
        """The boundary has come."""
        due = sorted(code for code, one in self.modules.items() if one.end == on)
        for code in due:
            if self.modules[code].cancelling:
                self._drop(code)
        going_on = [code for code in due if code in self.modules]
        if going_on:
            self._spend(sum(price_of(code, self.modules[code].months) for code in going_on))
        for code in going_on:
            one = self.modules[code]
            index = next(index for index in range(10_000) if self.boundary(index) == on)
            one.start, one.end = on, self.boundary(index + one.months)

    def _period(self, code: str, months: int, on: date) -> tuple[date, date]:
        for other, one in self.modules.items():
            if other != code and one.months == months:
                return one.start, one.end
        index = next(index for index in range(10_000) if self.boundary(index) <= on < self.boundary(index + 1))
        return self.boundary(index), self.boundary(index + months)

    def _unused(self, code: str, on: date) -> int:
        one = self.modules[code]
        return left(price_of(code, one.months), (one.end - on).days, (one.end - one.start).days)

    def _spend(self, amount: int) -> None:
        """By the balance first, the rest from outside; what is below nothing is kept."""
        if amount < 0:
            self.balance -= amount
            return
        covered = min(self.balance, amount)
        self.balance -= covered
        self.paid += amount - covered

    def _drop(self, code: str) -> None:
        del self.modules[code]
        if not self.modules:
            self.origin = None
