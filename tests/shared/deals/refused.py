"""A refusal changes nothing and tells nobody: checked wherever one is raised."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from shared.db import Transaction
from shared.errors import DomainError

WRITTEN = (
    "deals",
    "notes",
    "tasks",
    "events",
    "stage_totals",
    "stream_heads",
    "funnels",
    "jobs",
    "account_counters",
)


async def _state(tx: Transaction) -> list[Any]:
    return [
        await tx.fetchval(f"SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t::text), '[]') FROM {table} t")
        for table in WRITTEN
    ]


class Refusal:
    """What was refused; its data are read as attributes of the refusal itself."""

    raised: DomainError

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raised, name)


@asynccontextmanager
async def refused(tx: Transaction, kind: type[DomainError]) -> AsyncIterator[Refusal]:
    """The block must be refused in that way, having written nothing and told nobody, even before it is taken back."""
    tx.outgoing.clear()
    before, refusal = await _state(tx), Refusal()
    try:
        yield refusal
    except kind as raised:
        refusal.raised = raised
    else:
        raise AssertionError(f"{kind.__name__} was not raised.")
    assert await _state(tx) == before
    assert tx.outgoing == []
