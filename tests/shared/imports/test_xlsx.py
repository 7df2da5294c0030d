"""A workbook as a CSV, and archives that are none."""

import csv
import io
from pathlib import Path

import pytest

from shared.imports import unpacking, xlsx
from shared.imports.model import UnreadableFile
from tests.workbooks import DATE, DATE_TIME, ELAPSED, TIME, number, packed, parts, text, workbook

pytestmark = pytest.mark.anyio

HEADER = f"<row r='1'>{text('A1', 'Назва')}</row>"


async def table_of(body: bytes, folder: Path) -> list[list[str]]:
    source, target = folder / "workbook", folder / "table"
    source.write_bytes(body)
    await unpacking.convert(source, target)
    return list(csv.reader(io.StringIO(target.read_text())))


async def test_cells_read_as_people_see_them(tmp_path: Path) -> None:
    cells = {
        "A": (text("A2", "Дім &quot;Мрія&quot;\nна розі"), 'Дім "Мрія"\nна розі'),
        "B": (number("B2", "380501234567"), "380501234567"),
        "C": (number("C2", "1250.5"), "1250.5"),
        "D": (number("D2", "0.30000000000000004"), "0.3"),  # a spreadsheet shows fifteen digits
        "E": (number("E2", "1e20"), "100000000000000000000"),
        "F": (number("F2", "45000", DATE), "2023-03-15"),
        "G": (number("G2", "45000.5", DATE_TIME), "2023-03-15T12:00:00"),
        "H": (number("H2", "0.25", TIME), "06:00:00"),
        "I": (number("I2", "1.5", ELAPSED), "36:00:00"),
        "J": ('<c r="J2" t="b"><v>1</v></c>', "true"),
        "K": ('<c r="K2"><f>C2*2</f><v>2501</v></c>', "2501"),  # what the formula came to
        "L": ('<c r="L2" t="str"><f>A2&amp;"!"</f><v>Дім!</v></c>', "Дім!"),
        "M": ('<c r="M2" t="e"><f>1/0</f><v>#DIV/0!</v></c>', ""),
        "N": (number("N2", "-7"), "-7"),
        "O": (text("O2", "ряд_x000D_другий"), "ряд\nдругий"),
    }

    header, row = await table_of(
        workbook(f"{HEADER}<row r='2'>{''.join(cell for cell, _ in cells.values())}</row>"), tmp_path
    )

    assert row == [said for _, said in cells.values()]
    assert header == ["Назва", *[""] * (len(cells) - 1)]


async def test_rows_keep_their_numbers(tmp_path: Path) -> None:
    table = await table_of(workbook(f"<row r='3'>{text('B3', 'Назва')}</row>"), tmp_path)

    assert table == [[""], [""], ["Назва"]]


def locked() -> bytes:
    """Its sheet needs a password, says the archive."""
    body = bytearray(workbook(HEADER))
    for begins, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the last entry, and what the directory says of it
        body[body.rindex(begins) + flags] |= 1
    return bytes(body)


def grown() -> bytes:
    """Its sheet takes more than a gigabyte, says the archive's directory."""
    body = bytearray(workbook(HEADER))
    size = body.rindex(b"PK\x01\x02") + 24
    body[size : size + 4] = (1_000_000_001).to_bytes(4, "little")
    return bytes(body)


NONE = {
    "no archive": b"PK\x03\x04 and no more",
    "half of one": workbook(HEADER)[:-300],
    "a document": packed({"[Content_Types].xml": "<Types/>", "word/document.xml": "<document/>"}),
    "one without a sheet": packed({name: body for name, body in parts("").items() if "sheet1" not in name}),
    "broken XML": workbook("<row r='1'><c"),
    "a password": locked(),
    "nothing": packed({}),
}


@pytest.mark.parametrize("body", NONE.values(), ids=NONE)
async def test_what_is_no_workbook_is_told_so(body: bytes, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="XLSX"):
        await table_of(body, tmp_path)


async def test_a_table_of_nearly_nothing_as_large_as_a_sheet_can_be_is_refused(tmp_path: Path) -> None:
    corner = workbook(f"{HEADER}<row r='1048576'>{number('XFD1048576', '1')}</row>")

    with pytest.raises(UnreadableFile, match="too large"):
        await table_of(corner, tmp_path)


async def test_too_many_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="500000 rows"):
        await table_of(workbook(f"{HEADER}<row r='500002'>{number('A500002', '1')}</row>"), tmp_path)


async def test_an_archive_that_grows_too_large_is_not_unpacked(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="1 GB"):
        await table_of(grown(), tmp_path)


async def test_an_archive_of_too_many_parts_is_not_unpacked(tmp_path: Path) -> None:
    bomb = packed(parts(HEADER) | dict.fromkeys(map(str, range(xlsx.MOST_PARTS)), ""))

    with pytest.raises(UnreadableFile, match="too large"):
        await table_of(bomb, tmp_path)


async def test_a_text_that_stands_in_each_cell_does_not_fill_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "LARGEST_TABLE", 1_000_000)
    files: dict[str, str] = parts(
        "".join(f'<row r="{row}"><c r="A{row}" t="s"><v>0</v></c></row>' for row in range(1, 201))
    )
    files["xl/sharedStrings.xml"] = f"<sst><si><t>{'x' * 10_000}</t></si></sst>"
    files["xl/_rels/workbook.xml.rels"] = files["xl/_rels/workbook.xml.rels"].replace(
        "</Relationships>",
        '<Relationship Id="s" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"'
        ' Target="sharedStrings.xml"/></Relationships>',
    )

    with pytest.raises(UnreadableFile, match="too large"):
        await table_of(packed(files), tmp_path)

    assert (tmp_path / "table").stat().st_size <= 1_000_000
