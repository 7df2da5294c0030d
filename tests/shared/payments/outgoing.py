"""What is asked of providers, and how they take it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.money import Money
from shared.payments import Provider, configured
from shared.payments.model import Order
from tests.shared.payments import signing
from tests.shared.payments.standing_in import Asked, StandIn

ACCOUNT, ORDER = UUID(int=1), UUID(int=2)
PUBLIC = "https://voronka.example"


def urls(url: str) -> dict[str, str]:
    """Settings by which all providers are there."""
    return {f"voronka_{name}_url": url for name in ("liqpay", "wayforpay", "monobank", "stripe", "sandbox")}


def at(url: str, code: str) -> Provider:
    """The provider, with that in place of its own address."""
    return configured(signing.settings(voronka_public_url=PUBLIC, **urls(url)))[code]


@dataclass(frozen=True)
class Outside:
    """All providers, with the stand-in where their own addresses are."""

    bank: StandIn

    def provider(self, code: str) -> Provider:
        return at(self.bank.url, code)

    @property
    def asked(self) -> Asked:
        """The only request that came."""
        (request,) = self.bank.requests
        return request


def order(provider: str, **changes: Any) -> Order:
    """500.00 UAH."""
    made_at = datetime(2026, 1, 31, 12, tzinfo=UTC)
    given: dict[str, Any] = {"account_id": ACCOUNT, "payment_id": ORDER, "provider": provider, "created_at": made_at}
    return Order(**(given | {"amount": Money(500_00, "UAH"), "rank": 0, "started_at": made_at} | changes))
