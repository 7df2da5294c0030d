"""No cell of ours is a formula, and each comes back as it was."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.imports.exporting import written
from shared.imports.shielding import shielded, unshielded
from tests.searching import SEARCH

DANGEROUS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


@pytest.mark.parametrize(
    ("cell", "stands"),
    [
        ("=1+1", "'=1+1"),
        ("+380501234567", "'+380501234567"),
        ("＝1+1", "'＝1+1"),
        ("Склад;=1+1;далі", "Склад;'=1+1;далі"),
        ("Привіт\n@SUM(A1)", "Привіт\n'@SUM(A1)"),
        ('Склад;"=1+1"', 'Склад;\'"=1+1"'),
        ("\t=1", "'\t'=1"),
        ("'=1+1", "''=1+1"),
        ("1-1=0", "1-1=0"),
        ("'Анна", "'Анна"),
    ],
)
def test_an_apostrophe_stands_before_what_could_be_a_formula(cell: str, stands: str) -> None:
    assert shielded(cell) == stands


@SEARCH
@given(cell=st.text(alphabet="a';\n\r\t=+-@＝ ,\""))
def test_each_cell_comes_back_as_it_was(cell: str) -> None:
    assert unshielded(shielded(cell)) == cell


@SEARCH
@given(rows=st.lists(st.lists(st.text(alphabet="a';\n\r\t=+-@＝ ,\"", min_size=1), min_size=2, max_size=3), max_size=3))
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_no_cell_is_a_formula_however_rows_are_split(delimiter: str, rows: list[list[str]]) -> None:
    table = io.StringIO(written(rows).decode(), newline="")

    for row in csv.reader(table, delimiter=delimiter):
        assert not [cell for cell in row if cell.startswith(DANGEROUS)]
