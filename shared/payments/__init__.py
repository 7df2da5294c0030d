"""Payment providers: how payers get there, what providers call with, and what is asked of them."""

from collections.abc import Callable
from functools import partial

from shared import billing
from shared.config import Settings
from shared.db import Transaction
from shared.jobs import Job, Kind, Kinds
from shared.payments import asking, pretending
from shared.payments.asking import POLL, checkout
from shared.payments.commands import CALLBACK, apply, bury, dead, forget_old, receive, replay
from shared.payments.model import Answer, Call, Checkout, OutcomeUnknown, Refused, Unreadable
from shared.payments.pretending import CALL, Choice
from shared.payments.providers import Provider, Providers, configured


def kinds(settings: Callable[[], Settings]) -> Kinds:
    """What a worker does for payments; the settings are read when there is something to do."""

    def providers() -> Providers:
        return configured(settings())

    async def apply_callback(tx: Transaction, job: Job) -> None:
        await apply(providers(), tx, job)

    return {
        CALLBACK: Kind(apply_callback, bury),
        POLL: Kind(asking.ask_again, before=asking.with_providers(asking.ask, providers)),
        CALL: Kind(asking.nothing_more, before=partial(pretending.call_back, settings)),
        billing.CHARGE: Kind(asking.nothing_more, before=asking.with_providers(asking.charge, providers)),
        billing.REFUND: Kind(
            asking.nothing_more, asking.refund_refused, before=asking.with_providers(asking.refund, providers)
        ),
    }


__all__ = [
    "CALL",
    "CALLBACK",
    "POLL",
    "Answer",
    "Call",
    "Checkout",
    "Choice",
    "OutcomeUnknown",
    "Provider",
    "Providers",
    "Refused",
    "Unreadable",
    "apply",
    "bury",
    "checkout",
    "configured",
    "dead",
    "forget_old",
    "kinds",
    "receive",
    "replay",
]
