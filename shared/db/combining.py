"""Many writes as one statement: each is a `WITH` query of the last one, with parameters that are numbered through.

PostgreSQL carries them out at one state of the database, so that none sees what the others do.
"""

import re
from functools import lru_cache

PARAMETER = re.compile(r"\$(\d+)")


def name_of(index: int) -> str:
    """What the write with that index is called in the statement."""
    return f"written_{index}"


@lru_cache(maxsize=1_000)
def combined(queries: tuple[tuple[str, int], ...]) -> str:
    """`queries`: each with the number of its parameters; the answer is the last one's."""
    texts, parameters = [], 0
    for query, own in queries:
        texts.append(_numbered_from(query, parameters))
        parameters += own
    *first, last = texts
    written = ",\n".join(f"{name_of(index)} AS (\n{text}\n)" for index, text in enumerate(first))
    return f"WITH {written}\n{last}" if first else last


def _numbered_from(query: str, parameters: int) -> str:
    return PARAMETER.sub(lambda match: f"${int(match[1]) + parameters}", query)
