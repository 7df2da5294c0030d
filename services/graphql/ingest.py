"""Sources of deals and their inbox: types and queries."""

from collections.abc import Sequence
from typing import Self, cast

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Info, User, users_by_id
from services.graphql.context import Context
from services.graphql.deals import Deal
from services.graphql.engine.fields import batched
from services.graphql.funnels import Funnel, funnels_by_id
from services.graphql.node import Node
from services.graphql.pages import FIRST, Connection, connection, decode, known, moment
from services.graphql.roots import query
from services.graphql.scalars import JSON, DateTime, date_time, node_id
from services.graphql.words import describe_enum
from shared import deals, ids, ingest
from shared.actor import Permission
from shared.ingest import Assignment, InboxState, SourceKind

describe_enum(
    SourceKind,
    "Who posts to a source, and in which form.",
    FORM="An HTML form, url-encoded or multipart.",
    JSON="Any program, a JSON object.",
    TILDA="Tilda's forms.",
    FACEBOOK_LEADS="Facebook's lead ads; needs the module lead_ads.",
    GOOGLE_LEADS="Google's lead form ads; needs the module lead_ads.",
    BINOTEL="Binotel's calls; needs the module telephony.",
    RINGOSTAT="Ringostat's calls; needs the module telephony.",
    PHONET="Phonet's calls; needs the module telephony.",
)
describe_enum(
    Assignment,
    "Who gets a deal: the source's assignee; who took the call, else the assignee; the funnel's viewers in turn.",
    FIXED="The source's assignee.",
    CALL_TAKER="Who took the call, else the source's assignee.",
    ROUND_ROBIN="The funnel's viewers in turn.",
)
describe_enum(
    InboxState,
    "What became of what came. WAITING: for a module; it is taken in by itself when that is usable.",
    RECEIVED="It is about to be taken in.",
    WAITING="For a module that cannot be used now.",
    CREATED="It became a deal.",
    ATTACHED="It was told to an open deal of the same contact.",
    DUPLICATE="The same had come before.",
    IGNORED="There is nothing to be made of it, and nothing wrong with it.",
    REJECTED="It could not be taken in; mend what `reason` says, and replay it.",
)


async def funnels_of_sources(ctx: Context, sources: Sequence["Source"]) -> list[Funnel]:
    return await funnels_by_id(ctx, [source.source.funnel_id for source in sources])


async def assignees_of_sources(ctx: Context, sources: Sequence["Source"]) -> list[User | None]:
    return await users_by_id(ctx, [source.source.assignee_id for source in sources])


async def urls_of_sources(ctx: Context, sources: Sequence["Source"]) -> list[str]:
    return [ingest.address(ctx.settings.voronka_public_url, source.source.id) for source in sources]


@strawberry.type(description="Where deals come from: a form, a telephone exchange.")
class Source(Node):
    name: str
    kind: SourceKind = strawberry.field(description="Who posts to it, and in which form.")
    funnel: Funnel = batched(funnels_of_sources, description="Where its deals are made.")
    assignee: User | None = batched(
        assignees_of_sources, description="Who gets its deals, or those that nobody else takes; null: nobody."
    )
    url: str = batched(urls_of_sources, description="Where the outside world posts to, without the secret.")
    mapping: JSON = strawberry.field(
        description="Our field → JMESPath in the payload: title, contact.name, contact.phone, contact.email, amount,"
        " externalId; of calls also direction, phone, billsec, disposition, calledAt, recording; others are custom fields."
    )
    assignment: Assignment = strawberry.field(description="How a deal finds its assignee.")
    attach_to_open_deal: bool = strawberry.field(
        description="Whether a lead of a known contact is told to their open deal instead of making another."
    )
    enabled: bool = strawberry.field(description="Whether what is posted is taken; else it is refused.")
    created_at: DateTime
    received: int = strawberry.field(description="Leads that came.")
    created: int = strawberry.field(description="Leads that became deals.")
    duplicates: int = strawberry.field(description="Leads that had come before.")
    rejected: int = strawberry.field(description="Leads that could not be taken in.")

    source: strawberry.Private[ingest.Source]

    @classmethod
    def of(cls, source: ingest.Source) -> Self:
        return cls(
            id=node_id(source.id),
            name=source.name,
            kind=source.kind,
            mapping=cast("JSON", source.mapping),
            assignment=source.assignment,
            attach_to_open_deal=source.attach_to_open_deal,
            enabled=source.enabled,
            created_at=date_time(source.created_at),
            received=source.received,
            created=source.created,
            duplicates=source.duplicates,
            rejected=source.rejected,
            source=source,
        )


async def sources_of_items(ctx: Context, items: Sequence["InboxItem"]) -> list[Source]:
    found = await ctx.read(lambda tx: ingest.get_sources(tx, {item.item.source_id for item in items}))
    return [Source.of(found[item.item.source_id]) for item in items]


async def deals_of_items(ctx: Context, items: Sequence["InboxItem"]) -> list[Deal | None]:
    wanted = {item.item.deal_id for item in items if item.item.deal_id}
    found = await ctx.read(lambda tx: deals.get_many(tx, wanted)) if wanted else {}
    return [
        Deal.of(found[item.item.deal_id]) if item.item.deal_id and item.item.deal_id in found else None
        for item in items
    ]


@strawberry.type(description="Something that came from a source, and what became of it.")
class InboxItem(Node):
    source: Source = batched(sources_of_items, description="Where it came from.")
    state: InboxState = strawberry.field(description="What became of it.")
    received_at: DateTime = strawberry.field(description="When it came.")
    external_id: str | None = strawberry.field(description="What its service calls it; null: it has no name there.")
    payload: JSON | None = strawberry.field(description="What was read out of the request; null: nothing could be.")
    deal: Deal | None = batched(
        deals_of_items, description="The one that was made of it, when the viewer sees its funnel."
    )
    reason: str | None = strawberry.field(
        description="Why nothing was made of it: a sentence in the account's language; null: something was, or is about to be."
    )
    reason_code: str | None = strawberry.field(description="The same for programs, in capitals.")
    attempts: int = strawberry.field(description="How often it was tried.")

    item: strawberry.Private[ingest.InboxItem]

    @classmethod
    def of(cls, item: ingest.InboxItem) -> Self:
        return cls(
            id=node_id(item.id),
            state=item.state,
            received_at=date_time(item.received_at),
            external_id=item.external_id,
            payload=item.payload,
            reason=item.reason,
            reason_code=item.reason_code,
            attempts=item.attempts,
            item=item,
        )


@strawberry.input(description="Which items to list.")
class InboxFilter:
    source_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Which came from this one.")
    states: list[InboxState] | None = strawberry.field(default=UNSET, description="Which are in one of these states.")


@strawberry.type(description="What a payload would become.")
class SourcePreview:
    state: InboxState = strawberry.field(description="What would become of it.")
    deal: JSON | None = strawberry.field(
        description="The deal that it would make; with `id`, the one that is open already and would be told of it."
    )
    reason: str | None = strawberry.field(description="Why no deal would be made, or not yet; null: one would.")


@strawberry.type
class IngestQuery:
    @query("All sources of the account. Needs SOURCES_MANAGE.")
    async def sources(self, info: Info) -> list[Source] | None:
        info.context.require(Permission.SOURCES_MANAGE)
        return [Source.of(source) for source in await info.context.read(ingest.sources_of_account)]

    @query("What came from sources, newest first. Needs SOURCES_MANAGE.")
    async def inbox(
        self, info: Info, filter: InboxFilter | None = UNSET, first: int | None = FIRST, after: str | None = UNSET
    ) -> Connection[InboxItem] | None:
        info.context.require(Permission.SOURCES_MANAGE)
        asked, place = filter or InboxFilter(), decode(after or None)
        source_id = ids.read(asked.source_id) if isinstance(asked.source_id, str) else None
        states = asked.states if isinstance(asked.states, list) else None
        page = await info.context.read(
            lambda tx: ingest.inbox(tx, source_id=source_id, states=states, after=moment(place), first=first or FIRST)
        )
        return connection(
            [InboxItem.of(item) for item in page.items],
            [(item.received_at.isoformat(), item.id) for item in page.items],
            known(page.count),
            has_more=page.has_more,
            after=place,
        )

    @query(
        "What a payload would become: a body as its service posts it. Nothing is done, and whether the same has come"
        " before does not matter. null: there is no such source. Needs SOURCES_MANAGE."
    )
    async def preview_source(self, info: Info, id: strawberry.ID, payload: str) -> SourcePreview | None:
        info.context.require(Permission.SOURCES_MANAGE)
        found = await info.context.read(lambda tx: ingest.preview(tx, ids.read(id), payload))
        if found is None:
            return None
        reason = found.reason.to(info.context.language) if found.reason else None
        return SourcePreview(state=found.state, deal=cast("JSON | None", found.deal), reason=reason)
