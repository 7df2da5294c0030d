"""The price of a part of a period, in whole civil days and whole minor units.

Only what is left of a period is ever rounded; a part is the difference of two rests, so that parts always add up to
the whole.
"""

from datetime import date

from shared.money import half_up

VAT_PERCENT = 20


def rest(price: int, start: date, end: date, on: date) -> int:
    """What the days from `on` to `end` cost, when those from `start` to `end` cost `price`."""
    return rest_of_days(price, (end - on).days, (end - start).days)


def rest_of_days(price: int, days: int, of_days: int) -> int:
    return half_up(price * days, of_days)


def part(price: int, start: date, end: date, since: date, until: date) -> int:
    """What the days from `since` to `until` cost."""
    return rest(price, start, end, since) - rest(price, start, end, until)


def vat(amount: int) -> int:
    """The tax that an amount contains; that of a credit is negative."""
    tax = half_up(abs(amount) * VAT_PERCENT, 100 + VAT_PERCENT)
    return tax if amount >= 0 else -tax
