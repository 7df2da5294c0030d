"""The catalogue of modules and an account's subscription to one. Prices stand in a table: an operator changes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from shared.errors import Sentence
from shared.money import Money, half_up

INTERVALS: Mapping[int, str] = {1: "MONTH", 3: "QUARTER", 12: "YEAR"}  # months → the contract's name


class ModuleState(StrEnum):
    TRIALING = "TRIALING"
    ACTIVE = "ACTIVE"
    PAST_DUE = "PAST_DUE"
    SUSPENDED = "SUSPENDED"
    CANCELLED = "CANCELLED"


S = ModuleState
MOVES: Mapping[ModuleState, frozenset[ModuleState]] = {
    S.TRIALING: frozenset({S.ACTIVE, S.CANCELLED}),
    S.ACTIVE: frozenset({S.ACTIVE, S.PAST_DUE, S.CANCELLED}),
    S.PAST_DUE: frozenset({S.ACTIVE, S.SUSPENDED, S.CANCELLED}),
    S.SUSPENDED: frozenset({S.ACTIVE, S.CANCELLED}),
    S.CANCELLED: frozenset(),
}
CONNECTED = frozenset({S.ACTIVE, S.PAST_DUE, S.SUSPENDED})


@dataclass(frozen=True, slots=True)
class Module:
    code: str
    name: Sentence
    description: Sentence
    trial_days: int


CATALOGUE: Mapping[str, Module] = {
    module.code: module
    for module in (
        Module(
            "sales_funnel",
            Sentence("Sales funnel", "Воронка продажів"),
            Sentence(
                "Funnels with stages, deals that walk through them, and live boards.",
                "Воронки з етапами, угоди, що проходять ними, і живі дошки.",
            ),
            7,
        ),
        Module(
            "telephony",
            Sentence("Telephony", "Телефонія"),
            Sentence("Calls become deals, notes and tasks.", "Дзвінки стають угодами, нотатками й завданнями."),
            7,
        ),
        Module(
            "lead_ads",
            Sentence("Lead ads", "Лідогенерація"),
            Sentence("Leads from advertising become deals.", "Ліди з реклами стають угодами."),
            7,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Price:
    """What `months` of a module cost together."""

    module_code: str
    months: int
    price: Money

    @property
    def per_month(self) -> Money:
        return Money(half_up(self.price.minor, self.months), self.price.currency)


@dataclass(frozen=True, slots=True)
class PriceVersion:
    """What something costs from a day on, until a later version of it is in force. It never changes.

    `since`: a civil day of whoever buys; None for one that was always in force.
    """

    module_code: str
    months: int
    price: int
    since: date | None

    def in_force(self, on: date) -> bool:
        return self.since is None or self.since <= on


@dataclass(frozen=True, slots=True)
class PriceList:
    """All that was or will be asked for modules in one currency."""

    versions: Sequence[PriceVersion]  # an older one stands before a newer one

    def on(self, day: date) -> dict[tuple[str, int], int]:
        """The prices in force, by module and months."""
        return {(one.module_code, one.months): one.price for one in self.versions if one.in_force(day)}

    def version(self, day: date) -> int:
        """How many have come into force: another one, and the number is greater."""
        return sum(one.in_force(day) for one in self.versions)


@dataclass(frozen=True, slots=True)
class Subscription:
    """An account's module. Dates are civil days of the account's zone; each end is the first day not covered."""

    id: UUID
    module_code: str
    state: ModuleState
    months: int | None
    period_start: date | None
    period_end: date | None
    trial_ends_on: date | None
    cancel_at_period_end: bool
    next_months: int | None
    suspended_on: date | None = None
    trial_months: int | None = None

    def moved(self, state: ModuleState, **changes: Any) -> "Subscription":
        """In another state. Raises ValueError for a move that there is not."""
        if state not in MOVES[self.state]:
            raise ValueError(f"A module that is {self.state} does not become {state}.")
        return replace(self, state=state, **changes)

    def usable(self, today: date) -> bool:
        """The one question the rest of the product asks."""
        if self.state is ModuleState.TRIALING:
            return self.trial_ends_on is not None and today < self.trial_ends_on
        return self.state in (ModuleState.ACTIVE, ModuleState.PAST_DUE)
