"""Which form of an answer a client takes (RFC 9110, 12.5.1).

An answer that comes at once is GraphQL's own media type or plain JSON wherever one of them is taken; a stream of one
answer is for those who like it better. A subscription can only be a stream: server-sent events, or parts of a body.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

MOST_KNOWN = 64  # headers whose meaning is remembered: clients send few


class Accepted(Enum):
    GRAPHQL = "application/graphql-response+json"
    JSON = "application/json"
    EVENTS = "text/event-stream"  # as graphql-sse's "distinct connections mode" has it
    PARTS = "multipart/mixed"  # of which a client says `subscriptionSpec="1.0"`: Apollo's

    @property
    def media_type(self) -> str:
        return f"{self.value}; charset=utf-8"

    @property
    def is_stream(self) -> bool:
        return self in (Accepted.EVENTS, Accepted.PARTS)


@dataclass(frozen=True)
class Choice:
    """`once`: the form of what is answered at once. `stream`: of a subscription; None when no stream is taken."""

    once: Accepted
    stream: Accepted | None


@dataclass(frozen=True)
class Range:
    """A media range of the header: `text/*;q=0.5`. `place`: how many stand before it."""

    kind: str
    subtype: str
    parameters: frozenset[tuple[str, str]]
    quality: float
    place: int

    def covers(self, accepted: Accepted) -> bool:
        kind, _, subtype = accepted.value.partition("/")
        return self.kind in (kind, "*") and self.subtype in (subtype, "*")

    @property
    def precision(self) -> int:
        return (self.kind != "*") + (self.subtype != "*")


@lru_cache(MOST_KNOWN)
def choose(header: str) -> Choice | None:
    """What is preferred; None when nothing that we can answer with is taken. `header`: all its lines, as one."""
    if not header.strip():
        return Choice(Accepted.JSON, None)  # what clients of before the draft expect
    ranges = list(_ranges(header))
    once, stream = _once(ranges), _stream(ranges)
    if once is None and stream is None:
        return None
    if once is None or (stream is not None and stream[1] > once[1]):
        assert stream is not None
        return Choice(stream[0], stream[0])
    return Choice(once[0], stream[0] if stream else None)


def _once(ranges: list[Range]) -> tuple[Accepted, float] | None:
    """Of those that are taken the one that is liked best, the first of equals, and how much."""
    found = []
    for accepted in (Accepted.GRAPHQL, Accepted.JSON):
        covering = [one for one in ranges if one.covers(accepted)]
        best = max(covering, key=lambda one: (one.precision, one.quality), default=None)
        if best is not None and best.quality > 0:
            named = -best.place if best.precision == 2 else -len(ranges)
            # A client that takes anything, and names none of ours, is given what every client reads.
            found.append((best.quality, named, accepted is Accepted.JSON, accepted))
    if not found:
        return None
    quality, _, _, accepted = max(found, key=lambda one: one[:3])
    return accepted, quality


def _stream(ranges: list[Range]) -> tuple[Accepted, float] | None:
    """The same of streams, which nobody is given who has not named them."""
    found = [(one.quality, -one.place, accepted) for one in ranges if (accepted := _named(one)) and one.quality > 0]
    if not found:
        return None
    quality, _, accepted = max(found, key=lambda one: one[:2])
    return accepted, quality


def _named(one: Range) -> Accepted | None:
    if (one.kind, one.subtype) == ("text", "event-stream"):
        return Accepted.EVENTS
    if (one.kind, one.subtype) == ("multipart", "mixed") and ("subscriptionspec", "1.0") in one.parameters:
        return Accepted.PARTS
    return None


def _ranges(header: str) -> Iterator[Range]:
    for place, part in enumerate(header.lower().split(",")):
        media_range, *rest = (piece.strip() for piece in part.split(";"))
        kind, _, subtype = media_range.partition("/")
        pairs = (piece.partition("=") for piece in rest)
        parameters = {name.strip(): value.strip().strip('"') for name, _, value in pairs}
        quality = _number(parameters.pop("q", "1"))
        yield Range(kind, subtype, frozenset(parameters.items()), quality, place)


def _number(text: str) -> float:
    """Of a weight; 0 for what is none."""
    try:
        number = float(text)
    except ValueError:
        return 0.0
    return number if 0 <= number <= 1 else 0.0
