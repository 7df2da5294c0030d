"""What happens to an account's billing, live: its log, as the contract shows it."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated
from uuid import UUID

import strawberry

from services.graphql.accounts import Info
from services.graphql.billing import ModuleSubscription
from services.graphql.context import Context
from services.graphql.engine.fields import batched
from services.graphql.invoices import Invoice, Payment, invoices_by_id, payments_by_id
from services.graphql.live.follow import Subscriber
from services.graphql.live.rooms import News
from services.graphql.money import Money
from services.graphql.roots import subscription
from services.graphql.scalars import Date
from shared import billing, money
from shared.actor import Permission
from shared.clock import local_date


async def modules_of_changes(ctx: Context, changes: Sequence["ModuleChanged"]) -> list[ModuleSubscription]:
    found = await ctx.read(lambda tx: billing.get_many(tx, [change.changed_id for change in changes]))
    return [ModuleSubscription.of(found[change.changed_id]) for change in changes]


async def payments_of_changes(ctx: Context, changes: Sequence["PaymentChanged"]) -> list[Payment]:
    found = await payments_by_id(ctx, [change.changed_id for change in changes])
    return [found[change.changed_id] for change in changes]


async def invoices_of_changes(ctx: Context, changes: Sequence["InvoiceChanged"]) -> list[Invoice]:
    found = await invoices_by_id(ctx, [change.changed_id for change in changes])
    return [found[change.changed_id] for change in changes]


async def balances(ctx: Context, changes: Sequence["BalanceChanged"]) -> list[Money]:
    seen = await ctx.read(billing.overview)
    currency = ctx.viewer.require_account().currency
    return [Money.of(money.Money(seen.balance, currency)) for _ in changes]


@strawberry.type(description="The first message: from now on, everything follows. Read `billing` again.")
class BillingReady:
    today: Date = strawberry.field(description="In the account's time zone.")


@strawberry.type(description="A module was connected, changed or ended. Every user of the account is told.")
class ModuleChanged:
    module: ModuleSubscription = batched(modules_of_changes, description="As it is now.")

    changed_id: strawberry.Private[UUID]


@strawberry.type(description="A payment was begun, or got further.")
class PaymentChanged:
    payment: Payment = batched(payments_of_changes, description="As it is now.")

    changed_id: strawberry.Private[UUID]


@strawberry.type(description="An invoice was issued, paid, or is void.")
class InvoiceChanged:
    invoice: Invoice = batched(invoices_of_changes, description="As it is now.")

    changed_id: strawberry.Private[UUID]


@strawberry.type(description="Something came to the balance, or was taken from it.")
class BalanceChanged:
    balance: Money = batched(balances, description="As it is now.")

    changed_id: strawberry.Private[UUID]


CHANGES: dict[str, type[ModuleChanged | PaymentChanged | InvoiceChanged | BalanceChanged]] = {
    change.__name__: change for change in (ModuleChanged, PaymentChanged, InvoiceChanged, BalanceChanged)
}
BillingMessage = Annotated[
    BillingReady | ModuleChanged | PaymentChanged | InvoiceChanged | BalanceChanged,
    strawberry.union("BillingMessage", description="What a subscriber of the account's billing is told."),
]


@strawberry.type
class BillingSubscription:
    @subscription("Changes of modules; with BILLING_MANAGE also of payments, invoices and the balance.")
    async def billing_changed(self, info: Info) -> AsyncIterator[BillingMessage]:
        ctx = info.context
        account = ctx.viewer.require_account()
        sees_all = Permission.BILLING_MANAGE in ctx.viewer.permissions
        async with ctx.db.transaction(account.id) as tx:
            await billing.begin_log(tx)
        async with ctx.rooms.watching(account.id, account.id) as room:
            subscriber = Subscriber(room, room.head)
            yield await _ready(ctx)
            while True:
                for told in await subscriber.next():
                    if not isinstance(told, News):
                        yield await _ready(ctx)  # too far behind
                    elif sees_all or told.recorded.kind == billing.MODULE_CHANGED:
                        yield _message(told)


async def _ready(ctx: Context) -> BillingReady:
    zone = ctx.viewer.require_account().time_zone
    async with ctx.db.reading(ctx.viewer.account_id) as tx:
        return BillingReady(today=Date(local_date(await tx.now(), zone).isoformat()))


def _message(told: News) -> ModuleChanged | PaymentChanged | InvoiceChanged | BalanceChanged:
    return CHANGES[told.recorded.kind](changed_id=UUID(told.recorded.payload["id"]))
