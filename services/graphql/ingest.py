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
from shared import deals, ids, ingest
from shared.actor import Permission
from shared.ingest import Assignment, InboxState, SourceKind

strawberry.enum(SourceKind, description="Who posts to a source, and in which form.")
strawberry.enum(
    Assignment,
    description="Who gets a deal: the source's assignee; who took the call, else the assignee; the funnel's viewers in"
    " turn.",
)
strawberry.enum(
    InboxState,
    description="What became of what came. WAITING: for a module; it is taken in by itself when that is usable.",
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
    kind: SourceKind
    funnel: Funnel = batched(funnels_of_sources)
    assignee: User | None = batched(assignees_of_sources)
    url: str = batched(urls_of_sources, description="Where the outside world posts to, without the secret.")
    mapping: JSON = strawberry.field(
        description="Our field → JMESPath in the payload: title, contact.name, contact.phone, contact.email, amount,"
        " externalId; of calls also direction, phone, billsec, disposition, calledAt, recording; others are custom fields."
    )
    assignment: Assignment
    attach_to_open_deal: bool
    enabled: bool
    created_at: DateTime
    received: int
    created: int
    duplicates: int
    rejected: int

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
    source: Source = batched(sources_of_items)
    state: InboxState
    received_at: DateTime
    external_id: str | None
    payload: JSON | None
    deal: Deal | None = batched(
        deals_of_items, description="The one that was made of it, when the viewer sees its funnel."
    )
    reason: str | None
    reason_code: str | None
    attempts: int

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
    source_id: strawberry.ID | None = UNSET
    states: list[InboxState] | None = UNSET


@strawberry.type(description="What a payload would become.")
class SourcePreview:
    state: InboxState
    deal: JSON | None = strawberry.field(
        description="The deal that it would make; with `id`, the one that is open already and would be told of it."
    )
    reason: str | None


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
