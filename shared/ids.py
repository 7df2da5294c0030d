"""Ids: UUIDs everywhere, made by us (version 7, so that new rows lie together) or by a client.

A text that is no UUID is the id of nothing: it names what a random UUID would name.
"""

import re
from typing import NewType
from uuid import UUID, uuid4

from uuid_utils import compat

AccountId = NewType("AccountId", UUID)
UserId = NewType("UserId", UUID)
FunnelId = NewType("FunnelId", UUID)
StageId = NewType("StageId", UUID)
LossReasonId = NewType("LossReasonId", UUID)
DealId = NewType("DealId", UUID)
SourceId = NewType("SourceId", UUID)
JobId = NewType("JobId", UUID)

CANONICAL = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
LONGEST_ECHO = 100


class UnreadableId(UUID):
    """What a text that is no UUID stands for: a random id that prints as what was said."""

    __slots__ = ("said",)
    said: str

    def __init__(self, said: str) -> None:
        super().__init__(bytes=uuid4().bytes)
        object.__setattr__(self, "said", said)

    def __str__(self) -> str:
        return self.said[:LONGEST_ECHO]


def new() -> UUID:
    """A new id. UUID version 7 (RFC 9562, 5.7): it begins with the time."""
    return compat.uuid7()


def read(text: str) -> UUID:
    """The id that a client wrote; an `UnreadableId` when it is none."""
    return UUID(text) if CANONICAL.fullmatch(text) else UnreadableId(text)
