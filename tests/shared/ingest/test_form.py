"""What a page's form says."""

from datetime import timedelta

import pytest

from shared.ingest import InboxState, Request
from shared.ingest.model import Lead, NotALead, Said
from shared.ingest.sources import form
from tests.samples import requests


def read(request: Request, mapping: dict[str, str] | None = None) -> Lead:
    (lead,) = form.parse(request, mapping or {})
    return lead


def test_guesses_the_fields_of_a_recorded_form() -> None:
    lead = read(requests.web_form())

    assert lead.name == "Оксана Мельник"
    assert lead.phone == Said("Телефон", "050 111-22-33")
    assert lead.email == Said("E-mail", "oksana@example.com")
    assert lead.comment == "Цікавить квартира"
    assert lead.custom_fields == {"utm_source": "google", "utm_campaign": "spring sale"}


def test_reads_a_recorded_multipart_form() -> None:
    lead = read(requests.multipart_form())

    assert (lead.name, lead.phone) == ("Оксана Мельник", Said("phone", "050 111-22-33"))
    assert lead.custom_fields == {"interest[]": ["Оренда", "Купівля"], "plan": "план.pdf"}


@pytest.mark.parametrize("name", ["ИМЯ", "Ваше ім'я *", "імʼя", "ім’я", "FIO", "full_name", "your-name", "form[name]"])
def test_guesses_names_in_three_languages(name: str) -> None:
    assert read(requests.form({name: "Ігор"})).name == "Ігор"


@pytest.mark.parametrize("name", ["Телефон", "TEL", "phone", "Номер телефону:", "contacts[phone][0]", "phone[]"])
def test_guesses_phones(name: str) -> None:
    assert read(requests.form({name: "0501112233"})).phone == Said(name, "0501112233")


@pytest.mark.parametrize("name", ["e-mail", "Email", "Пошта", "ПОЧТА"])
def test_guesses_emails(name: str) -> None:
    assert read(requests.form({name: "a@example.com"})).email == Said(name, "a@example.com")


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b"phone=0501112233&phone=0671112233", "0671112233"),
        (b'{"phone": ["0501112233", "0671112233"]}', "0671112233"),
        (b'{"phone": ["", "0501112233", "0671112233", "0931112233"]}', ["0671112233", "0931112233"]),
        (b"phone=&phone=0501112233&phone=0501112233", None),
    ],
)
def test_keeps_the_other_values_of_a_field_that_came_more_than_once(body: bytes, kept: object) -> None:
    lead = read(Request({}, body))

    assert lead.phone == Said("phone", "0501112233")
    assert lead.custom_fields == ({} if kept is None else {"phone": kept})


def test_joins_the_two_parts_of_a_name() -> None:
    assert read(requests.form({"last_name": "Бойко", "first_name": "Ігор"})).name == "Ігор Бойко"


@pytest.mark.parametrize("name", ["comment", "Message", "Коментар:", "Ваш коментар"])
def test_takes_a_comment_for_a_note(name: str) -> None:
    lead = read(requests.form({"name": "Ігор", name: "Передзвоніть"}), {"order": "order"})

    assert (lead.comment, lead.custom_fields) == ("Передзвоніть", {})


def test_prefers_the_field_that_says_something_and_stands_higher() -> None:
    lead = read(requests.form({"billing[phone]": "1", "tel": " ", "phone": "2"}))

    assert lead.phone == Said("phone", "2")
    assert lead.custom_fields == {"billing[phone]": "1"}


@pytest.mark.parametrize("fields", [{}, {"comment": "hi"}, {"name": "  ", "phone": ""}])
def test_rejects_a_form_without_any_contact(fields: dict[str, str]) -> None:
    with pytest.raises(NotALead) as refused:
        read(requests.form(fields))

    assert (refused.value.state, refused.value.code) == (InboxState.REJECTED, "NO_CONTACT")
    assert refused.value.payload == fields


def test_obeys_a_mapping() -> None:
    request = requests.form(
        {
            "client[who]": "Ігор",
            "client[tel]": "0501112233",
            "email": "igor@example.com",
            "name": "Landing 7",
            "sum": "12 500,50",
            "rooms": "3",
            "order": "A-17",
            "noise": "x",
            "utm_source": "google",
        }
    )
    lead = read(
        request,
        {
            "title": "join(' ', ['Заявка', order])",
            "contact.name": "client.who",
            "contact.phone": "client.tel",
            "amount": "sum",
            "externalId": "order",
            "rooms": "to_number(rooms)",
            "absent": "nothing.here",
        },
    )

    assert (lead.title, lead.name) == ("Заявка A-17", "Ігор")
    assert lead.phone == Said("contact.phone", "0501112233")
    assert lead.email == Said("email", "igor@example.com")  # the mapping is silent about it: guessed
    assert lead.amount == Said("amount", "12 500,50")
    assert lead.known.external_id == "A-17"
    assert lead.custom_fields == {"rooms": 3, "utm_source": "google"}


def test_guesses_nothing_that_a_mapping_names() -> None:
    with pytest.raises(NotALead):
        read(
            requests.form({"phone": "0501112233"}),
            {"contact.phone": "mobile", "contact.name": "who", "contact.email": "mail"},
        )


def test_takes_an_expression_that_does_not_fit_for_one_that_finds_nothing() -> None:
    lead = read(requests.form({"name": "Ігор", "phones": "x"}), {"sum": "sum(phones)", "contact.phone": "abs(name)"})

    assert (lead.phone, lead.custom_fields) == (None, {})


def test_knows_a_lead_again() -> None:
    one = requests.form({"name": "Ігор"})
    by_key = requests.form({"name": "Ігор"}, idempotency_key="k-1")
    mapping = {"externalId": "id"}

    assert read(one).known.key == read(one).known.key
    assert read(one).known.key != read(requests.form({"name": "Ігор "})).known.key
    assert read(one).known.lasts == timedelta(minutes=10)
    assert read(by_key).known.key == read(requests.form({"name": "Інна"}, idempotency_key="k-1")).known.key
    assert read(by_key).known.lasts is None
    assert read(requests.form({"name": "a", "id": "7"}), mapping).known.lasts is None
    assert len(read(requests.form({"name": "a", "id": "7" * 100_000}), mapping).known.key) < 100
