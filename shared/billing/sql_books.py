"""What books are opened from, and what is written of the account when they are closed. No decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from shared.accounts import Account, module_is_usable
from shared.billing.model import PriceList, PriceVersion, Subscription
from shared.billing.sql import SUBSCRIPTION, subscription_of
from shared.db import Transaction


@dataclass(frozen=True, slots=True)
class Standing:
    """What is counted of an account's billing. `origin`: of its grid; None while no module is connected."""

    origin: date | None
    grid_version: int
    balance: int
    invoice_number: int
    credit_note_number: int


@dataclass(frozen=True, slots=True)
class Kept:
    """`modules`: the newest subscription to each module that the account has, or had; `usable`: those of today."""

    account: Account
    standing: Standing
    modules: Sequence[Subscription]
    usable: frozenset[str]
    has_open_renewal: bool
    prices: PriceList


async def upsert_account(tx: Transaction) -> None:
    """Also the head of the account's billing: from then on it can be locked."""
    await tx.execute(
        """WITH head AS (
               INSERT INTO stream_heads (account_id, stream_id, last_at)
                    VALUES ($1, $1, account_now())
               ON CONFLICT DO NOTHING
           )
           INSERT INTO billing_accounts (account_id) VALUES ($1) ON CONFLICT DO NOTHING""",
        tx.account_id,
    )


async def select_books(tx: Transaction) -> Kept | None:
    """None when the account has no books yet."""
    rows = await tx.fetch(
        f"""SELECT a.name, a.time_zone, a.currency, a.locale, a.country, a.test,
                   grid_origin, grid_version, balance, invoice_number, credit_note_number,
                   EXISTS (SELECT FROM invoices WHERE account_id = $1 AND state = 'OPEN' AND purpose = 'RENEWAL')
                       AS has_open_renewal,
                   ARRAY(SELECT (module_code, months, price, (nullif(effective_from, '-infinity') AT TIME ZONE 'UTC')::date)
                           FROM module_prices
                          WHERE currency = a.currency
                          ORDER BY version) AS prices,
                   {module_is_usable("module_code")} AS usable, newest.*
              FROM accounts a
              JOIN billing_accounts b ON b.account_id = a.id
              LEFT JOIN (SELECT DISTINCT ON (module_code) {SUBSCRIPTION}
                           FROM module_subscriptions
                          WHERE account_id = $1
                          ORDER BY module_code, started_at DESC, id DESC) AS newest ON true
             WHERE a.id = $1""",
        tx.account_id,
    )
    if not rows:
        return None
    assert tx.account_id is not None
    name, time_zone, currency, locale, country, test, *counted, has_open_renewal, prices = list(rows[0].values())[:13]
    return Kept(
        Account(tx.account_id, name, time_zone, currency, locale, country, test),
        Standing(*counted),
        [subscription_of(row) for row in rows if row["id"]],
        frozenset(row["module_code"] for row in rows if row["usable"]),
        has_open_renewal,
        PriceList([PriceVersion(*row) for row in prices]),
    )


async def update_standing(tx: Transaction, now: Standing) -> None:
    await tx.later(
        """UPDATE billing_accounts
              SET grid_origin = $2, grid_version = $3, balance = $4, invoice_number = $5, credit_note_number = $6
            WHERE account_id = $1""",
        tx.account_id,
        now.origin,
        now.grid_version,
        now.balance,
        now.invoice_number,
        now.credit_note_number,
    )
