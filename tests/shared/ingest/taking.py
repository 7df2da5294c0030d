"""Requests that come in, and what is done with them, in a line each."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg

from shared import accounts, deals, ids, ingest, jobs
from shared.db import Database, Transaction
from shared.ingest import Caller, Graph, InboxItem, NewSource, Request, Source, SourceKind, Trust, Vault
from shared.jobs import Kind
from tests import make

BASE = "https://voronka.example.com/"
SECRET = "a-secret-of-the-form"
CALLER = Caller(SECRET, "10.0.0.1", datetime(2026, 3, 1, 12, tzinfo=UTC))
VAULT = Vault("a key of the tests")
TRUST = Trust(VAULT)
GRAPH = Graph("http://127.0.0.1:9", VAULT)  # where nobody answers


def given(funnel: make.Funnel, **changes: Any) -> NewSource:
    fields = {"name": "Сайт", "kind": SourceKind.FORM, "funnel_id": str(funnel.id), "secret": SECRET}
    return NewSource.read(fields | changes)


async def new_source(tx: Transaction, funnel: make.Funnel, **changes: Any) -> Source:
    return (await ingest.create_source(tx, given(funnel, **changes), BASE, VAULT)).source


async def take_in(tx: Transaction, source: Source, request: Request) -> InboxItem:
    """The request comes and its job is done, in the same transaction; the newest item of the inbox."""
    assert await ingest.receive(tx, source.id, CALLER, request, TRUST) is source.kind
    intake_id = await tx.fetchval("SELECT ref FROM jobs WHERE kind = $1 ORDER BY id DESC LIMIT 1", ingest.PERFORM)
    await ingest.perform(tx, job(ingest.PERFORM, intake_id, tx.account_id))
    return (await ingest.inbox(tx, first=1)).items[0]


def job(kind: str, ref: UUID | None, account_id: UUID | None) -> jobs.Job:
    return jobs.Job(ids.new(), account_id, kind, ref, datetime.now(UTC), 1, 3, ids.new())


async def deal_of(tx: Transaction, item: InboxItem) -> deals.Deal:
    assert item.deal_id is not None, item
    found = await deals.find(tx, item.deal_id)
    assert found is not None
    return found


async def notes_of(tx: Transaction, deal: deals.Deal) -> list[str]:
    """Newest first."""
    return [note.text for note in (await deals.notes_of(tx, [deal.id], None, 10)).get(deal.id, [])]


async def tasks_of(tx: Transaction, deal: deals.Deal) -> list[deals.Task]:
    return (await deals.tasks_of(tx, [deal.id], None))[deal.id]


async def counters(tx: Transaction, source: Source) -> tuple[int, int, int, int]:
    now = (await ingest.get_sources(tx, [source.id]))[source.id]
    return now.received, now.created, now.duplicates, now.rejected


def kinds(graph: Graph = GRAPH) -> jobs.Kinds:
    """What a worker would do."""

    async def fetch(db: Database, _kinds: jobs.Kinds, job: jobs.Job) -> None:
        await ingest.fetch(db, job, graph)

    return {
        accounts.RESUME_WAITING: Kind(ingest.resume_waiting),
        ingest.FETCH: Kind(ingest.retry, ingest.reject_unanswered, before=fetch),
        ingest.FORGET: Kind(ingest.forget),
        ingest.PERFORM: Kind(ingest.perform, ingest.reject_exhausted),
        ingest.RETRY: Kind(ingest.retry, ingest.reject_retried),
    }


async def do_all(db: Database, superuser: asyncpg.Connection, graph: Graph = GRAPH) -> None:
    """Do whatever is to be done, without pauses between attempts."""
    while ids := await superuser.fetch(
        "UPDATE jobs SET run_at = clock_timestamp() WHERE state = 'queued' AND attempts < 25 RETURNING id"
    ):
        for row in ids:
            await jobs.perform(db, kinds(graph), row["id"])
