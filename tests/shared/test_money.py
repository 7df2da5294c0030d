"""Money: whole minor units, read and written as decimal texts, rounded in one way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.money import Money, currencies, decimals, half_up, minor_units, text_of


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("500", "UAH", 500_00),
        ("500.5", "UAH", 500_50),
        ("500.05", "UAH", 500_05),
        ("0", "UAH", 0),
        ("0.00", "UAH", 0),
        ("000", "JPY", 0),
        ("007.50", "UAH", 7_50),
        ("500", "JPY", 500),
        ("1.234", "KWD", 1_234),
        ("9999999999999.99", "UAH", 999_999_999_999_999),
        ("0" * 200_000 + "1", "UAH", 1_00),
    ],
)
def test_reads_amounts(text: str, currency: str, minor: int) -> None:
    assert minor_units(text, currency) == minor


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1e5",
        "1E5",
        "-1",
        "+1",
        "-0",
        "NaN",
        "Infinity",
        "١٢",  # digits, but not these
        "１２",
        "1,5",
        "1 000",
        "1_000",
        ".5",
        "5.",
        "1.234",  # kopiykas have no parts
        "0x10",
        "10\n",
        "10000000000000",  # 10^13
        "9" * 5_000,
        "0" * 200_000 + "x",
    ],
)
def test_reads_nothing_else(text: str) -> None:
    assert minor_units(text, "UAH") is None


def test_yen_have_no_decimals() -> None:
    assert minor_units("500.0", "JPY") is None


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(500_00, "UAH"), "500.00"),
        (Money(5, "UAH"), "0.05"),
        (Money(-1_05, "UAH"), "-1.05"),
        (Money(-5, "UAH"), "-0.05"),
        (Money(500, "JPY"), "500"),
        (Money(1_234, "KWD"), "1.234"),
        (Money(0, "UAH"), "0.00"),
    ],
)
def test_is_written_with_the_decimals_of_its_currency(money: Money, text: str) -> None:
    assert str(money) == text


@given(st.integers(0, 10**15 - 1), st.sampled_from(["UAH", "USD", "JPY", "KWD"]))
def test_what_is_written_is_read_again(minor: int, currency: str) -> None:
    text = text_of(minor, currency)

    assert minor_units(text, currency) == (minor if len(text.split(".")[0]) <= 13 else None)


def test_knows_the_currencies_of_the_world() -> None:
    assert {"UAH", "USD", "EUR", "PLN", "JPY"} <= currencies()
    assert currencies().isdisjoint({"XXX", "XTS", "uah", "", "BTC"})
    assert (decimals("UAH"), decimals("JPY"), decimals("KWD")) == (2, 0, 3)


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [(0, 7, 0), (1, 2, 1), (1, 3, 0), (2, 3, 1), (3, 2, 2), (5, 2, 3), (7, 7, 1), (149, 100, 1), (150, 100, 2)],
)
def test_rounds_halves_up(numerator: int, denominator: int, rounded: int) -> None:
    assert half_up(numerator, denominator) == rounded
