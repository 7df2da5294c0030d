"""What a cart costs: types, the query, and the mutation that asks."""

from collections.abc import Sequence
from typing import Annotated, Any, Self
from uuid import UUID

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Info
from services.graphql.billing import BillingInterval, Module, modules_of
from services.graphql.context import Context
from services.graphql.engine.fields import batched
from services.graphql.errors import Error, Forbidden, IdempotencyConflict, InvalidInput, NotAllowedNow, NotFound
from services.graphql.money import Money
from services.graphql.node import Node
from services.graphql.roots import mutation, query
from services.graphql.scalars import Date, DateTime, date_time, node_id
from services.graphql.words import describe_enum
from services.graphql.writing import act
from shared import billing, ids, money
from shared.actor import Permission
from shared.billing import CATALOGUE, INTERVALS, LineKind
from shared.db import Transaction
from shared.errors import Sentence

describe_enum(
    LineKind,
    "A whole period, a part of one, or what is given back of one.",
    FULL="A whole period.",
    PRORATED="A part of a period.",
    CREDIT="What is given back of a period that was paid.",
)

PERIODS = {
    1: Sentence("month", "місяць"),
    3: Sentence("quarter", "квартал"),
    12: Sentence("year", "рік"),
}
SAYS = {
    LineKind.FULL: Sentence("{module}, a {period}", "{module}, {period}"),
    LineKind.PRORATED: Sentence(
        "{module}, {days} of {of_days} days of a {period}", "{module}, {days} з {of_days} днів ({period})"
    ),
    LineKind.CREDIT: Sentence(
        "{module}: unused {days} of {of_days} days of a {period}",
        "{module}: невикористані {days} з {of_days} днів ({period})",
    ),
}


@strawberry.type(description="A line of a quote or an invoice, with its arithmetic: full price × days / of days.")
class InvoiceLine:
    module: Module = batched(modules_of)
    kind: LineKind = strawberry.field(description="What sort of amount it is.")
    description: str = strawberry.field(description="What it is for: a sentence in the viewer's language.")
    period_start: Date = strawberry.field(description="The first day that is covered.")
    period_end: Date = strawberry.field(description="The first day that is not covered.")
    days: int = strawberry.field(description="Days that are covered, or given back.")
    of_days: int = strawberry.field(description="Days of the whole period that the full price is for.")
    full_price: Money = strawberry.field(description="Of the whole period, VAT contained.")
    amount: Money = strawberry.field(description="What is asked; negative where it is given back.")
    vat: Money = strawberry.field(description="Contained in the amount: 20/120 of it.")

    module_code: strawberry.Private[str]

    @classmethod
    def of(cls, line: billing.Line, currency: str, language: str) -> Self:
        days = line.period.days
        sentence = SAYS[line.kind].filled(module="{module}", days=days, of_days=line.of_days, period="{period}")
        description = sentence.to(language).format(
            module=CATALOGUE[line.module_code].name.to(language), period=PERIODS[line.months].to(language)
        )
        return cls(
            kind=line.kind,
            description=description,
            period_start=Date(line.period.start.isoformat()),
            period_end=Date(line.period.end.isoformat()),
            days=days,
            of_days=line.of_days,
            full_price=Money.of(money.Money(line.full_price, currency)),
            amount=Money.of(money.Money(line.amount, currency)),
            vat=Money.of(money.Money(line.vat, currency)),
            module_code=line.module_code,
        )


@strawberry.type(description="What a cart costs, and what of it the balance pays.")
class Quote(Node):
    lines: list[InvoiceLine] = strawberry.field(description="What it is made of.")
    total: Money = strawberry.field(description="Of all lines together, VAT contained.")
    from_balance: Money = strawberry.field(description="What the balance pays of it.")
    due: Money = strawberry.field(description="What is left to be paid: `total` less `fromBalance`.")
    effective_on: Date = strawberry.field(description="The day that it was counted for.")
    valid_until: DateTime = strawberry.field(description="From then on: QuoteExpired, with a fresh one.")

    @classmethod
    def of(cls, quote: billing.Quote, language: str) -> Self:
        def amount(minor: int) -> Money:
            return Money.of(money.Money(minor, quote.currency))

        return cls(
            id=node_id(quote.id),
            lines=[InvoiceLine.of(line, quote.currency, language) for line in quote.lines],
            total=amount(quote.total),
            from_balance=amount(quote.from_balance),
            due=amount(quote.due),
            effective_on=Date(quote.effective_on.isoformat()),
            valid_until=date_time(quote.valid_until),
        )


@strawberry.type(description="The quote cannot be paid any more as it was made.")
class QuoteExpired(Error):
    quote: Quote = strawberry.field(description="A fresh one, for the same cart.")


QUOTE_EXPIRED = Sentence(
    "The quote has run out, or something has changed since: here is a fresh one.",
    "Розрахунок застарів або щось змінилося: ось новий.",
)


@strawberry.input(description="A module in a cart, and for how long it is to be paid at once.")
class QuoteItemInput:
    module_code: str
    interval: BillingInterval


@strawberry.input(description="The cart.")
class CreateQuoteInput:
    items: list[QuoteItemInput] = strawberry.field(description="1 to 20, each module once.")
    idempotency_key: str | None = UNSET


@strawberry.type(description="What the cart costs.")
class CreateQuotePayload:
    quote: Quote = strawberry.field(description="To be shown, and then paid by its id.")


CreateQuoteResult = Annotated[
    CreateQuotePayload | InvalidInput | NotFound | Forbidden | NotAllowedNow | IdempotencyConflict,
    strawberry.union("CreateQuoteResult"),
]


async def quotes_by_id(ctx: Context, wanted: Sequence[UUID]) -> dict[UUID, Quote]:
    found = await ctx.read(lambda tx: billing.get_quotes(tx, wanted))
    return {id: Quote.of(quote, ctx.language) for id, quote in found.items()}


async def quote_again(tx: Transaction, kept: dict[str, Any]) -> billing.Quote:
    id = UUID(kept["quote"])
    return (await billing.get_quotes(tx, [id]))[id]


def months_of(interval: BillingInterval) -> int:
    return next(months for months, name in INTERVALS.items() if name == interval.value)


@strawberry.type
class QuotesQuery:
    @query("A quote; null when it is not there. Needs BILLING_MANAGE.")
    async def quote(self, info: Info, id: strawberry.ID) -> Quote | None:
        info.context.require(Permission.BILLING_MANAGE)
        wanted = ids.read(id)
        return (await quotes_by_id(info.context, [wanted])).get(wanted)


@strawberry.type
class QuotesMutation:
    @mutation("See what a cart costs, line by line. Needs BILLING_MANAGE.")
    async def create_quote(self, info: Info, input: CreateQuoteInput) -> CreateQuoteResult:
        made = await act(
            info,
            input,
            Permission.BILLING_MANAGE,
            billing.read_cart,
            billing.create_quote,
            keep=lambda made: {"quote": str(made.id)},
            again=quote_again,
        )
        return CreateQuotePayload(quote=Quote.of(made, info.context.language))
