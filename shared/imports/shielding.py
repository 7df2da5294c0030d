"""Texts that a spreadsheet must not take for formulas: an apostrophe keeps it from that, and is taken away on reading.

A cell is one to us. To a spreadsheet that splits rows by semicolons, as those of Ukraine do, or that is pasted into, it
may be several: so what begins after a semicolon, a tab or a line's end is shielded as well.
"""

import re

# Apostrophes that are there already get one more, or reading would take them; quotes may be lost where rows are split.
FORMULA = r"""['"]*[=+\-@\t\r＝＋－＠]"""
UNSAFE = re.compile(rf"(\A|[;\t\r\n])(?={FORMULA})")
SHIELDED = re.compile(rf"(\A|[;\t\r\n])'(?={FORMULA})")


def shielded(cell: str) -> str:
    return UNSAFE.sub(r"\1'", cell)


def unshielded(cell: str) -> str:
    return SHIELDED.sub(r"\1", cell) if "'" in cell else cell
