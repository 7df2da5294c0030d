"""What a payment begins with, and how it ends."""

from dataclasses import dataclass
from uuid import UUID

from shared import billing
from shared.billing import Pay, Payment
from shared.db import Database
from tests import make


@dataclass(frozen=True)
class Begun:
    """A payment of 500.00 UAH, for a month of `sales_funnel`."""

    id: UUID
    account_id: UUID


@dataclass(frozen=True)
class End:
    """`entries`: how often money came from outside; `active`: modules that may be used."""

    state: str
    refunded: int
    active: list[str]
    entries: int
    balance: int


async def begun(db: Database, provider: str) -> Begun:
    account = await make.account(db, usable=())
    async with db.transaction(account.id) as tx:
        quoted = await billing.create_quote(tx, [("sales_funnel", 1)])
        wanted = Pay.read({"quote_id": str(quoted.id), "provider": provider}, frozenset({provider}))
        payment = (await billing.pay(tx, wanted)).payment
    assert payment is not None
    assert payment.amount == 500_00
    return Begun(payment.id, account.id)


async def payment_of(db: Database, payment_id: UUID, account_id: UUID) -> Payment:
    async with db.transaction(account_id) as tx:
        return (await billing.get_payments(tx, [payment_id]))[payment_id]


async def end(db: Database, begun: Begun) -> End:
    async with db.transaction(begun.account_id) as tx:
        payment = (await billing.get_payments(tx, [begun.id]))[begun.id]
        entries = await tx.fetchval(
            "SELECT count(*) FROM ledger WHERE source_type = 'PAYMENT' AND source_id = $1 AND kind = 'received'",
            begun.id,
        )
        states = await billing.states(tx)
        balance = (await billing.overview(tx)).balance
    active = sorted(code for code, state in states.items() if state is billing.ModuleState.ACTIVE)
    return End(payment.state, payment.refunded, active, entries, balance)
