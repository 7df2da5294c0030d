"""Modules of an account: types, mutations, and the refusal of what needs one."""

from collections.abc import Sequence
from enum import Enum
from typing import Annotated, Any, Self
from uuid import UUID

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Info
from services.graphql.context import Context
from services.graphql.engine.fields import batched
from services.graphql.errors import (
    Error,
    Forbidden,
    IdempotencyConflict,
    InvalidInput,
    NotAllowedNow,
    NotFound,
    Refusal,
)
from services.graphql.money import Money
from services.graphql.node import Node
from services.graphql.roots import mutation
from services.graphql.scalars import Date, node_id, optional_date
from services.graphql.words import describe_enum
from services.graphql.writing import act
from shared import billing, errors
from shared.actor import Permission
from shared.billing import CATALOGUE, INTERVALS, ModuleState
from shared.clock import local_date
from shared.db import Transaction

describe_enum(
    ModuleState,
    "How far an account is with a module.",
    TRIALING="It is tried for free.",
    ACTIVE="It is paid.",
    PAST_DUE="Its renewal is not paid yet; for 7 days it can still be used.",
    SUSPENDED="Its renewal was not paid; it cannot be used until it is.",
    CANCELLED="It is over; buying it again begins anew.",
)


class BillingInterval(Enum):
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


describe_enum(
    BillingInterval,
    "For how long a module is paid at once.",
    MONTH="1 month.",
    QUARTER="3 months.",
    YEAR="12 months.",
)


def _interval(months: int | None) -> BillingInterval | None:
    return BillingInterval[INTERVALS[months]] if months else None


@strawberry.type(description="What a module costs for an interval.")
class ModulePrice:
    interval: BillingInterval = strawberry.field(description="For how long it is paid at once.")
    price: Money = strawberry.field(description="Of the whole interval, VAT contained.")
    per_month: Money = strawberry.field(description="The same for each of its months, rounded.")


async def prices_of_modules(ctx: Context, modules: Sequence["Module"]) -> list[list[ModulePrice]]:
    currency = ctx.viewer.require_account().currency
    found = await ctx.read(lambda tx: billing.prices(tx, currency))
    return [
        [
            ModulePrice(
                interval=BillingInterval[INTERVALS[one.months]],
                price=Money.of(one.price),
                per_month=Money.of(one.per_month),
            )
            for one in found
            if one.module_code == module.code
        ]
        for module in modules
    ]


async def trials_available(ctx: Context, modules: Sequence["Module"]) -> list[bool]:
    used = await ctx.read(billing.trials_used)
    connected = {code for code, state in (await ctx.read(billing.states)).items() if state is not ModuleState.CANCELLED}
    return [module.code not in used | connected for module in modules]


@strawberry.type(description="A part of the product that is paid for.")
class Module:
    code: str = strawberry.field(description="For programs, such as sales_funnel.")
    name: str
    description: str = strawberry.field(description="What it brings: a sentence in the viewer's language.")
    trial_days: int = strawberry.field(description="For how long it can be tried.")
    prices: list[ModulePrice] = batched(
        prices_of_modules, description="In the account's currency; empty: not sold in it."
    )
    trial_available: bool = batched(
        trials_available, description="Whether the account may try it now: it never has, and is not connected."
    )

    @classmethod
    def of(cls, code: str, language: str) -> Self:
        module = CATALOGUE[code]
        return cls(
            code=code,
            name=module.name.to(language),
            description=module.description.to(language),
            trial_days=module.trial_days,
        )


async def modules_of(ctx: Context, things: Sequence[Any]) -> list[Module]:
    """Of whatever has a `module_code`."""
    return [Module.of(thing.module_code, ctx.language) for thing in things]


async def usable(ctx: Context, subscriptions: Sequence["ModuleSubscription"]) -> list[bool]:
    account = ctx.viewer.require_account()
    today = local_date(await ctx.read(Transaction.now), account.time_zone)
    return [one.of_account.usable(today) for one in subscriptions]


@strawberry.type(
    description="An account's module. Dates are of the account's zone; an end is the first day not covered."
)
class ModuleSubscription(Node):
    module: Module = batched(modules_of)
    state: ModuleState = strawberry.field(description="How far the account is with it.")
    interval: BillingInterval | None = strawberry.field(
        description="For how long it is paid at once; null: it was never paid."
    )
    period_start: Date | None = strawberry.field(description="The first day of what is paid; null: nothing is.")
    period_end: Date | None = strawberry.field(
        description="The first day that is not paid any more; null: nothing is paid."
    )
    trial_ends_on: Date | None = strawberry.field(description="The first day after the trial; null: it was not tried.")
    cancel_at_period_end: bool = strawberry.field(description="Whether it ends then, and is not renewed.")
    next_interval: BillingInterval | None = strawberry.field(
        description="For how long it is paid at once from the next boundary on; null: as now."
    )
    usable: bool = batched(usable, description="The one question the rest of the product asks.")

    module_code: strawberry.Private[str]
    of_account: strawberry.Private[billing.Subscription]

    @classmethod
    def of(cls, one: billing.Subscription) -> Self:
        return cls(
            id=node_id(one.id),
            state=one.state,
            interval=_interval(one.months),
            period_start=optional_date(one.period_start),
            period_end=optional_date(one.period_end),
            trial_ends_on=optional_date(one.trial_ends_on),
            cancel_at_period_end=one.cancel_at_period_end,
            next_interval=_interval(one.next_months),
            module_code=one.module_code,
            of_account=one,
        )


async def states_of(ctx: Context, refusals: Sequence["ModuleInactive"]) -> list[ModuleState | None]:
    found = await ctx.read(billing.states)
    return [found.get(refusal.module_code) for refusal in refusals]


@strawberry.type(description="The paid module is not usable now: connect it in the subscription settings.")
class ModuleInactive(Error):
    module: Module = batched(modules_of)
    state: ModuleState | None = batched(states_of, description="How far the account is with it; null: it never had it.")

    module_code: strawberry.Private[str]


@strawberry.input(description="A module to be tried. Once per account and module.")
class StartTrialInput:
    module_code: str
    interval: BillingInterval | None = strawberry.field(
        default=UNSET, description="Buy it for so long when the trial ends, with the default payment method."
    )
    idempotency_key: str | None = UNSET


@strawberry.type(description="The module, in its trial.")
class StartTrialPayload:
    module: ModuleSubscription = strawberry.field(description="As it is now.")


StartTrialResult = Annotated[
    StartTrialPayload | InvalidInput | NotFound | Forbidden | NotAllowedNow | IdempotencyConflict,
    strawberry.union("StartTrialResult"),
]


async def subscription_again(tx: Transaction, kept: dict[str, Any]) -> billing.Subscription:
    id = UUID(kept["subscription"])
    return (await billing.get_many(tx, [id]))[id]


@strawberry.type
class BillingMutation:
    @mutation("Try a module for free. Needs BILLING_MANAGE.")
    async def start_trial(self, info: Info, input: StartTrialInput) -> StartTrialResult:
        trial = await act(
            info,
            input,
            Permission.BILLING_MANAGE,
            billing.Trial.read,
            billing.start_trial,
            keep=lambda trial: {"subscription": str(trial.id)},
            again=subscription_again,
        )
        return StartTrialPayload(module=ModuleSubscription.of(trial))


REFUSALS = [Refusal(errors.ModuleInactive, ModuleInactive)]
