"""Where in an order something is to stand: clients say after, before, top or bottom; positions are the server's."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from shared import ids
from shared.errors import Sentence
from shared.forms import Form

ONE_PLACE = Sentence(
    "Name one place: after, before, top: true or bottom: true.",
    "Вкажіть одне місце: after, before, top: true або bottom: true.",
)


class SpotKind(StrEnum):
    AFTER = "after"
    BEFORE = "before"
    TOP = "top"
    BOTTOM = "bottom"


@dataclass(frozen=True, slots=True)
class Spot:
    """At an end of a row, or next to another one in it."""

    kind: SpotKind = SpotKind.TOP
    neighbour_id: UUID | None = None

    @classmethod
    def read(cls, form: Form, given: Mapping[str, Any] | None, default: SpotKind = SpotKind.TOP) -> Self:
        """What a client wrote as `place`."""
        if given is None:
            return cls(default)
        said = [(kind, given[kind]) for kind in SpotKind if kind in given]
        if len(said) != 1 or said[0][1] in (None, False):
            form.refuse(("place",), ONE_PLACE)
            return cls(default)
        kind, value = said[0]
        return cls(kind, ids.read(value) if isinstance(value, str) else None)


ON_TOP = Spot()
