"""What is done with sources of deals by the people who set them up."""

import secrets
from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from shared import accounts, funnels, ids
from shared.db import Transaction
from shared.errors import NotFound
from shared.ingest import sql_sources
from shared.ingest.inputs import NewSource, SourceChanges
from shared.ingest.model import OpenedSource, Source, address, hash_of
from shared.ingest.sources import KINDS, SIGNING
from shared.ingest.trust import Vault


async def create_source(tx: Transaction, new: NewSource, base_url: str, vault: Vault) -> OpenedSource:
    """A source, and the address under `base_url` to give to whoever is to post there.

    Raises NotFound for a funnel that the actor does not see, ModuleInactive, InvalidInput for an assignee that is
    not there.
    """
    await _require_funnel(tx, new.funnel_id)
    await accounts.require_module(tx, funnels.MODULE)
    if new.assignee_id is not None:
        await accounts.require_users(tx, {("assigneeId",): new.assignee_id})
    secret = new.secret or _new_secret()
    source = await sql_sources.insert_source(
        tx,
        ids.new(),
        replace(new, assignee_id=new.assignee_id or tx.actor.user_id),
        vault.seal(secret) if new.kind in SIGNING else None,
        vault.seal(new.access_token) if new.access_token is not None else None,
    )
    await sql_sources.insert_address(tx, source.id, hash_of(secret))
    return OpenedSource(source, secret, _address(base_url, source, secret))


async def update_source(tx: Transaction, changes: SourceChanges, base_url: str, vault: Vault) -> OpenedSource:
    """Change what is given. With a new secret, the one before it holds for a day more.

    Raises NotFound, ModuleInactive, InvalidInput for an assignee that is not there.
    """
    source = await sql_sources.lock_source(tx, changes.source_id)
    if source is None:
        raise NotFound(changes.source_id)
    if "funnel_id" in changes.fields:
        await _require_funnel(tx, changes.fields["funnel_id"])
    await accounts.require_module(tx, funnels.MODULE)
    if "assignee_id" in changes.fields:
        await accounts.require_users(tx, {("assigneeId",): changes.fields["assignee_id"]})
    changed = replace(source, **changes.fields)
    await sql_sources.update_source(tx, changed)
    if not changes.rotate_secret:
        return OpenedSource(changed, secret=None, address=None)
    secret = _new_secret()
    await sql_sources.update_address(tx, source.id, hash_of(secret))
    if source.kind in SIGNING:
        await sql_sources.update_sealed_secret(tx, source.id, vault.seal(secret))
    return OpenedSource(changed, secret, _address(base_url, changed, secret))


async def sources_of_account(tx: Transaction) -> list[Source]:
    """By name."""
    return await sql_sources.select_sources(tx)


async def get_sources(tx: Transaction, source_ids: Iterable[UUID]) -> dict[UUID, Source]:
    return {source.id: source for source in await sql_sources.select_sources_by_id(tx, source_ids)}


def _address(base_url: str, source: Source, secret: str) -> str:
    return address(base_url, source.id, secret if KINDS[source.kind].SECRET_IN_ADDRESS else None)


def _new_secret() -> str:
    return secrets.token_urlsafe(24)


async def _require_funnel(tx: Transaction, funnel_id: UUID) -> None:
    funnel = await funnels.require_visible(tx, funnel_id)
    if funnel.archived:
        raise NotFound(funnel_id)
