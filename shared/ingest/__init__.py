"""Deals from outside: sources, what they sent, and what became of it."""

from shared.ingest.commands import (
    perform,
    reject_exhausted,
    reject_retried,
    reject_unanswered,
    resume_waiting,
    retry,
)
from shared.ingest.fetching import FETCH, Graph, fetch
from shared.ingest.inbox import RETRY, get_items, inbox, replay
from shared.ingest.inputs import NewSource, Replay, SourceChanges
from shared.ingest.model import (
    Assignment,
    Caller,
    InboxItem,
    InboxPage,
    InboxState,
    OpenedSource,
    Preview,
    Request,
    Source,
    SourceKind,
    address,
)
from shared.ingest.preview import preview
from shared.ingest.receiving import PERFORM, greet, receive
from shared.ingest.retention import FORGET, forget
from shared.ingest.source_commands import create_source, get_sources, sources_of_account, update_source
from shared.ingest.sources import KINDS
from shared.ingest.trust import Trust, Vault

__all__ = [
    "FETCH",
    "FORGET",
    "KINDS",
    "PERFORM",
    "RETRY",
    "Assignment",
    "Caller",
    "Graph",
    "InboxItem",
    "InboxPage",
    "InboxState",
    "NewSource",
    "OpenedSource",
    "Preview",
    "Replay",
    "Request",
    "Source",
    "SourceChanges",
    "SourceKind",
    "Trust",
    "Vault",
    "address",
    "create_source",
    "fetch",
    "forget",
    "get_items",
    "get_sources",
    "greet",
    "inbox",
    "perform",
    "preview",
    "receive",
    "reject_exhausted",
    "reject_retried",
    "reject_unanswered",
    "replay",
    "resume_waiting",
    "retry",
    "sources_of_account",
    "update_source",
]
