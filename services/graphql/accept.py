"""Which form of an answer a client takes (RFC 9110, 12.5.1): GraphQL's own media type, or plain JSON."""

from enum import Enum

GRAPHQL = ("application", "graphql-response+json")
JSON = ("application", "json")


class Accepted(Enum):
    GRAPHQL = "application/graphql-response+json"
    JSON = "application/json"

    @property
    def media_type(self) -> str:
        return f"{self.value}; charset=utf-8"


def choose(header: str | None) -> Accepted | None:
    """The one that is preferred; the first of equals; None when neither is taken."""
    if header is None or not header.strip():
        return Accepted.JSON  # what clients of before the draft expect
    qualities = {Accepted.GRAPHQL: _quality(header, GRAPHQL), Accepted.JSON: _quality(header, JSON)}
    # A client that takes anything, and names none of ours, is given what every client reads.
    best = max(qualities, key=lambda one: (qualities[one], _is_named(header, one), one is Accepted.JSON))
    return best if qualities[best] > 0 else None


def _is_named(header: str, accepted: Accepted) -> int:
    """Greater for what stands earlier in the header; 0 for what is not there by its name."""
    place = header.lower().find(accepted.value)
    return 0 if place < 0 else len(header) - place


def _quality(header: str, wanted: tuple[str, str]) -> float:
    """That of the most specific range that matches."""
    best = (-1, 0.0)
    for part in header.lower().split(","):
        media_range, *parameters = (piece.strip() for piece in part.split(";"))
        kind, _, subtype = media_range.partition("/")
        if kind not in (wanted[0], "*") or subtype not in (wanted[1], "*"):
            continue
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        specific = (kind != "*") + (subtype != "*")
        best = max(best, (specific, quality))
    return best[1]
