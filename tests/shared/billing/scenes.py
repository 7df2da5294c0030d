"""Steps of stories about billing, by the account's own clock."""

import asyncio
from datetime import UTC, date, datetime
from uuid import UUID

from services.worker.kinds import KINDS
from shared import accounts, billing, jobs
from shared.billing import Invoice, Paid, Pay, Payment, Quote, Rank, Report
from shared.clock import first_moment
from shared.db import Database, Transaction
from shared.jobs import Kind
from tests import make

ZONE = "Europe/Kyiv"
# No provider is asked here: what they would say of a charge, each story says by itself.
WITHOUT_PROVIDERS = {**KINDS, billing.CHARGE: Kind(lambda _tx, _job: asyncio.sleep(0))}
PROVIDERS = frozenset({"sandbox"})
BY_PAGE = {"provider": "sandbox"}


async def account(db: Database, on: date, time_zone: str = ZONE) -> UUID:
    """A test account whose clock begins at noon of a day."""
    new = await make.account(db, usable=(), test=True, time_zone=time_zone)
    async with db.transaction(new.id) as tx:
        at = first_moment(on, time_zone).replace(minute=30)
        await accounts.set_clock_offset(tx, at - datetime.now(UTC))
    return new.id


async def walk(db: Database, account_id: UUID, to: date, time_zone: str = ZONE) -> None:
    """The clock goes to half past midnight of a day; what falls due on the way is done."""
    async with db.transaction(account_id) as tx:
        await accounts.set_clock(tx, account_id, first_moment(to, time_zone).replace(minute=30))
    while True:
        async with db.transaction(account_id) as tx:
            if not await accounts.is_walking(tx):
                return
            job_id = await tx.fetchval(
                "SELECT id FROM jobs WHERE account_id = $1 AND kind = $2 AND state = 'queued'",
                account_id,
                accounts.WALK,
            )
        if not await jobs.perform(db, WITHOUT_PROVIDERS, job_id):
            await asyncio.sleep(0.02)


async def quote(tx: Transaction, *cart: tuple[str, int]) -> Quote:
    return await billing.create_quote(tx, cart)


async def begin(tx: Transaction, quote_id: UUID) -> Paid:
    return await billing.pay(tx, Pay.read({"quote_id": str(quote_id), **BY_PAGE}, PROVIDERS))


async def report(tx: Transaction, payment: Payment, rank: Rank = Rank.PAID, refunded: int = 0) -> Payment:
    return await billing.settle(
        tx, Report(payment.id, rank, payment.amount, payment.currency, refunded, token=billing.Token("t", "4242"))
    )


async def buy(db: Database, account_id: UUID, *cart: tuple[str, int]) -> Quote:
    """Quoted, and paid on a provider's page."""
    async with db.transaction(account_id) as tx:
        quoted = await quote(tx, *cart)
        paid = await begin(tx, quoted.id)
        assert paid.payment
        await report(tx, paid.payment)
    return quoted


async def invoices(db: Database, account_id: UUID) -> list[Invoice]:
    """The oldest first."""
    async with db.transaction(account_id) as tx:
        return (await billing.invoice_page(tx, None, 200))[::-1]


async def balance(db: Database, account_id: UUID) -> int:
    async with db.transaction(account_id) as tx:
        return (await billing.overview(tx)).balance


async def states(db: Database, account_id: UUID) -> dict[str, str]:
    async with db.transaction(account_id) as tx:
        return {code: str(state) for code, state in (await billing.states(tx)).items()}


async def charged(db: Database, account_id: UUID, rank: Rank) -> int:
    """All charges that renewals began end so; how many there were."""
    async with db.transaction(account_id) as tx:
        rows = await tx.fetch("SELECT id FROM payments WHERE account_id = $1 AND rank = 0", account_id)
        found = await billing.get_payments(tx, [row["id"] for row in rows])
        for payment in found.values():
            await report(tx, payment, rank)
    return len(found)
