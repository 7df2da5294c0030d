"""How payers go on: a payment that no provider knows yet is begun there when its checkout is asked for."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import strawberry
import structlog

from services.graphql.context import Context
from services.graphql.scalars import JSON
from shared import payments
from shared.errors import Sentence, Unavailable

if TYPE_CHECKING:
    from services.graphql.invoices import Payment

PROVIDERS_AT_ONCE = 8
NO_ANSWER = Sentence(
    "{provider} does not answer now. The invoice waits: ask for this checkout again in a moment, or pay in another way.",
    "{provider} зараз не відповідає. Рахунок чекає: спробуйте ще раз за мить або оплатіть іншим способом.",
)
NOT_TAKEN = Sentence(
    "{provider} does not take this payment. The invoice waits: pay in another way.",
    "{provider} не приймає цього платежу. Рахунок чекає: оплатіть іншим способом.",
)

log = structlog.get_logger()


@strawberry.type(description="How the payer goes on: open the url, or post the fields to it as a form.")
class Checkout:
    url: str = strawberry.field(description="Where the payer's browser goes.")
    method: str = strawberry.field(description="GET or POST.")
    fields: JSON = strawberry.field(description="Names and values of the form; `{}` for GET.")


async def checkouts(ctx: Context, asked: Sequence["Payment"]) -> list[Checkout | Unavailable | None]:
    """A payment that no provider knows yet is begun there; the host CRM, which pays nothing, is shown none.

    Providers are asked at once, and one that does not answer keeps no payer from the others.
    """
    providers, account_id = payments.configured(ctx.settings), ctx.viewer.account_id
    turns = asyncio.Semaphore(PROVIDERS_AT_ONCE)

    async def begin(payment: "Payment") -> Checkout | Unavailable | None:
        if account_id is None:
            return None
        try:
            async with turns:
                begun = await payments.checkout(ctx.db, providers, account_id, payment.payment_id)
        except (payments.OutcomeUnknown, payments.Refused, payments.Unreadable) as failure:
            log.warning("checkout not begun", payment=payment.id, provider=payment.provider, error=str(failure))
            says = NOT_TAKEN if isinstance(failure, payments.Refused) else NO_ANSWER
            return Unavailable(instead=says.filled(provider=providers[payment.provider].name))
        return Checkout(**begun.to_json()) if begun else None

    return await asyncio.gather(*map(begin, asked))
