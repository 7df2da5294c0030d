"""Every SQL statement about prices and subscriptions. One statement per function, no decisions."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shared.billing.model import ModuleState, Price, Subscription
from shared.db import Record, Transaction
from shared.money import Money

SUBSCRIPTION = """id, module_code, state, months, period_start, period_end, trial_ends_on, cancel_at_period_end,
                  next_months, suspended_on, trial_months"""


async def insert_subscription(tx: Transaction, new: Subscription, at: datetime) -> None:
    await tx.execute(
        f"""INSERT INTO module_subscriptions (account_id, started_at, {SUBSCRIPTION})
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)""",
        tx.account_id,
        at,
        new.id,
        new.module_code,
        new.state,
        new.months,
        new.period_start,
        new.period_end,
        new.trial_ends_on,
        new.cancel_at_period_end,
        new.next_months,
        new.suspended_on,
        new.trial_months,
    )


async def update_subscriptions(tx: Transaction, changed: Sequence[Subscription]) -> None:
    await tx.executemany(
        """UPDATE module_subscriptions
              SET state = $3, months = $4, period_start = $5, period_end = $6, cancel_at_period_end = $7,
                  next_months = $8, suspended_on = $9, trial_months = $10
            WHERE account_id = $1 AND id = $2""",
        [
            (
                tx.account_id,
                one.id,
                one.state,
                one.months,
                one.period_start,
                one.period_end,
                one.cancel_at_period_end,
                one.next_months,
                one.suspended_on,
                one.trial_months,
            )
            for one in changed
        ],
    )


async def select_subscriptions(tx: Transaction, module_code: str) -> list[Subscription]:
    rows = await tx.fetch(
        f"""SELECT {SUBSCRIPTION}
              FROM module_subscriptions
             WHERE account_id = $1 AND module_code = $2
             ORDER BY started_at DESC""",
        tx.account_id,
        module_code,
    )
    return [_subscription(row) for row in rows]


async def select_newest(tx: Transaction) -> list[Subscription]:
    """The newest subscription to each module that the account has, or had."""
    rows = await tx.fetch(
        f"""SELECT DISTINCT ON (module_code) {SUBSCRIPTION}
              FROM module_subscriptions
             WHERE account_id = $1
             ORDER BY module_code, started_at DESC, id DESC""",
        tx.account_id,
    )
    return [_subscription(row) for row in rows]


async def select_by_ids(tx: Transaction, ids: Sequence[UUID]) -> list[Subscription]:
    rows = await tx.fetch(
        f"SELECT {SUBSCRIPTION} FROM module_subscriptions WHERE account_id = $1 AND id = ANY($2::uuid[])",
        tx.account_id,
        list(ids),
    )
    return [_subscription(row) for row in rows]


async def select_states(tx: Transaction) -> dict[str, ModuleState]:
    """Of the newest subscription to each module that the account has, or had."""
    rows = await tx.fetch(
        """SELECT DISTINCT ON (module_code) module_code, state
             FROM module_subscriptions
            WHERE account_id = $1
            ORDER BY module_code, started_at DESC""",
        tx.account_id,
    )
    return {row["module_code"]: ModuleState(row["state"]) for row in rows}


async def select_trials_used(tx: Transaction) -> set[str]:
    rows = await tx.fetch(
        "SELECT module_code FROM module_subscriptions WHERE account_id = $1 AND trial_ends_on IS NOT NULL",
        tx.account_id,
    )
    return {row["module_code"] for row in rows}


async def select_prices(tx: Transaction, currency: str, at: datetime | None) -> list[Price]:
    """The prices in force at a time, or now, by module and length."""
    rows = await tx.fetch(
        """SELECT DISTINCT ON (module_code, months) module_code, months, price, currency
             FROM module_prices
            WHERE currency = $1 AND effective_from <= coalesce($2, account_now())
            ORDER BY module_code, months, version DESC""",
        currency,
        at,
    )
    return [Price(row["module_code"], row["months"], Money(row["price"], row["currency"])) for row in rows]


async def select_last_version(tx: Transaction, module_code: str, months: int, currency: str) -> int:
    """0 when it was never sold so."""
    version: int = await tx.fetchval(
        """SELECT coalesce(max(version), 0)
             FROM module_prices
            WHERE module_code = $1 AND months = $2 AND currency = $3""",
        module_code,
        months,
        currency,
    )
    return version


async def insert_price(
    tx: Transaction, module_code: str, months: int, price: Money, version: int, since: datetime
) -> None:
    await tx.execute(
        """INSERT INTO module_prices (module_code, currency, months, version, price, effective_from)
                VALUES ($1, $2, $3, $4, $5, $6)""",
        module_code,
        price.currency,
        months,
        version,
        price.minor,
        since,
    )


async def select_price_version(tx: Transaction, currency: str) -> int:
    """How many prices in the currency have come into force: another one, and the number is greater."""
    version: int = await tx.fetchval(
        "SELECT count(*)::int FROM module_prices WHERE currency = $1 AND effective_from <= account_now()", currency
    )
    return version


def _subscription(row: Record) -> Subscription:
    return Subscription(**{**row, "state": ModuleState(row["state"])})
