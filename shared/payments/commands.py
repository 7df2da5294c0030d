"""What is done with what providers call: kept at once, applied later, and looked at by people where it cannot be."""

import hashlib
from datetime import timedelta
from uuid import UUID

import structlog

from shared import billing, ids, jobs
from shared.db import Transaction
from shared.payments import sql, sql_callbacks
from shared.payments.model import Call, Disputed, Said, Unreadable
from shared.payments.providers import Provider, Providers

CALLBACK = "payments.callback"  # a kept callback, by its id
LONGEST_REASON = 500
LONGEST_KEY = 500  # an index holds no longer ones
MOST_DEAD = 500
KEPT = timedelta(days=90)
FORGOTTEN_AT_ONCE = 1_000
NOT_OURS = "It changes no payment of ours."

log = structlog.get_logger()


async def receive(tx: Transaction, provider: Provider, came: Call) -> None:
    """Keep a verified call, with the job that applies it. One that cannot be read is kept as a dead letter."""
    id, state, reason = ids.new(), "RECEIVED", None
    try:
        key = provider.key(came)
        provider.parse(came)
    except Exception as unreadable:  # some call three times and no more: whatever it is, it is kept
        key, state, reason = "", "DEAD", _told(unreadable)
        if not isinstance(unreadable, Unreadable):
            log.exception("callback not understood", provider=provider.code)
    if not key or len(key) > LONGEST_KEY:
        key = f"sha256:{hashlib.sha256(key.encode() or came.body).hexdigest()}"
    written = await sql_callbacks.insert_callback(tx, id, provider.code, key, _plain(came), state, reason)
    if state == "RECEIVED":
        await jobs.add_for(tx, CALLBACK, id, written)


async def apply(providers: Providers, tx: Transaction, job: jobs.Job) -> None:
    """Do what a kept call says, in the account whose payment it is about."""
    assert job.ref is not None
    kept = await sql_callbacks.lock_callback(tx, job.ref)
    if kept is None or kept.state != "RECEIVED":
        return
    provider = providers.get(kept.provider)
    if provider is None:
        raise LookupError(f"There are no keys for {kept.provider} now.")
    try:
        said = provider.parse(kept.call)
        async with tx.attempt():
            is_ours = await _take_in(tx, kept, said)
    except (Unreadable, billing.ForeignMoney) as refused:
        await sql_callbacks.update_callback(tx, kept.id, "DEAD", _told(refused))
    else:
        await sql_callbacks.update_callback(tx, kept.id, *(("APPLIED",) if is_ours else ("IGNORED", NOT_OURS)))


async def _take_in(tx: Transaction, kept: sql_callbacks.Callback, said: Said | Disputed | None) -> bool:
    """False when it is about no payment that we know."""
    if isinstance(said, Disputed):
        await sql.lock_names(tx, said.names)
        payment_id = await sql.select_named(tx, kept.provider, said.names)
        if payment_id is None:
            await sql_callbacks.update_about(tx, kept.id, said.names[0])
            return False
        await enter(tx, payment_id, kept.provider)
        amount = said.amount
        told = billing.Dispute(payment_id, said.reference, amount.minor, amount.currency, said.is_won)
        await billing.dispute(tx, told)
    elif said is not None:
        await enter(tx, said.payment_id, kept.provider)
        await record(tx, said)
    return said is not None


async def bury(tx: Transaction, job: jobs.Job, error: str) -> None:
    """A call that no attempt came to an end with is for people to look at."""
    assert job.ref is not None
    await sql_callbacks.update_callback(tx, job.ref, "DEAD", error[:LONGEST_REASON])


async def enter(tx: Transaction, payment_id: UUID, provider: str) -> None:
    """Go on in the payment's account. Raises Unreadable for a payment that was not begun with that provider."""
    account_id = await sql.select_account_of(tx, payment_id)
    if account_id is not None:
        await tx.enter(account_id)
        order = await sql.select_order(tx, payment_id)
        if order is not None and order.provider == provider:
            return
    raise Unreadable(f"{provider} knows a payment {payment_id} that was not begun with it.")


async def record(tx: Transaction, said: Said) -> None:
    """What a provider says becomes what we know. Raises ForeignMoney."""
    if said.reference is not None:
        await sql.update_reference(tx, said.payment_id, said.reference)
    if said.names and billing.RANKS[said.state] >= billing.RANKS[billing.Rank.PAID]:
        await _learn_names(tx, said)
    card = said.card
    await billing.settle(
        tx,
        billing.Report(
            said.payment_id,
            said.state,
            said.amount.minor,
            said.amount.currency,
            said.refunded,
            said.failure,
            billing.Token(card.token, card.label, card.expires_on) if card else None,
        ),
    )


async def _learn_names(tx: Transaction, said: Said) -> None:
    """Of what was paid: a dispute may name it only so, and may have come before."""
    await sql.lock_names(tx, said.names)
    if await sql.insert_names(tx, said.payment_id, said.names):
        for callback_id in await sql_callbacks.revive_callbacks_about(tx, said.payment_id, said.names):
            await jobs.add(tx, CALLBACK, ref=callback_id, real_clock=True)


async def forget_old(tx: Transaction) -> None:
    """The oldest calls that nothing more becomes of, so many a turn. Dead ones wait for people."""
    await sql_callbacks.delete_callbacks(tx, KEPT, FORGOTTEN_AT_ONCE)


async def dead(tx: Transaction) -> list[sql_callbacks.DeadCallback]:
    """The oldest first."""
    return await sql_callbacks.select_dead_callbacks(tx, MOST_DEAD)


async def replay(tx: Transaction, callback_id: UUID) -> bool:
    """Apply a dead call once more; False when there is no such."""
    revived = await sql_callbacks.revive_callback(tx, callback_id)
    if revived:
        await jobs.add(tx, CALLBACK, ref=callback_id)
    return revived


def _told(refusal: Exception) -> str:
    return str(refusal)[:LONGEST_REASON].replace("\0", "") or type(refusal).__name__


def _plain(came: Call) -> Call:
    """Headers that a column of JSON can hold."""
    return Call({name: value.replace("\0", "") for name, value in came.headers.items()}, came.body)
