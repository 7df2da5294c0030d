"""Speaking to providers: to start a payment, to charge a saved card, to pay back, and to ask what became of it.

No transaction is open while a provider is spoken to. What costs money is written down before it is asked for: whoever
finds it begun asks what became of it, and never does it again.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog

from shared import billing, jobs
from shared.billing import Rank
from shared.db import JOB, Database, Transaction
from shared.payments import sql
from shared.payments.commands import record
from shared.payments.model import (
    LONGEST_FAILURE,
    Checkout,
    NotKnown,
    NotReached,
    Order,
    OutcomeUnknown,
    Refused,
    Said,
    Unreadable,
    given_back,
)
from shared.payments.providers import Provider, Providers

POLL = "payments.poll"  # a payment, by its id, of which we have not heard the end
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
POLLS = (MINUTE, 3 * MINUTE, 10 * MINUTE, 30 * MINUTE, 2 * HOUR, 12 * HOUR, *(day * DAY for day in range(1, 8)))
NEVER_HEARD = 30 * MINUTE  # a charge that the provider does not know by then was never asked for
CHECKOUT, CHARGE = "CHECKOUT", "CHARGE"
NOT_WANTED = "The card was not charged: nothing was to be paid by it any more."

log = structlog.get_logger()


async def checkout(db: Database, providers: Providers, account_id: UUID, payment_id: UUID) -> Checkout | None:
    """How the payer goes on; None when there is nothing to be paid on a page.

    Raises OutcomeUnknown when the provider does not say, Refused.
    """
    async with db.transaction(account_id) as tx:
        order = await sql.select_order(tx, payment_id)
        if order is None or order.card is not None or not order.payable or order.rank > billing_rank(Rank.FAILED):
            return None
        kept = await sql.select_checkout(tx, payment_id)
        provider = providers.get(order.provider)
        if kept is not None or provider is None:
            return kept
        await _begin(tx, order, CHECKOUT)
    started = await provider.start(order)
    async with db.transaction(account_id) as tx:
        await sql.update_checkout(tx, payment_id, started.checkout, started.reference)
        return await sql.select_checkout(tx, payment_id)  # of several that were begun at once, payers see one


async def charge(providers: Providers, db: Database, _kinds: jobs.Kinds, job: jobs.Job) -> None:
    """Charge a saved card, once: an attempt that was begun before is asked about."""
    order, account_id = await _order(db, job)
    if order.rank >= billing_rank(Rank.FAILED):
        return
    if order.started_at is None and not order.payable:  # it was paid, void, or the card removed before we came to it
        async with db.transaction(account_id, limits=JOB) as tx:
            await record(tx, Said(order.payment_id, Rank.FAILED, order.amount, failure=NOT_WANTED))
        return
    provider = _provider(providers, order)
    async with db.transaction(account_id, limits=JOB) as tx:
        is_first = await _begin(tx, order, CHARGE)
    try:
        said = _about(order, await (provider.charge(order) if is_first else provider.ask(order)))
    except (OutcomeUnknown, Unreadable, Refused) as failure:
        if not (is_first and isinstance(failure, Refused)):
            log.warning("charge of unknown outcome", payment=str(order.payment_id), error=str(failure))
            return  # it is asked for again and again
        said = Said(order.payment_id, Rank.FAILED, order.amount, failure=str(failure)[:LONGEST_FAILURE])
    async with db.transaction(account_id, limits=JOB) as tx:
        await record(tx, said)


async def ask(providers: Providers, db: Database, _kinds: jobs.Kinds, job: jobs.Job) -> None:
    """Ask what became of a payment."""
    order, account_id = await _order(db, job)
    if _is_over(order):
        return
    assert order.started_at is not None
    try:
        said = _about(order, await _provider(providers, order).ask(order))
    except NotKnown:
        if order.card is None or job.due_at - order.started_at < NEVER_HEARD:
            return
        said = Said(order.payment_id, Rank.FAILED, order.amount, failure=f"{order.provider} never heard of it.")
    except (OutcomeUnknown, Unreadable, Refused) as unknown:
        log.warning("payment asked for in vain", payment=str(order.payment_id), error=str(unknown))
        return
    async with db.transaction(account_id, limits=JOB) as tx:
        await record(tx, said)


async def ask_again(tx: Transaction, job: jobs.Job) -> None:
    """Later, unless we have heard the end, or a week has gone by."""
    assert job.ref is not None
    order = await sql.select_order(tx, job.ref)
    if order is not None and order.started_at is not None and not _is_over(order):
        await _ask_later(tx, order.payment_id, order.started_at, job.due_at - order.started_at)


async def refund(providers: Providers, db: Database, _kinds: jobs.Kinds, job: jobs.Job) -> None:
    """Pay back, once: with its key again where the provider goes by keys. Elsewhere what was begun is asked about.

    Raises OutcomeUnknown while nobody can tell whether an earlier attempt did.
    """
    assert job.ref is not None
    async with db.transaction(job.account_id, limits=JOB) as tx:
        wanted = await sql.select_refund(tx, job.ref)
        assert wanted is not None
        if wanted.refused:  # the balance has had it back since
            return
        order = await sql.select_order(tx, wanted.payment_id)
        assert order is not None
        goal = wanted.goal or await sql.insert_refund_attempt(tx, wanted)
    provider = _provider(providers, order)
    if wanted.goal is None or _is_known(wanted, provider):
        try:
            await provider.refund(order, wanted.amount, str(wanted.id))
        except (Refused, NotReached):  # nothing was paid back, and it may be asked for again
            async with db.transaction(job.account_id, limits=JOB) as tx:
                await sql.delete_refund_attempt(tx, wanted.id)
            raise
    elif _about(order, await provider.ask(order)).refunded < goal:
        raise OutcomeUnknown(f"{order.provider} does not say that {goal} of {order.amount.minor} went back.")
    amount = order.amount
    back = Said(order.payment_id, given_back(Rank.PAID, amount.minor, goal), amount, goal)
    async with db.transaction(job.account_id, limits=JOB) as tx:
        await record(tx, back)


async def refund_refused(tx: Transaction, job: jobs.Job, error: str) -> None:
    """Given up: what was refused goes to the balance again; what may have been done is for people to look at."""
    assert job.ref is not None
    wanted = await sql.select_refund(tx, job.ref)
    if wanted is not None and wanted.goal is None:
        await billing.refund_refused(tx, wanted.id, error[:LONGEST_FAILURE])


async def nothing_more(tx: Transaction, job: jobs.Job) -> None:
    """All was done before, in transactions of their own."""


def billing_rank(rank: Rank) -> int:
    return billing.RANKS[rank]


def with_providers(
    work: Callable[[Providers, Database, jobs.Kinds, jobs.Job], Awaitable[None]], providers: Callable[[], Providers]
) -> Callable[[Database, jobs.Kinds, jobs.Job], Awaitable[None]]:
    async def done(db: Database, kinds: jobs.Kinds, job: jobs.Job) -> None:
        await work(providers(), db, kinds, job)

    return done


async def _begin(tx: Transaction, order: Order, kind: str) -> bool:
    """False when it was begun before. From now on we ask for it."""
    began = await sql.insert_attempt(tx, order.payment_id, kind)
    if began is not None:
        await _ask_later(tx, order.payment_id, began, timedelta())
    return began is not None


async def _ask_later(tx: Transaction, payment_id: UUID, began: datetime, age: timedelta) -> None:
    """Not by the account's clock: a provider has none of our test accounts'."""
    following = next((poll for poll in POLLS if poll > age), None)
    if following is not None:
        await jobs.add(
            tx,
            POLL,
            ref=payment_id,
            due_at=began + following,
            real_clock=True,
            dedupe_key=f"{POLL}:{payment_id}:{following.total_seconds():.0f}",
        )


def _is_known(begun: sql.Refund, provider: Provider) -> bool:
    """Whether the provider would know by its key that it has been asked for that refund before."""
    return begun.begun_at is not None and datetime.now(UTC) - begun.begun_at < provider.keys_kept


def _about(order: Order, said: Said) -> Said:
    """Raises Unreadable for an answer that is about another payment."""
    if said.payment_id != order.payment_id:
        raise Unreadable(f"{order.provider} was asked for {order.payment_id}, and answers of {said.payment_id}.")
    return said


def _is_over(order: Order) -> bool:
    """On a page, a payer who was declined can still try another card."""
    last = Rank.FAILED if order.card is not None else Rank.PAID
    return order.rank >= billing_rank(last)


async def _order(db: Database, job: jobs.Job) -> tuple[Order, UUID]:
    assert job.account_id is not None
    assert job.ref is not None
    async with db.reading(job.account_id, limits=JOB) as tx:
        order = await sql.select_order(tx, job.ref)
    assert order is not None
    return order, job.account_id


def _provider(providers: Providers, order: Order) -> Provider:
    provider = providers.get(order.provider)
    if provider is None:
        raise LookupError(f"There are no keys for {order.provider} now.")
    return provider
