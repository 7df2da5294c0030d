"""Every SQL statement about prices and subscriptions. One statement per function, no decisions."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from shared.billing.model import ModuleState, Price, Subscription
from shared.db import Record, Transaction
from shared.money import Money

SUBSCRIPTION = """id, module_code, state, months, period_start, period_end, trial_ends_on, cancel_at_period_end,
                  next_months, suspended_on, trial_months"""
COLUMNS = [name.strip() for name in SUBSCRIPTION.split(",")]


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
    await tx.later(
        """UPDATE module_subscriptions kept
              SET state = new.state, months = new.months, period_start = new.period_start, period_end = new.period_end,
                  cancel_at_period_end = new.cancel_at_period_end, next_months = new.next_months,
                  suspended_on = new.suspended_on, trial_months = new.trial_months
             FROM unnest($2::uuid[], $3::text[], $4::integer[], $5::date[], $6::date[], $7::boolean[], $8::integer[],
                         $9::date[], $10::integer[])
                  AS new (id, state, months, period_start, period_end, cancel_at_period_end, next_months, suspended_on,
                          trial_months)
            WHERE kept.account_id = $1 AND kept.id = new.id""",
        tx.account_id,
        [one.id for one in changed],
        [one.state for one in changed],
        [one.months for one in changed],
        [one.period_start for one in changed],
        [one.period_end for one in changed],
        [one.cancel_at_period_end for one in changed],
        [one.next_months for one in changed],
        [one.suspended_on for one in changed],
        [one.trial_months for one in changed],
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
    return [subscription_of(row) for row in rows]


async def select_newest(tx: Transaction) -> list[Subscription]:
    """The newest subscription to each module that the account has, or had."""
    rows = await tx.fetch(
        f"""SELECT DISTINCT ON (module_code) {SUBSCRIPTION}
              FROM module_subscriptions
             WHERE account_id = $1
             ORDER BY module_code, started_at DESC, id DESC""",
        tx.account_id,
    )
    return [subscription_of(row) for row in rows]


async def select_by_ids(tx: Transaction, ids: Sequence[UUID]) -> list[Subscription]:
    rows = await tx.fetch(
        f"SELECT {SUBSCRIPTION} FROM module_subscriptions WHERE account_id = $1 AND id = ANY($2::uuid[])",
        tx.account_id,
        list(ids),
    )
    return [subscription_of(row) for row in rows]


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


async def select_prices(tx: Transaction, currency: str, on: date) -> list[Price]:
    """The prices in force on a day, by module and length."""
    rows = await tx.fetch(
        """SELECT DISTINCT ON (module_code, months) module_code, months, price, currency
             FROM module_prices
            WHERE currency = $1 AND effective_from AT TIME ZONE 'UTC' <= $2::date
            ORDER BY module_code, months, version DESC""",
        currency,
        on,
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


async def insert_price(tx: Transaction, module_code: str, months: int, price: Money, version: int, since: date) -> None:
    """A civil day stands in its column as the midnight of UTC."""
    await tx.execute(
        """INSERT INTO module_prices (module_code, currency, months, version, price, effective_from)
                VALUES ($1, $2, $3, $4, $5, $6::date::timestamp AT TIME ZONE 'UTC')""",
        module_code,
        price.currency,
        months,
        version,
        price.minor,
        since,
    )


def subscription_of(row: Record) -> Subscription:
    """`row`: has the columns of `SUBSCRIPTION`, and may have others."""
    return Subscription(**{name: row[name] for name in COLUMNS} | {"state": ModuleState(row["state"])})
