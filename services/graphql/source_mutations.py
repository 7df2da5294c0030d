"""What is done with sources and the inbox: inputs, answers, mutations."""

from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Info
from services.graphql.billing import ModuleInactive
from services.graphql.errors import Forbidden, IdempotencyConflict, InvalidInput, NotFound
from services.graphql.ingest import InboxItem, Source
from services.graphql.roots import mutation
from services.graphql.scalars import JSON
from services.graphql.writing import act
from shared import ingest
from shared.actor import Permission
from shared.config import Settings
from shared.db import Transaction
from shared.ingest import Assignment, SourceKind


@strawberry.input(description="A source to be made. Assignee: default the viewer.")
class CreateSourceInput:
    name: str
    kind: SourceKind = strawberry.field(description="It can never be changed.")
    funnel_id: strawberry.ID
    assignee_id: strawberry.ID | None = UNSET
    assignment: Assignment | None = strawberry.field(
        default=UNSET, description="How a deal finds its assignee; default: FIXED."
    )
    attach_to_open_deal: bool | None = strawberry.field(
        default=True, description="Tell a lead of a known contact to their open deal instead of making another."
    )
    mapping: JSON | None = strawberry.field(
        default=UNSET, description="As in Source; what is left out is looked for where the kind usually has it."
    )
    secret: str | None = strawberry.field(default=UNSET, description="16 to 200 characters; default: one of ours.")
    access_token: str | None = strawberry.field(
        default=UNSET, description="What the source's own API wants: Facebook's page token. Never shown again."
    )
    idempotency_key: str | None = UNSET


@strawberry.input(description="What to change of a source: what is given.")
class UpdateSourceInput:
    id: strawberry.ID
    name: str | None = UNSET
    funnel_id: strawberry.ID | None = UNSET
    mapping: JSON | None = strawberry.field(default=UNSET, description="Replaced whole.")
    assignee_id: strawberry.ID | None = UNSET
    assignment: Assignment | None = strawberry.field(default=UNSET, description="How a deal finds its assignee.")
    attach_to_open_deal: bool | None = strawberry.field(
        default=UNSET, description="Tell a lead of a known contact to their open deal instead of making another."
    )
    enabled: bool | None = strawberry.field(default=UNSET, description="false: what is posted is refused.")
    rotate_secret: bool | None = strawberry.field(
        default=UNSET, description="A new secret; the one before it holds for a day more."
    )
    idempotency_key: str | None = UNSET


@strawberry.input(description="Items of the inbox to be taken in once more, at most 500.")
class ReplayInboxInput:
    ids: list[strawberry.ID] = strawberry.field(description="Each once; the first that is missing: NotFound.")
    idempotency_key: str | None = UNSET


@strawberry.type(description="The source; its secret and address are shown this once.")
class CreateSourcePayload:
    source: Source = strawberry.field(description="As it was made.")
    secret: str | None = strawberry.field(
        description="What proves that its service is calling; null when an idempotency key is used again."
    )
    address: str | None = strawberry.field(
        description="What to paste into the service, with the secret where it belongs to the address."
    )


@strawberry.type(description="The source as it is now; secret and address only when the secret is new, this once.")
class UpdateSourcePayload:
    source: Source = strawberry.field(description="As it is now.")
    secret: str | None = strawberry.field(description="The new one; null: it was not rotated.")
    address: str | None = strawberry.field(
        description="What to paste into the service anew; null: the secret was not rotated."
    )


@strawberry.type(
    description="The items as they are now: what is taken in again is RECEIVED; what was done, or is a duplicate, stays."
)
class ReplayInboxPayload:
    items: list[InboxItem] = strawberry.field(description="In the order of their ids in the input.")


CreateSourceResult = Annotated[
    CreateSourcePayload | InvalidInput | NotFound | Forbidden | ModuleInactive | IdempotencyConflict,
    strawberry.union("CreateSourceResult"),
]
UpdateSourceResult = Annotated[
    UpdateSourcePayload | InvalidInput | NotFound | Forbidden | ModuleInactive | IdempotencyConflict,
    strawberry.union("UpdateSourceResult"),
]
ReplayInboxResult = Annotated[
    ReplayInboxPayload | InvalidInput | NotFound | Forbidden | IdempotencyConflict,
    strawberry.union("ReplayInboxResult"),
]


def _kept(opened: ingest.OpenedSource) -> dict[str, Any]:
    return {"source": str(opened.source.id)}


async def _source_again(tx: Transaction, kept: dict[str, Any]) -> ingest.OpenedSource:
    id = UUID(kept["source"])
    source = (await ingest.get_sources(tx, [id]))[id]
    return ingest.OpenedSource(source, secret=None, address=None)


async def _items_again(tx: Transaction, kept: dict[str, Any]) -> list[ingest.InboxItem]:
    """Those that retention has left."""
    item_ids = [UUID(id) for id in kept["items"]]
    found = await ingest.get_items(tx, item_ids)
    return [found[id] for id in item_ids if id in found]


def _house(settings: Settings) -> tuple[str, ingest.Vault]:
    """Where sources are posted to, and where their secrets are kept."""
    return settings.voronka_public_url, ingest.Vault(settings.voronka_secret_key)


@strawberry.type
class SourcesMutation:
    @mutation("Make a source of deals. Needs SOURCES_MANAGE.")
    async def create_source(self, info: Info, input: CreateSourceInput) -> CreateSourceResult:
        url, vault = _house(info.context.settings)
        made = await act(
            info,
            input,
            Permission.SOURCES_MANAGE,
            ingest.NewSource.read,
            lambda tx, new: ingest.create_source(tx, new, url, vault),
            keep=_kept,
            again=_source_again,
        )
        return CreateSourcePayload(source=Source.of(made.source), secret=made.secret, address=made.address)

    @mutation("Change a source, or give it a new secret. Needs SOURCES_MANAGE.")
    async def update_source(self, info: Info, input: UpdateSourceInput) -> UpdateSourceResult:
        url, vault = _house(info.context.settings)
        changed = await act(
            info,
            input,
            Permission.SOURCES_MANAGE,
            ingest.SourceChanges.read,
            lambda tx, changes: ingest.update_source(tx, changes, url, vault),
            keep=_kept,
            again=_source_again,
        )
        return UpdateSourcePayload(source=Source.of(changed.source), secret=changed.secret, address=changed.address)

    @mutation("Take items of the inbox in once more, by their sources' mappings of today. Needs SOURCES_MANAGE.")
    async def replay_inbox(self, info: Info, input: ReplayInboxInput) -> ReplayInboxResult:
        items = await act(
            info,
            input,
            Permission.SOURCES_MANAGE,
            ingest.Replay.read,
            ingest.replay,
            keep=lambda items: {"items": [str(item.id) for item in items]},
            again=_items_again,
        )
        return ReplayInboxPayload(items=[InboxItem.of(item) for item in items])
