"""A file of deals, how it is written, and how far it is read."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from shared.errors import Sentence


class ImportState(StrEnum):
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_over(self) -> bool:
        return self in (ImportState.DONE, ImportState.FAILED, ImportState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a CSV is written. `start`: the byte after the byte-order mark. `header_row`: blank ones may come first."""

    encoding: str
    delimiter: str
    start: int
    header: tuple[str, ...]
    line_end: str = "\n"
    header_row: int = 1
    rows_above: int = 1  # that are not blank, the header with them

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        return cls(**{**kept, "header": tuple(kept["header"])})


@dataclass(frozen=True, slots=True)
class Import:
    """`next_row` stands at `next_byte`: it is the first one that is not done yet; the header is row 1."""

    id: UUID
    funnel_id: UUID
    user_id: UUID
    file_name: str
    state: ImportState
    mapping: Mapping[str, str]
    layout: Layout | None
    next_byte: int
    next_row: int
    total_rows: int | None
    processed_rows: int
    created_rows: int
    duplicate_rows: int
    rejected_rows: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that could not be taken. `cells`: what stands in it, by the names of its columns."""

    row: int
    reason: Sentence
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ImportPage:
    imports: list[Import]
    has_more: bool
    count: int


@dataclass(frozen=True, slots=True)
class RejectPage:
    rejects: list[Reject]
    has_more: bool


class UnreadableFile(Exception):
    """It is no table that we can read."""
