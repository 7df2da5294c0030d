"""Anything by its id."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import strawberry

from services.graphql.accounts import Account, Info, users_by_id
from services.graphql.billing import ModuleSubscription
from services.graphql.context import Context
from services.graphql.deals import Deal
from services.graphql.engine.answers import BadUserInput
from services.graphql.funnels import Funnel, LossReason, Stage
from services.graphql.imports import Import
from services.graphql.ingest import InboxItem, Source
from services.graphql.invoices import invoices_by_id, payments_by_id
from services.graphql.items import Note, Task
from services.graphql.node import Node
from services.graphql.pages import LONGEST
from services.graphql.quotes import quotes_by_id
from services.graphql.roots import query
from shared import billing, deals, funnels, imports, ingest, nodes
from shared.actor import Permission
from shared.errors import Forbidden
from shared.ids import read

Found = Mapping[UUID, Node | Exception | None]  # an exception is that id's error, and no other's


async def _accounts(ctx: Context, wanted: Sequence[UUID]) -> Found:
    account = ctx.viewer.require_account()
    return {id: Account.of(account) for id in wanted if id == account.id}


async def _users(ctx: Context, wanted: Sequence[UUID]) -> Found:
    return dict(zip(wanted, await users_by_id(ctx, wanted), strict=True))


async def _funnels(ctx: Context, wanted: Sequence[UUID]) -> Found:
    found = await ctx.read(lambda tx: funnels.visible(tx, wanted))
    return {id: Funnel.of(funnel) for id, funnel in found.items()}


async def _stages(ctx: Context, wanted: Sequence[UUID]) -> Found:
    found = await ctx.read(lambda tx: funnels.stages_by_id(tx, wanted))
    seen = await ctx.read(lambda tx: funnels.visible(tx, [stage.funnel_id for stage in found.values()]))
    return {id: Stage.of(stage) for id, stage in found.items() if stage.funnel_id in seen and not stage.deleted}


async def _loss_reasons(ctx: Context, wanted: Sequence[UUID]) -> Found:
    found = await ctx.read(lambda tx: funnels.loss_reasons_by_id(tx, wanted))
    seen = await ctx.read(lambda tx: funnels.visible(tx, [reason.funnel_id for reason in found.values()]))
    return {id: LossReason.of(reason) for id, reason in found.items() if reason.funnel_id in seen}


async def _deals(ctx: Context, wanted: Sequence[UUID]) -> Found:
    found = await ctx.read(lambda tx: deals.get_many(tx, wanted))
    return {id: Deal.of(deal) for id, deal in found.items()}


async def _notes(ctx: Context, wanted: Sequence[UUID]) -> Found:
    found = await ctx.read(lambda tx: deals.get_notes(tx, wanted))
    return {id: Note.of(note) for id, note in found.items()}


async def _tasks(ctx: Context, wanted: Sequence[UUID]) -> Found:
    found = await ctx.read(lambda tx: deals.get_tasks(tx, wanted))
    return {id: Task.of(task) for id, task in found.items()}


async def _subscriptions(ctx: Context, wanted: Sequence[UUID]) -> Found:
    if Permission.BILLING_MANAGE not in ctx.viewer.permissions:
        return dict.fromkeys(wanted, Forbidden(Permission.BILLING_MANAGE))
    found = await ctx.read(lambda tx: billing.get_many(tx, wanted))
    return {id: ModuleSubscription.of(one) for id, one in found.items()}


def _billing(
    look_up: Callable[[Context, Sequence[UUID]], Awaitable[Mapping[UUID, Node]]],
) -> Callable[[Context, Sequence[UUID]], Awaitable[Found]]:
    async def find_for(ctx: Context, wanted: Sequence[UUID]) -> Found:
        if Permission.BILLING_MANAGE not in ctx.viewer.permissions:
            return dict.fromkeys(wanted, Forbidden(Permission.BILLING_MANAGE))
        return await look_up(ctx, wanted)

    return find_for


async def _sources(ctx: Context, wanted: Sequence[UUID]) -> Found:
    if Permission.SOURCES_MANAGE not in ctx.viewer.permissions:
        return dict.fromkeys(wanted, Forbidden(Permission.SOURCES_MANAGE))
    found = await ctx.read(lambda tx: ingest.get_sources(tx, wanted))
    return {id: Source.of(one) for id, one in found.items()}


async def _inbox_items(ctx: Context, wanted: Sequence[UUID]) -> Found:
    if Permission.SOURCES_MANAGE not in ctx.viewer.permissions:
        return dict.fromkeys(wanted, Forbidden(Permission.SOURCES_MANAGE))
    found = await ctx.read(lambda tx: ingest.get_items(tx, wanted))
    return {id: InboxItem.of(one) for id, one in found.items()}


async def _imports(ctx: Context, wanted: Sequence[UUID]) -> Found:
    found = await ctx.read(lambda tx: imports.get_many(tx, wanted))
    return {id: Import.of(one) for id, one in found.items()}


BY_KIND: Mapping[str, Callable[[Context, Sequence[UUID]], Awaitable[Found]]] = {
    "Account": _accounts,
    "User": _users,
    "Funnel": _funnels,
    "Stage": _stages,
    "LossReason": _loss_reasons,
    "Deal": _deals,
    "Note": _notes,
    "Task": _tasks,
    "ModuleSubscription": _subscriptions,
    "Quote": _billing(quotes_by_id),
    "Invoice": _billing(invoices_by_id),
    "Payment": _billing(payments_by_id),
    "Source": _sources,
    "InboxItem": _inbox_items,
    "Import": _imports,
}


async def find(ctx: Context, wanted: Sequence[UUID]) -> list[Any]:
    """In the order of the ids; None for what is not there or not the viewer's to see, Forbidden where a right lacks."""
    kinds = await ctx.read(lambda tx: nodes.kinds(tx, list(set(wanted))))
    found: dict[UUID, Node | Exception | None] = {}
    for kind, look_up in BY_KIND.items():
        of_kind = [id for id in kinds if kinds[id] == kind]
        if of_kind:
            found |= await look_up(ctx, of_kind)
    return [found.get(id) for id in wanted]


@strawberry.type
class NodesQuery:
    @query("Anything by its id; null when it is not there or not the viewer's to see.")
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:
        found: Node | None = (await find(info.context, [read(id)]))[0]
        return found

    @query("The same for at most 200 ids, in their order.")
    async def nodes(self, info: Info, ids: list[strawberry.ID]) -> list[Node | None]:
        if len(ids) > LONGEST:
            raise BadUserInput(f"At most {LONGEST} ids, please.")
        return await find(info.context, [read(id) for id in ids])
