"""From a row of a file to a deal."""

import pytest

from shared import ids
from shared.deals import NewRow
from shared.imports.layouts import layout_of
from shared.imports.model import Layout, Reject, UnreadableFile
from shared.imports.rows import Reader, plain_amount
from shared.money import Money

OLENA = ids.new()
HEADER = ("Назва", " ім’я ", "PHONE", "Почта", "Сума", "Currency", "Відповідальний", "External ID", "Колір")


def read(**cells: str) -> NewRow | Reject:
    reader = Reader(ids.new(), HEADER, {}, "UA", "UAH", {"olena@example.com": OLENA})
    names = ("title", "name", "phone", "email", "amount", "currency", "assignee", "external", "color")
    return reader.read(7, [cells.get(name, "") for name in names])


def test_a_row_is_a_deal_with_what_its_columns_say() -> None:
    row = read(
        title="Офіс",
        name="Анна",
        phone="050 123-45-67",
        email="anna@example.com",
        amount="1 250,50",
        currency="usd",
        assignee="Olena@Example.com",
        external="a-1",
        color="синій",
    )

    assert isinstance(row, NewRow)
    new = row.new
    assert (row.external_id, new.title, new.assignee_id) == ("a-1", "Офіс", OLENA)
    assert (new.contact.name, new.contact.phone, new.contact.email) == ("Анна", "+380501234567", "anna@example.com")
    assert (new.amount, new.custom_fields) == (Money(1_250_50, "USD"), {"Колір": "синій"})


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ({"amount": "5"}, "There is neither a title nor a contact's name, phone or e-mail."),
        ({"title": "a", "amount": "five"}, "amount: An amount looks like"),
        ({"title": "a", "amount": "5", "currency": "XYZ"}, "currency: This is no currency"),
        ({"title": "a", "email": "no"}, "contact.email: This is no e-mail address."),
        ({"title": "a", "assignee": "Хтось"}, "No active user has this name or e-mail: Хтось."),
        ({"title": "a" * 201}, "title: At most 200 characters"),
        ({"title": "a\0"}, "title: Control characters"),
        ({"title": "\udcff"}, "title: This is not valid Unicode"),
        ({"title": "a", "color": "\0"}, "customFields.Колір: Control characters"),
    ],
)
def test_a_bad_row_is_rejected_with_its_reason(cells: dict[str, str], says: str) -> None:
    refused = read(**cells)

    assert isinstance(refused, Reject)
    assert (refused.row, refused.reason.en[: len(says)]) == (7, says)


def test_an_apostrophe_that_keeps_formulas_away_is_no_part_of_the_text() -> None:
    row = read(title="'=1+1", name="'Анна")

    assert isinstance(row, NewRow)
    assert (row.new.title, row.new.contact.name) == ("=1+1", "'Анна")


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_a_cell_has_lines_whatever_ends_them(end: str) -> None:
    row = read(title=f"Офіс{end}на Подолі", color=f"синій{end}білий")

    assert isinstance(row, NewRow)
    assert (row.new.title, row.new.custom_fields) == ("Офіс\nна Подолі", {"Колір": "синій\nбілий"})


def test_columns_without_a_name_or_with_the_same_one_lose_nothing() -> None:
    reader = Reader(ids.new(), ("Назва", "", "Колір", "Колір", "Колір"), {}, "UA", "UAH")

    row = reader.read(2, ["Офіс", "5 кімнат", "синій", "білий", "синій"])
    refused = reader.read(3, ["", "5 кімнат", "синій", "білий", ""])

    assert isinstance(row, NewRow)
    assert row.new.custom_fields == {"#2": "5 кімнат", "Колір": "синій", "Колір #4": "білий"}
    assert isinstance(refused, Reject)
    assert refused.cells == {
        "Назва": "",
        "#2": "5 кімнат",
        "Колір": "синій",
        "Колір #4": "білий",
        "Колір #5": "",
    }


@pytest.mark.parametrize(
    ("said", "plain"),
    [("1 250,50", "1250.50"), ("1,250.50", "1250.50"), ("1.250,50", "1250.50"), ("1250", "1250"), ("7,5", "7.5")],
)
def test_amounts_are_read_as_people_write_them(said: str, plain: str) -> None:
    assert plain_amount(said) == plain


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1251", "utf-16-le"])
def test_guesses_how_a_file_is_written(delimiter: str, encoding: str) -> None:
    mark = "\ufeff".encode(encoding) if encoding == "utf-16-le" else b""
    text = f"Назва{delimiter}Ім'я\nОфіс{delimiter}Анна\n"

    assert layout_of(mark + text.encode(encoding)) == Layout(encoding, delimiter, len(mark), ("Назва", "Ім'я"))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["Назва;Ім’я\nОфіс № 5;Анна\n", "Title,Phone\nOffice,0501234567\n", "Title\n"])
def test_sees_utf_16_without_a_mark(encoding: str, text: str) -> None:
    assert layout_of(text.encode(encoding)).encoding == encoding


@pytest.mark.parametrize("text", ["Назва,Ім'я\n\0,Анна\n", "Title\n\0\0\0\n"])
def test_zeros_alone_are_no_utf_16(text: str) -> None:
    assert layout_of(text.encode()).encoding == "utf-8"


@pytest.mark.parametrize(
    ("text", "delimiter", "line_end", "row", "above"),
    [
        ("Назва;Сума\rОфіс;5\r", ";", "\r", 1, 1),
        ("Назва;Сума\r\nОфіс;5\r\n", ";", "\n", 1, 1),
        ("\n ; \nНазва;Сума\nОфіс;5\n", ";", "\n", 3, 1),
        ("sep=;\nНазва, довга;Сума\nОфіс;5\n", ";", "\n", 2, 2),
        ('"Назва\nдовга","Сума, грн; з ПДВ"\nОфіс,5\n', ",", "\n", 1, 1),
    ],
)
def test_finds_the_header_and_what_ends_lines(text: str, delimiter: str, line_end: str, row: int, above: int) -> None:
    layout = layout_of(text.encode())

    assert (layout.delimiter, layout.line_end, layout.header_row, layout.rows_above) == (
        delimiter,
        line_end,
        row,
        above,
    )
    assert len(layout.header) == 2


def test_a_file_without_a_header_is_no_table() -> None:
    with pytest.raises(UnreadableFile):
        layout_of(b" , \n\n")
