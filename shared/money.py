"""Money: whole minor units and a currency (ISO 4217). Never a float.

How many decimals a currency has comes from Unicode CLDR (through Babel), as does the list of currencies.
"""

import re
from dataclasses import dataclass
from functools import cache

from babel.numbers import get_currency_precision, list_currencies

LARGEST_MAJOR_DIGITS = 13  # amounts stay below 10^13 of the currency's main unit
NO_CURRENCIES = frozenset({"XXX", "XTS"})  # ISO 4217: "no currency" and "for testing"
AMOUNT = re.compile(r"(?P<major>[0-9]+)(?:\.(?P<decimals>[0-9]+))?", re.ASCII)


@dataclass(frozen=True, order=True, slots=True)
class Money:
    """An amount in minor units (kopiykas, cents) of a currency."""

    minor: int
    currency: str

    @property
    def amount(self) -> str:
        """As a decimal text, with as many decimals as the currency has: "500.00" of UAH, "500" of JPY."""
        places, digits = decimals(self.currency), str(self.minor)
        if self.minor > 0 and len(digits) > places > 0:  # nearly always
            return f"{digits[:-places]}.{digits[-places:]}"
        return text_of(self.minor, self.currency)

    def __str__(self) -> str:
        return self.amount


@cache
def currencies() -> frozenset[str]:
    """The codes that an amount may be in."""
    return frozenset(list_currencies()) - NO_CURRENCIES


@cache
def decimals(currency: str) -> int:
    """How many decimals amounts of the currency have."""
    places: int = get_currency_precision(currency)
    return places


def text_of(minor: int, currency: str) -> str:
    """Minor units as a decimal text."""
    places = decimals(currency)
    if not places:
        return str(minor)
    digits = str(abs(minor)).rjust(places + 1, "0")
    return f"{'-' if minor < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def minor_units(amount: str, currency: str) -> int | None:
    """The minor units in a decimal text; None when it is no amount of that currency.

    Refused: signs, exponents, more decimals than the currency has, 10^13 and above.
    """
    match = AMOUNT.fullmatch(amount)
    if match is None:
        return None
    major, fraction, places = match["major"].lstrip("0"), match["decimals"] or "", decimals(currency)
    if len(major) > LARGEST_MAJOR_DIGITS or len(fraction) > places:
        return None
    return int(major + fraction.ljust(places, "0") or "0")


def half_up(numerator: int, denominator: int) -> int:
    """The project's only rounding: the nearest whole number, halves up. `numerator` >= 0, `denominator` > 0."""
    return (2 * numerator + denominator) // (2 * denominator)
