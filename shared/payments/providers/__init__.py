"""The payment providers: each a module that starts payments there, lets its calls in, and reads what it says."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from typing import Protocol

from shared.config import Settings
from shared.payments.model import Answer, Call, Disputed, Order, Said, Started
from shared.payments.providers import liqpay, monobank, sandbox, stripe, wayforpay


class Provider(Protocol):
    """What a provider is.

    Whatever speaks to it raises OutcomeUnknown when nobody knows what became of it, or Unreadable, which means no more.
    """

    @property
    def code(self) -> str:
        """As it stands in addresses and in the database."""

    @property
    def name(self) -> str:
        """For people."""

    @property
    def keys_kept(self) -> timedelta:
        """For how long a refund with the same key is the same refund. None at all where it knows no keys."""

    async def verify(self, came: Call) -> bool:
        """Whether the provider has signed it, for us. Raises Unavailable when that cannot be told now."""

    def key(self, came: Call) -> str:
        """The same of each repetition of a call. Raises Unreadable."""

    def parse(self, came: Call) -> Said | Disputed | None:
        """What it says of a payment; None when it is about something else. Raises Unreadable."""

    def answer(self, came: Call, now: int) -> Answer:
        """What it wants to hear. `now`: seconds of the real clock."""

    async def start(self, order: Order) -> Started:
        """Where the payer goes to pay. Raises Refused."""

    async def ask(self, order: Order) -> Said:
        """What became of a payment. Raises NotKnown."""

    async def charge(self, order: Order) -> Said:
        """Charge the order's saved card. Raises Refused."""

    async def refund(self, order: Order, amount: int, key: str) -> None:
        """Give back that much. `key`: the same of each attempt at the same refund. Raises Refused."""


Providers = Mapping[str, Provider]

MAKERS: tuple[Callable[[Settings], Provider | None], ...] = (
    liqpay.configured,
    wayforpay.configured,
    monobank.configured,
    stripe.configured,
    sandbox.configured,
)


@cache
def configured(settings: Settings) -> Providers:
    """By code, those that an operator has given keys for."""
    made = (make(settings) for make in MAKERS)
    return {provider.code: provider for provider in made if provider is not None}
