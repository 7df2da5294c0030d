"""Words that people look for deals by: parts of titles, names, e-mails, phones, numbers.

What is searched in is a text beside each deal, in small letters and without accents, kept by the database.
"""

import re

MOST_WORDS = 8
PHONE = re.compile(r"[\d\s()+-]{3,}")
NO_DIGIT = re.compile(r"\D")


def patterns(search: str) -> list[str]:
    """LIKE patterns that all must be met, the longest first: the index narrows by that one."""
    words = [NO_DIGIT.sub("", search)] if PHONE.fullmatch(search.strip()) else search.split()[:MOST_WORDS]
    return [f"%{_escaped(word)}%" for word in sorted((word for word in words if word), key=len, reverse=True)]


def _escaped(word: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", word)
