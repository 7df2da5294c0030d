"""Records of a CSV that comes in pieces."""

from hypothesis import given
from hypothesis import strategies as st

from shared.imports.records import Record, Records

TEXT = 'Назва,Телефон\n"Дім ""Мрія""\nна розі",1\n\nСклад,"2\nОфіс,3\n5" труба,4'


def read(body: bytes, encoding: str, pieces: list[int], start: int = 0) -> list[Record]:
    records = Records(encoding, ",", start)
    found: list[Record] = []
    at = start
    for size in [*pieces, len(body)]:
        piece = body[at : at + size]
        at += len(piece)
        found += records.feed(piece, last=at == len(body))
        if at == len(body):
            return found
    return found


def test_a_quote_that_never_ends_costs_one_line() -> None:
    found = read(TEXT.encode(), "utf-8", [])

    assert [record.cells for record in found] == [
        ["Назва", "Телефон"],
        ['Дім "Мрія"\nна розі', "1"],
        [],
        None,
        ["Офіс", "3"],
        ['5" труба', "4"],
    ]
    assert found[3].text == 'Склад,"2'


@given(
    sizes=st.lists(st.integers(1, 9), max_size=60),
    encoding=st.sampled_from(["utf-8", "cp1251", "utf-16-le"]),
    number=st.integers(0, 4),
)
def test_goes_on_from_any_record_however_the_pieces_fall(sizes: list[int], encoding: str, number: int) -> None:
    body = TEXT.encode(encoding)
    whole = read(body, encoding, [])

    assert read(body, encoding, sizes) == whole
    assert whole[-1].end == len(body)
    assert read(body, encoding, sizes, whole[number].end) == whole[number + 1 :]


def test_bytes_that_are_no_text_keep_the_place() -> None:
    body = b"One\n\xff\xfe\nThree\n"

    found = read(body, "utf-8", [])

    assert [record.end for record in found] == [4, 7, len(body)]
