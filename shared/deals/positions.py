"""Fractional keys: texts that say where a deal stands in its column, so that a move writes one row.

Keys are compared byte by byte. A key is an integer of variable length, whose first letter says how many digits it
has, and a fraction (David Greenspan, "Implementing Fractional Indexing", 2020). Going on at an end of a column
only counts the integer on, so keys grow with the logarithm of the moves; only the same gap, halved again and again,
makes long fractions. A column whose keys get longer than `LONGEST` is re-spaced.
"""

from collections.abc import Iterator

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"  # in the order of their bytes
BASE = len(DIGITS)
VALUE = {digit: value for value, digit in enumerate(DIGITS)}
LONGEST = 24
FIRST = "a0"


def between(lower: str | None, upper: str | None) -> str:
    """A key after `lower` and before `upper`; None: nothing stands there. Needs lower < upper."""
    if lower is None and upper is None:
        return FIRST
    if lower is None:
        assert upper is not None
        integer = _integer(upper)
        return integer if integer < upper else _counted(integer, -1)
    if upper is None:
        return _counted(_integer(lower), +1)
    assert lower < upper, (lower, upper)
    integer = _integer(lower)
    if integer == _integer(upper):
        return integer + _middle(lower[len(integer) :], upper[len(integer) :])
    after = _counted(integer, +1)
    return after if after < upper else integer + _middle(lower[len(integer) :], None)


def spread(lower: str | None, upper: str | None, count: int) -> Iterator[str]:
    """`count` keys in order, between two; as short as they can be when there is room."""
    if count == 0:
        return
    if lower is None or upper is None:
        keys = []
        for _ in range(count):
            key = between(lower, upper)
            lower, upper = (key, upper) if upper is None else (lower, key)
            keys.append(key)
        yield from sorted(keys)
        return
    middle, before = between(lower, upper), count // 2
    yield from spread(lower, middle, before)
    yield middle
    yield from spread(middle, upper, count - before - 1)


def _integer(key: str) -> str:
    """The integer part: "a0" counts up with more digits for b, c …; below it "Zz" counts down for Y, X …"""
    head = key[0]
    return key[: ord(head) - ord("a") + 2 if head >= "a" else ord("Z") - ord(head) + 2]


def _counted(integer: str, step: int) -> str:
    """The next integer up (+1) or down (-1)."""
    head, digits = integer[0], [VALUE[digit] for digit in integer[1:]]
    place = len(digits) - 1
    while place >= 0:
        value = digits[place] + step
        if 0 <= value < BASE:
            digits[place] = value
            return head + "".join(DIGITS[digit] for digit in digits)
        digits[place] = value % BASE
        place -= 1
    if head in ("z", "A") and (head == "z") == (step > 0):
        raise OverflowError("No column has that many places.")  # 62^26 of them
    following = {("Z", 1): "a", ("a", -1): "Z"}.get((head, step), chr(ord(head) + step))
    width = ord(following) - ord("a") + 1 if following >= "a" else ord("Z") - ord(following) + 1
    return following + (DIGITS[0] if step > 0 else DIGITS[-1]) * width


def _middle(lower: str, upper: str | None) -> str:
    """A fraction between two; "" is zero, None is one. Fractions never end in the digit 0."""
    if upper is not None:
        same = 0
        while same < len(upper) and (lower[same] if same < len(lower) else DIGITS[0]) == upper[same]:
            same += 1
        if same:
            return upper[:same] + _middle(lower[same:], upper[same:])
    low = VALUE[lower[0]] if lower else 0
    high = VALUE[upper[0]] if upper else BASE
    if high - low > 1:
        return DIGITS[(low + high) // 2]
    if upper is not None and len(upper) > 1:
        return upper[0]
    return DIGITS[low] + _middle(lower[1:], None)
