"""What passes between us and payment providers. The order that a provider knows is our payment, by its id."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from shared.billing import Rank
from shared.money import Money, currencies, minor_units

LONGEST_FAILURE = 500  # characters of what a provider says went wrong
LONGEST_AMOUNT = 15  # digits
NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?", re.ASCII)  # as in JSON, and not negative


class Unreadable(Exception):
    """A provider said it, and we cannot tell what it means: for people to look at."""


class Refused(Exception):
    """The provider refuses what it is asked for as it is: nothing was done."""


class NotKnown(Refused):
    """The provider has never heard of the order."""


class OutcomeUnknown(Exception):
    """Nobody answered, or nothing that can be read: what was asked for may have been done, or not."""


class NotReached(OutcomeUnknown):
    """There was no connection: nobody has heard of it yet."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it came. Names of headers in small letters."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider wants to hear once its call is kept."""

    body: bytes = b"OK"
    media_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class Card:
    """A way to pay that the provider keeps for us. `token` stands for it."""

    token: str
    label: str
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What a provider says of one of our payments. `reference`: the provider's own id of it.

    `refunded`: how much of `amount` went back, all in all; `names`: what else it may call the payment by.
    """

    payment_id: UUID
    state: Rank
    amount: Money
    refunded: int = 0
    reference: str | None = None
    card: Card | None = None
    failure: str | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Disputed:
    """What a provider says of a payment that the payer's bank takes back, or has given again (`is_won`).

    `names`: what it calls the payment by, any of which may be one of ours; `reference`: its own id of the dispute.
    """

    names: tuple[str, ...]
    reference: str
    amount: Money
    is_won: bool


@dataclass(frozen=True, slots=True)
class Checkout:
    """How the payer goes on: GET the address, or POST the fields to it as a form does."""

    url: str
    method: str = "GET"
    fields: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"url": self.url, "method": self.method, "fields": dict(self.fields)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        return cls(kept["url"], kept["method"], kept["fields"])


@dataclass(frozen=True, slots=True)
class Started:
    """A payment that the provider knows of from now on."""

    checkout: Checkout
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What a provider is told of a payment. `card`: the token to charge, where no payer is asked.

    `reference`: the provider's own id of it, once we know it; `started_at`: when we first spoke of it;
    `payable`: its invoice is open, and its card was not removed.
    """

    account_id: UUID
    payment_id: UUID
    provider: str
    amount: Money
    rank: int
    created_at: datetime
    return_url: str | None = None
    save_method: bool = False
    card: str | None = None
    reference: str | None = None
    started_at: datetime | None = None
    payable: bool = True

    @property
    def about(self) -> str:
        return f"Voronka {self.payment_id}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a provider finds us: the address that it calls, and where it sends payers back to."""

    public_url: str
    code: str

    @property
    def callback(self) -> str:
        return f"{self.public_url.rstrip('/')}/callbacks/{self.code}"

    def back(self, order: Order) -> str:
        return order.return_url or self.public_url


def payment_id(text: object) -> UUID:
    """Our id, in whatever spelling. Raises Unreadable."""
    try:
        return UUID(str(text))
    except ValueError:
        raise Unreadable(f"{str(text)[:100]!r} is not the id of a payment.") from None


def major(amount: object, currency: object) -> Money:
    """An amount in the main unit, as it was written. Raises Unreadable."""
    code, written = _code(currency), str(amount)
    number = Decimal(written) if NUMBER.fullmatch(written) else None
    if number is not None and abs(number.adjusted()) < LONGEST_AMOUNT:
        units = minor_units(f"{number.normalize():f}", code)
        if units is not None:
            return Money(units, code)
    raise Unreadable(f"{str(amount)[:100]!r} is no amount of {code}.")


def minor(amount: object, currency: object) -> Money:
    """An amount in minor units, as it was written. Raises Unreadable."""
    return Money(whole(amount), _code(currency))


def whole(number: object) -> int:
    """Raises Unreadable for what is no number of minor units."""
    written = str(number)
    if not (written.isascii() and written.isdecimal() and len(written) <= LONGEST_AMOUNT):
        raise Unreadable(f"{written[:100]!r} is no amount.")
    return int(written)


def _code(currency: object) -> str:
    code = str(currency)
    if code not in currencies():
        raise Unreadable(f"{code[:100]!r} is no currency.")
    return code


def given_back(paid: Rank, amount: int, refunded: int) -> Rank:
    """The state of a payment of which that much went back."""
    if not refunded:
        return paid
    return Rank.REFUNDED if refunded >= amount else Rank.PARTIALLY_REFUNDED
