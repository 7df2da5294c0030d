"""What a client wrote, read: every problem of form at once, and texts kept as people wrote them."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidInput
from shared.forms import NO_CURRENCY, NO_DATE, NOT_NULL, Form, phone_number, read_date, read_instant
from shared.forms.form import MOST_NUMBER
from shared.forms.sentences import (
    CONTROL,
    EMPTY,
    NO_AMOUNT,
    NO_EMAIL,
    NO_JSON_NUMBER,
    NO_OBJECT,
    NO_PHONE,
    NO_UUID,
    NO_WEB_ADDRESS,
    NOT_UNICODE,
    TOO_LONG,
    TOO_MUCH_JSON,
    TWICE,
)
from shared.ids import new
from shared.money import Money

AT = ("somewhere", "0")


def read(how: Callable[[Form], Any]) -> tuple[Any, list[str]]:
    """The value, and the English sentences of its problems, each of which must be at the path."""
    form = Form()
    value = how(form)
    assert all(problem.path[:2] == AT for problem in form.problems)
    return value, [problem.sentence.en for problem in form.problems]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Офіс", "Офіс"),
        ("  Офіс ", "  Офіс "),
        ("a\n\tb", "a\n\tb"),
        ("\u0438\u0306", "\u0439"),  # и and a breve are й
        ("👩‍👩‍👧 مكتب 🇺🇦", "👩‍👩‍👧 مكتب 🇺🇦"),
        ("\u200fשלום\u200e", "\u200fשלום\u200e"),
        ("😀" * 200, "😀" * 200),
        ("e\u0301" * 200, "é" * 200),  # counted as they are kept
    ],
)
def test_keeps_texts_whole(text: str, kept: str) -> None:
    assert read(lambda form: form.text(AT, text)) == (kept, [])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, NOT_NULL.en),
        ("", EMPTY.en),
        (" \n\t\u00a0\u2003", EMPTY.en),
        ("a" * 201, TOO_LONG.filled(most=200, count=201).en),
        ("a\0b", CONTROL.en),
        ("a\rb", CONTROL.en),
        ("a\x85b", CONTROL.en),
        ("\x1b[31m", CONTROL.en),
        ("half \ud83d", NOT_UNICODE.en),
    ],
)
def test_refuses_texts(text: str | None, problem: str) -> None:
    assert read(lambda form: form.text(AT, text))[1] == [problem]


def test_a_text_that_may_be_absent_may_not_be_blank() -> None:
    assert read(lambda form: form.optional_text(AT, None)) == (None, [])
    assert read(lambda form: form.optional_text(AT, " "))[1] == [EMPTY.en]


@pytest.mark.parametrize(
    ("phone", "kept"),
    [
        ("+380501234567", "+380501234567"),
        ("050 123-45-67", "+380501234567"),
        ("(050) 123 45 67", "+380501234567"),
        ("+1 212 555 0123", "+12125550123"),
        (None, None),
    ],
)
def test_phones_are_read_by_the_account_s_country(phone: str | None, kept: str | None) -> None:
    assert read(lambda form: form.phone(AT, phone)) == (kept, [])


def test_another_country_reads_its_own_phones() -> None:
    assert Form("PL").phone(AT, "512 345 678") == "+48512345678"


@given(
    number=st.from_regex(r"(\+?380|\+?38|0|\+?)?[0-9]{5,11}", fullmatch=True),
    country=st.sampled_from(["UA", "PL", "US"]),
)
def test_plain_numbers_are_read_as_the_library_reads_them(number: str, country: str) -> None:
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        parsed = None
    kept = None
    if parsed is not None and phonenumbers.is_possible_number(parsed):
        kept = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)

    assert phone_number(number, country) == kept


@given(
    st.dictionaries(
        st.text(max_size=3), st.text(max_size=3) | st.integers() | st.lists(st.text(max_size=2)), max_size=3
    )
)
def test_an_object_is_refused_for_what_stands_in_it_however_plain_it_is(given: dict[str, Any]) -> None:
    texts = [text for name, value in given.items() for text in (name, *(value if isinstance(value, list) else [value]))]
    bad = any("\0" in text or (not text.isascii() and "\ud800" in text) for text in texts if isinstance(text, str))
    too_long = any(isinstance(value, int) and abs(value) > MOST_NUMBER for value in texts)

    assert bool(read(lambda form: form.json_object(AT, given))[1]) == (bad or too_long)


@pytest.mark.parametrize("phone", ["", "call me", "12", "+999999999999", "0" * 5_000, "\ud800"])
def test_refuses_what_is_no_phone(phone: str) -> None:
    assert read(lambda form: form.phone(AT, phone))[1] == [NO_PHONE.en]


@pytest.mark.parametrize(
    "url", ["https://crm.example.com/billing?paid=1#now", "http://[::1]:3000", "https://приклад.укр/"]
)
def test_reads_web_addresses(url: str) -> None:
    assert read(lambda form: form.web_address(AT, url)) == (url, [])
    assert read(lambda form: form.web_address(AT, None)) == (None, [])


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "//example.com", "/billing", "ftp://example.com", "https://"]
    + ["http://[::1", "https://example.com/\tx", " https://example.com", "\u202ehttps://example.com"],
)
def test_refuses_where_no_browser_can_be_sent(url: str) -> None:
    assert read(lambda form: form.web_address(AT, url))[1] == [NO_WEB_ADDRESS.en]


@pytest.mark.parametrize("email", ["anna@example.com", "a.b+c@sub.example.co.ua", "їжак@пошта.укр"])
def test_reads_addresses(email: str) -> None:
    assert read(lambda form: form.email(AT, email)) == (email, [])


@pytest.mark.parametrize("email", ["anna", "anna@", "@example.com", "a b@example.com", "a@b", "a@@b.com", "a@b.com\n"])
def test_refuses_what_is_no_address(email: str) -> None:
    assert read(lambda form: form.email(AT, email))[1] == [NO_EMAIL.en]


@pytest.mark.parametrize("text", ["", " \t", "a\0@b.com", f"{'a' * 250}@b.com"])
def test_a_text_that_cannot_be_kept_is_told_once(text: str) -> None:
    assert len(read(lambda form: form.email(AT, text))[1]) == 1
    assert len(read(lambda form: form.web_address(AT, text * 8))[1]) == 1


def test_reads_money() -> None:
    assert read(lambda form: form.money(AT, "1250.5", "UAH")) == (Money(1_250_50, "UAH"), [])


@pytest.mark.parametrize(
    ("amount", "currency", "path", "problem"),
    [
        ("1e5", "UAH", "amount", NO_AMOUNT.filled(places=2).en),
        ("-1", "UAH", "amount", NO_AMOUNT.filled(places=2).en),
        ("1.5", "JPY", "amount", NO_AMOUNT.filled(places=0).en),
        ("\ud800", "UAH", "amount", NO_AMOUNT.filled(places=2).en),
        ("1", "uah", "currency", NO_CURRENCY.en),
        ("1", "BTC", "currency", NO_CURRENCY.en),
        ("1", "", "currency", NO_CURRENCY.en),
    ],
)
def test_refuses_what_is_no_money(amount: str, currency: str, path: str, problem: str) -> None:
    form = Form()
    form.money(("amount",), amount, currency)

    assert [(one.path, one.sentence.en) for one in form.problems] == [(("amount", path), problem)]


@pytest.mark.parametrize(
    "text", ["0000-01-01", "10000-01-01", "2026-02-29", "2026-1-1", "2026-01-01T00:00", "٢٠٢٦-٠١-٠١", ""]
)
def test_refuses_what_is_no_date(text: str) -> None:
    assert read_date(text) is None
    assert read(lambda form: form.date(AT, text))[1] == [NO_DATE.en]


@pytest.mark.parametrize("day", [date(1, 1, 1), date(2024, 2, 29), date(9999, 12, 31)])
def test_reads_every_day_that_there_is(day: date) -> None:
    assert read(lambda form: form.date(AT, day.isoformat())) == (day, [])


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-31T09:30:00Z", datetime(2026, 3, 31, 9, 30, tzinfo=UTC)),
        ("2026-03-31t09:30:00.25z", datetime(2026, 3, 31, 9, 30, 0, 250_000, tzinfo=UTC)),
        ("2026-03-31T12:30:00+03:00", datetime(2026, 3, 31, 9, 30, tzinfo=UTC)),
        ("2026-03-31T09:30:00", None),
        ("2026-03-31 09:30:00Z", None),
        ("2026-13-31T09:30:00Z", None),
        ("2026-03-31T09:30:61Z", None),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("1970-01-01T00:00:00+00:01", None),
        ("1969-12-31T23:59:59Z", None),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("10000-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-01:00", None),
        ("", None),
    ],
)
def test_reads_instants(text: str, instant: datetime | None) -> None:
    assert read_instant(text) == instant


@pytest.mark.parametrize("value", [{}, {"ключ": ["😀", 1, 2.5, None, True, {"a": {}}]}, {"n": 2**63 - 1}])
def test_keeps_json_objects(value: object) -> None:
    assert read(lambda form: form.json_object(AT, value)) == (value, [])


def nested(depth: int) -> object:
    value: object = {}
    for _ in range(depth - 1):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, NO_OBJECT),
        ([], NO_OBJECT),
        ("{}", NO_OBJECT),
        ({"a": "\0"}, CONTROL),
        ({"a\0": 1}, CONTROL),
        ({"a": ["\ud800"]}, NOT_UNICODE),
        ({"a": 2**63}, NO_JSON_NUMBER),
        ({"a": float(-(2**63) - 1)}, NO_JSON_NUMBER),
        ({"a": float(2**70)}, NO_JSON_NUMBER),
        ({"a": float("nan")}, NO_JSON_NUMBER),
        ({"a": float("inf")}, NO_JSON_NUMBER),
        ({"a": "x" * 33_000}, TOO_MUCH_JSON.filled(bytes=32_768, deep=20)),
        (nested(21), TOO_MUCH_JSON.filled(bytes=32_768, deep=20)),
    ],
)
def test_refuses_what_jsonb_does_not_hold(value: object, problem: Any) -> None:
    assert read(lambda form: form.json_object(AT, value))[1] == [problem.en]


def test_json_holds_whole_numbers_of_64_bits() -> None:
    assert read(lambda form: form.json_object(AT, {"a": 2**63 - 1, "b": 1 - 2**63, "c": 1e18, "d": -0.5}))[1] == []


def test_json_may_be_twenty_deep() -> None:
    assert read(lambda form: form.json_object(AT, nested(20)))[1] == []


def test_a_new_id_is_the_client_s_or_ours() -> None:
    chosen = new()

    assert read(lambda form: form.new_id(AT, str(chosen))) == (chosen, [])
    assert read(lambda form: form.new_id(AT, None))[0].version == 7
    assert read(lambda form: form.new_id(AT, "mine"))[1] == [NO_UUID.en]


def test_what_stands_in_a_list_stands_there_once() -> None:
    form, one, other = Form(), new(), new()
    form.different(("viewerIds",), [one, other, one, one])

    assert [(problem.path, problem.sentence) for problem in form.problems] == [
        (("viewerIds", "2"), TWICE),
        (("viewerIds", "3"), TWICE),
    ]


def test_all_problems_are_told_at_once() -> None:
    form = Form()
    form.text(("title",), "")
    form.date(("expectedCloseOn",), "tomorrow")

    with pytest.raises(InvalidInput) as refused:
        form.check()

    assert [problem.path for problem in refused.value.problems] == [("title",), ("expectedCloseOn",)]
    Form().check()
