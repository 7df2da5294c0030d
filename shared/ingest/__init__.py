"""Deals from outside: sources, what they sent, and what became of it."""

from shared.ingest.commands import (
    create_source,
    get_items,
    get_sources,
    inbox,
    perform,
    receive,
    reject_exhausted,
    resume_waiting,
    sources_of_account,
)
from shared.ingest.model import (
    Assignment,
    InboxItem,
    InboxPage,
    InboxState,
    NewSource,
    Request,
    Source,
    SourceKind,
)
from shared.ingest.sources import KINDS

__all__ = [
    "KINDS",
    "Assignment",
    "InboxItem",
    "InboxPage",
    "InboxState",
    "NewSource",
    "Request",
    "Source",
    "SourceKind",
    "create_source",
    "get_items",
    "get_sources",
    "inbox",
    "perform",
    "receive",
    "reject_exhausted",
    "resume_waiting",
    "sources_of_account",
]
