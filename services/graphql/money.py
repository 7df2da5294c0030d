"""Money on the wire."""

from collections.abc import Iterable
from typing import Self

import strawberry

from services.graphql.scalars import CurrencyCode, Decimal
from shared import money


@strawberry.type(description="An amount, with as many decimals as its currency has.")
class Money:
    amount: Decimal = strawberry.field(description='As many decimals as the currency has: "500.00" UAH, "500" JPY.')
    currency: CurrencyCode = strawberry.field(description="In which the amount is counted: ISO 4217, such as UAH.")

    @classmethod
    def of(cls, value: money.Money) -> Self:
        return cls(amount=Decimal(str(value)), currency=CurrencyCode(value.currency))

    @classmethod
    def all(cls, values: Iterable[money.Money]) -> list[Self]:
        """One per currency, sorted by code."""
        return [cls.of(value) for value in sorted(values, key=lambda one: one.currency)]


@strawberry.input(description="An amount: at most as many decimals as the currency has, not negative, below 10^13.")
class MoneyInput:
    amount: Decimal = strawberry.field(
        description="A string, or a whole number. More decimals than the currency has, below 0, or 10^13 and more: InvalidInput."
    )
    currency: CurrencyCode = strawberry.field(description="ISO 4217, such as UAH; any other: InvalidInput.")
