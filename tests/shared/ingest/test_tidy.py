"""Values from outside are made to fit."""

import orjson
import pytest

from shared.ingest import tidy


@pytest.mark.parametrize(
    ("written", "phone"),
    [
        ("380990272198", "+380990272198"),
        ("80990272198", "+380990272198"),
        ("8 (099) 027-21-98", "+380990272198"),
        ("0990272198", "+380990272198"),
        ("990272198", "+380990272198"),
        (" +38 099 027–21–98 ", "+380990272198"),
        ("+48 601 123 456", "+48601123456"),
        ("0501112233 вайбер", "+380501112233"),
        ("0501112233, 0671112233", "+380501112233"),
        ("anonymous", None),
        ("", None),
        ("12", None),
        ("0" * 1_000_000, None),
        ("٠٥٠١١١٢٢٣٣", "+380501112233"),
    ],
)
def test_reads_phones_as_people_write_them(written: str, phone: str | None) -> None:
    assert tidy.phone(written, "UA") == phone


def test_takes_a_national_number_for_one_of_the_account() -> None:
    assert tidy.phone("601 123 456", "PL") == "+48601123456"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  Олена \r\n Бойко\t", "Олена Бойко"),
        ("a\x07b\x00c", "a b c"),
        ("и\u0306", "й"),
        ("\ud800", ""),
        ("x" * 1_000_000, "x" * 200),
        ("👩‍👩‍👧 שלום", "👩‍👩‍👧 שלום"),
    ],
)
def test_makes_one_line(text: str, line: str) -> None:
    assert tidy.one_line(text) == line


def test_keeps_as_many_fields_as_a_deal_holds() -> None:
    fields = tidy.custom_fields({"first": "1", "long": "ї" * 1_000_000, "last": "2"})

    assert list(fields) == ["first", "long"]
    assert 32_760 < len(orjson.dumps(fields)) <= 32_768
    assert set(fields["long"]) == {"ї"}


def test_cuts_by_what_a_text_takes_in_json() -> None:
    fields = tidy.custom_fields({"quoted": '"' * 1_000_000})

    assert len(orjson.dumps(fields)) <= 32_768
    assert len(fields["quoted"]) > 16_000


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (7, 7),
        (2.5, 2.5),
        (True, True),
        (None, None),
        (2**53 - 1, 2**53 - 1),
        (2**53, "9007199254740992"),
        (2**64, "18446744073709551616"),
        (float("inf"), "inf"),
        ("a\0\udc80", "a\ufffd?"),
        ({1: ["\0"]}, {"1": ["\ufffd"]}),
    ],
)
def test_makes_values_that_json_holds(value: object, kept: object) -> None:
    assert tidy.json_value(value) == kept


def test_ends_what_is_nested_too_deep() -> None:
    deep: object = "bottom"
    for _ in range(500):
        deep = [deep]

    assert orjson.dumps(tidy.json_value(deep)) == b"[" * 19 + '"…"'.encode() + b"]" * 19
