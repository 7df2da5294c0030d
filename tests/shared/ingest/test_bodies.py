"""Bodies of form posts: read as they were meant, refused when nobody could mean them."""

import pytest

from shared.ingest import InboxState, Request, bodies, unreadable
from shared.ingest.model import NotALead
from tests.samples import requests

EMPTY = Request({}, b"")


def read(body: bytes, content_type: str = "application/x-www-form-urlencoded") -> bodies.Pairs:
    return bodies.read_form(Request({"content-type": content_type}, body))


def test_reads_an_urlencoded_form_in_its_order() -> None:
    assert read(b"b=2&a=%D0%B9+1&c&=x&&d=") == [("b", "2"), ("a", "й 1"), ("c", ""), ("", "x"), ("d", "")]


def test_reads_a_form_without_a_content_type() -> None:
    assert bodies.read_form(Request({}, b"phone=1")) == [("phone", "1")]


def test_reads_the_charset_that_a_form_names() -> None:
    body = b"name=" + "Їжак".encode("windows-1251")

    assert read(body, "application/x-www-form-urlencoded; charset=Windows-1251") == [("name", "Їжак")]


def test_reads_a_multipart_form_and_names_its_files() -> None:
    assert bodies.read_form(requests.multipart_form()) == [
        ("name", "Оксана Мельник"),
        ("phone", "050 111-22-33"),
        ("email", "oksana@example.com"),
        ("interest[]", "Оренда"),
        ("interest[]", "Купівля"),
        ("plan", "план.pdf"),
    ]


@pytest.mark.parametrize("body", [b"a=%00b", b"%00=b", b"a=%ff%fe", b"a=%ED%A0%80"])  # the last: half a surrogate pair
def test_refuses_what_is_no_text(body: bytes) -> None:
    with pytest.raises(NotALead) as refused:
        read(body)

    assert refused.value.code == "NO_TEXT"


def test_takes_stray_percents_for_themselves() -> None:
    assert read(b"a=%zz%") == [("a", "%zz%")]


def test_reads_json_as_a_form_would_spell_it() -> None:
    body = bodies.read(
        Request(
            {"content-type": "application/json; charset=utf-8"},
            b'\xef\xbb\xbf{"id": 55459717045641545, "client": {"tel": "1"}, "tags": ["a", "b"], "goods": [{"sku": 7}], "no": null}',
        )
    )

    assert [(field.name, field.path, field.value) for field in body.fields] == [
        ("id", ("id",), 55459717045641545),
        ("client[tel]", ("client", "tel"), "1"),
        ("tags", ("tags",), ["a", "b"]),
        ("goods[0][sku]", ("goods", "0", "sku"), 7),
    ]


def test_takes_for_json_what_begins_so_and_is_called_nothing() -> None:
    assert bodies.read(Request({}, b' {"a": 1}')).payload == {"a": 1}
    assert bodies.read(Request({}, b"a=1")).payload == {"a": "1"}


def test_spells_brackets_as_php_does() -> None:
    pairs = [("a[b][c]", "1"), ("a[b][d]", "2"), ("l[]", "x"), ("l[]", "y"), ("p", "z")]

    assert bodies.nest(pairs, EMPTY) == {"a": {"b": {"c": "1", "d": "2"}}, "l": {"0": "x", "1": "y"}, "p": "z"}


@pytest.mark.parametrize("name", ["a[b", "a]b[", "[b]", "a[b]c", "a[b[c]]"])
def test_takes_other_brackets_for_letters(name: str) -> None:
    assert bodies.nest([(name, "1")], EMPTY) == {name: "1"}


def test_loses_nothing_when_a_name_comes_again() -> None:
    pairs = [("a", "1"), ("a", "2"), ("a", "3"), ("b", "4"), ("b[c]", "5"), ("d[e]", "6"), ("d", "7")]

    assert bodies.nest(pairs, EMPTY) == {
        "a": ["1", "2", "3"],
        "b": {"": "4", "c": "5"},
        "d": {"e": "6", "": "7"},
    }


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (requests.form({f"field{number}": "" for number in range(10_000)}), "TOO_MANY_FIELDS"),
        (Request(requests.MULTIPART, b"------WebKitFormBoundary7MA4YWxkTrZu0gW\r\n" * 2_000), "TOO_MANY_FIELDS"),
        (Request(requests.MULTIPART, b"name=Olena"), "UNREADABLE"),
        (Request({"content-type": "multipart/form-data"}, b"name=Olena"), "UNREADABLE"),
        (Request({"content-type": "multipart/form-data; boundary="}, b"name=Olena"), "UNREADABLE"),
        (Request(requests.MULTIPART, b"------WebKitFormBoundary7MA4YWxkTrZu0gW\r\n\0\xff"), "UNREADABLE"),
    ],
)
def test_refuses_what_cannot_be_read(request_: Request, code: str) -> None:
    with pytest.raises(NotALead) as refused:
        bodies.read_form(request_)

    assert (refused.value.state, refused.value.code) == (InboxState.REJECTED, code)


def test_refuses_names_that_are_nested_too_deep() -> None:
    with pytest.raises(NotALead) as refused:
        bodies.nest([("a" + "[b]" * 500, "1")], EMPTY)

    assert refused.value.code == "TOO_DEEP"


def test_shows_the_beginning_of_a_body_that_was_not_read() -> None:
    assert unreadable.raw(Request({}, b"\0" + b"x" * 1_000_000)) == {"body": "\ufffd" + "x" * 9_999}
