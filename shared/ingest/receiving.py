"""The door: who may post to a source, and what is kept of what they post before anybody reads it."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from shared import ids, jobs
from shared.db import Transaction
from shared.ingest import sql, sql_sources, tidy
from shared.ingest.model import Caller, Lock, Request, Source, SourceKind
from shared.ingest.source_commands import get_sources
from shared.ingest.sources import ASKED, KINDS, SIGNING
from shared.ingest.trust import Trust

PERFORM = "ingest.perform"  # a request, by the id of its intake row
MOST_ATTEMPTS = 3
NEVER_KEPT = frozenset({"authorization", "cookie", "proxy-authorization"})  # headers: secrets that no lead needs


async def receive(
    tx: Transaction, source_id: UUID, caller: Caller, request: Request, trust: Trust
) -> SourceKind | None:
    """Keep a request as it came, with the job that reads it. Opened without an account, `tx` goes on in the source's.

    None, and nothing is kept: the source is unknown or disabled, or the caller is not the one it was made for.
    """
    found = await _locked(tx, source_id, trust)
    if found is None:
        return None
    source, lock = found
    if not KINDS[source.kind].verify(lock, caller, request):
        return None
    headers = tidy.json_value({name: value for name, value in request.headers.items() if name not in NEVER_KEPT})
    intake_id = ids.new()
    await sql.insert_intake(tx, intake_id, source_id, replace(request, headers=headers))
    await jobs.add(tx, PERFORM, ref=intake_id, max_attempts=MOST_ATTEMPTS)
    return source.kind


async def greet(tx: Transaction, source_id: UUID, query: Mapping[str, str], trust: Trust) -> str | None:
    """What to answer a service that connects to its source; None: it is somebody else, or nobody greets this source."""
    found = await _locked(tx, source_id, trust)
    if found is None:
        return None
    source, lock = found
    asked = ASKED.get(source.kind)
    return asked.greet(query, lock, trust.greetings.get(source.kind, ())) if asked else None


async def _locked(tx: Transaction, source_id: UUID, trust: Trust) -> tuple[Source, Lock] | None:
    """The source, if it is enabled, and what lets callers in. `tx` goes on in its account."""
    kept = await sql_sources.select_address(tx, source_id)
    if kept is None:
        return None
    await tx.enter(kept.account_id)
    source = (await get_sources(tx, [source_id])).get(source_id)
    if source is None or not source.enabled:
        return None
    hashes = (kept.secret_hash,) if kept.former_hash is None else (kept.secret_hash, kept.former_hash)
    secrets = list(trust.secrets.get(source.kind, ()))
    if source.kind in SIGNING:
        sealed = await sql_sources.select_sealed(tx, source_id)
        held = (sealed.secret, sealed.former_secret if kept.former_hash is not None else None)
        secrets += [secret for one in held if one is not None and (secret := trust.vault.open(one)) is not None]
    return source, Lock(hashes, frozenset(trust.ips.get(source.kind, ())), tuple(secrets))
