"""The inbox: what came, what became of each of it, and taking it in once more."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from shared import jobs
from shared.db import Transaction
from shared.errors import NotFound
from shared.ingest import sql, sql_sources
from shared.ingest.fetching import FETCH, MOST_FETCHES
from shared.ingest.inputs import Replay
from shared.ingest.model import InboxItem, InboxPage, InboxState
from shared.ingest.receiving import MOST_ATTEMPTS
from shared.ingest.source_commands import get_sources
from shared.ingest.sources import ASKED

RETRY = "ingest.retry"  # an inbox item that waited, or is replayed
UNDONE = frozenset({InboxState.REJECTED, InboxState.IGNORED, InboxState.WAITING})


async def get_items(tx: Transaction, item_ids: Iterable[UUID]) -> dict[UUID, InboxItem]:
    return {item.id: item for item in await sql.select_items_by_id(tx, item_ids)}


async def inbox(
    tx: Transaction,
    source_id: UUID | None = None,
    states: Sequence[InboxState] | None = None,
    after: tuple[datetime, UUID] | None = None,
    first: int = 50,
) -> InboxPage:
    """What came in, newest first. `after`: when the last item that was seen came in, and its id."""
    items = await sql.select_page(tx, source_id, states, after, first + 1)
    count = await sql.count_items(tx, source_id, states)
    return InboxPage(items[:first], len(items) > first, count)


async def replay(tx: Transaction, asked: Replay) -> list[InboxItem]:
    """Take them in again, by their sources' mappings of today. What has been done, or is a duplicate, stays so.

    Raises NotFound for the first that is not there.
    """
    items = {item.id: item for item in await sql.lock_items(tx, asked.item_ids)}
    for item_id in asked.item_ids:
        if item_id not in items:
            raise NotFound(item_id)
    again = [items[id] for id in asked.item_ids if items[id].state in UNDONE]
    sources = await get_sources(tx, {item.source_id for item in again})
    await sql.update_received(tx, [item.id for item in again])
    for item in again:
        if sources[item.source_id].kind in ASKED:
            await jobs.add(tx, FETCH, ref=item.id, max_attempts=MOST_FETCHES)
        else:
            await jobs.add(tx, RETRY, ref=item.id, max_attempts=MOST_ATTEMPTS)
    rejected = Counter(item.source_id for item in again if item.state is InboxState.REJECTED)
    for source_id in sorted(rejected):
        await sql_sources.add_to_counters(tx, source_id, rejected=-rejected[source_id])
    now = await get_items(tx, asked.item_ids)
    return [now[id] for id in asked.item_ids]
