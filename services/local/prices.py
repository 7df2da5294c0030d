"""What an operator says of prices, by `./dev price`."""

from datetime import date

from services.local.errors import Refusal
from shared import billing
from shared.db import connect
from shared.money import Money, currencies, minor_units


async def set_price(url: str, module: str, interval: str, amount: str, currency: str, since: date) -> int:
    """The new version's number."""
    minor = minor_units(amount, currency) if currency in currencies() else None
    if minor is None or interval not in billing.MONTHS:
        raise Refusal("Give MONTH, QUARTER or YEAR, and an amount of the currency, such as 550.00.")
    try:
        async with connect(url, size=1) as db, db.transaction(None) as tx:
            months = billing.MONTHS[interval]
            return await billing.set_price(tx, module, months, Money(minor, currency), since)
    except ValueError as refused:
        raise Refusal(str(refused)) from None
