"""What always holds of an account's rows, whatever was done to it."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from shared import billing, events
from shared.billing.grid import Grid
from shared.db import Database, Transaction

BOOKS = "SELECT grid_origin, balance FROM billing_accounts WHERE account_id = $1"
KEPT = """SELECT coalesce(sum(CASE WHEN to_book = 'BALANCE' THEN amount ELSE -amount END), 0)::bigint
            FROM ledger
           WHERE account_id = $1 AND 'BALANCE' IN (from_book, to_book)"""
NUMBERS = "SELECT number FROM invoices WHERE account_id = $1 ORDER BY number"
LINES = """SELECT l.amount, l.full_price, l.of_days, l.period_start, l.period_end, upper(c.during) AS served_until,
                  (SELECT coalesce(sum(amount), 0)::bigint FROM line_credits
                    WHERE account_id = $1 AND line_id = l.id) AS credited
             FROM invoice_lines l
             JOIN invoices i ON i.account_id = l.account_id AND i.id = l.invoice_id
             LEFT JOIN coverage c ON c.account_id = l.account_id AND c.line_id = l.id
            WHERE l.account_id = $1 AND i.state = 'PAID' AND l.credited IS NULL"""
OUTSIDE = """SELECT coalesce(sum(CASE WHEN from_book = 'OUTSIDE' THEN amount ELSE -amount END), 0)::bigint
               FROM ledger
              WHERE account_id = $1 AND 'OUTSIDE' IN (from_book, to_book)"""
SET_ASIDE = "SELECT coalesce(sum(from_balance), 0)::bigint FROM invoices WHERE account_id = $1 AND state = 'OPEN'"
# Paid invoices, each with what the ledger says that came for it.
ENTERED = """SELECT i.from_balance, i.received,
                    (SELECT coalesce(sum(amount), 0)::bigint FROM ledger
                      WHERE account_id = $1 AND source_id = i.id AND kind = 'covered') AS covered,
                    (SELECT coalesce(sum(e.amount), 0)::bigint
                       FROM payments p
                       JOIN ledger e ON e.account_id = $1 AND e.source_id = p.id AND e.kind = 'received'
                      WHERE p.account_id = $1 AND p.invoice_id = i.id AND e.to_book = 'INVOICES') AS came
               FROM invoices i
              WHERE i.account_id = $1 AND i.state = 'PAID'"""
UNENTERED = """SELECT p.id
                 FROM payments p
                 LEFT JOIN ledger e ON e.account_id = $1 AND e.source_id = p.id AND e.kind = 'received'
                WHERE p.account_id = $1
                  AND p.received <> coalesce(e.amount, 0)"""
# Modules that are paid for, and whatever they are paid by: the end of what paid invoices cover.
UNPAID = """SELECT s.module_code
              FROM module_subscriptions s
             WHERE s.account_id = $1 AND s.state = 'ACTIVE'
               AND NOT EXISTS (SELECT
                                 FROM coverage c
                                 JOIN invoice_lines l ON l.account_id = $1 AND l.id = c.line_id
                                 JOIN invoices i ON i.account_id = $1 AND i.id = l.invoice_id
                                WHERE c.account_id = $1 AND c.subscription_id = s.id AND i.state = 'PAID'
                                  AND upper(c.during) = s.period_end)"""


def left(price: int, days: int, of_days: int) -> int:
    """The rest of a price, half up: reckoned in another way than the product does."""
    return int((Decimal(price) * days / of_days).quantize(Decimal(1), ROUND_HALF_UP))


def served(price: int, of_days: int, start: date, end: date, until: date) -> int:
    """What the days from `start` to `until` cost, of those that a line is for."""
    return left(price, (end - start).days, of_days) - left(price, (end - until).days, of_days)


async def check(tx: Transaction) -> None:
    account = tx.account_id
    modules = await billing.modules(tx)
    books = await tx.fetchrow(BOOKS, account)
    if books is None:
        return
    active = [one for one in modules if one.state == "ACTIVE" and not one.cancel_at_period_end]
    numbers = [row["number"] for row in await tx.fetch(NUMBERS, account)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert all(one.period_end and Grid(books["grid_origin"]).is_boundary(one.period_end) for one in active)
    for months in (1, 3, 12):
        assert len({one.period_end for one in active if one.months == months}) <= 1
    assert books["balance"] == await tx.fetchval(KEPT, account) >= 0
    await _check_money(tx, books["balance"])
    assert await tx.fetch(UNPAID, account) == []


async def _check_money(tx: Transaction, balance: int) -> None:
    """Each kopiyka that came is for days that are served, or is kept; none is entered twice, or not at all."""
    account, spent = tx.account_id, 0
    for row in await tx.fetch(LINES, account):
        until = row["served_until"] or row["period_start"]
        cost = served(row["full_price"], row["of_days"], row["period_start"], row["period_end"], until)
        assert row["amount"] - row["credited"] == cost >= 0
        spent += cost
    assert await tx.fetchval(OUTSIDE, account) == balance + await tx.fetchval(SET_ASIDE, account) + spent
    for row in await tx.fetch(ENTERED, account):
        assert (row["from_balance"], row["received"]) == (row["covered"], row["came"])
    assert await tx.fetch(UNENTERED, account) == []


Thing = tuple[str, UUID]


class Follower:
    """Knows an account's billing by its log alone: what an event names is read again, and nothing else."""

    def __init__(self, account: UUID) -> None:
        self.account = account
        self.seq = 0
        self.known: dict[Thing, Any] = {}

    async def catch_up(self, db: Database) -> None:
        async with db.transaction(self.account) as tx:
            told = await events.after(tx, self.account, self.seq)
            assert [one.seq for one in told] == list(range(self.seq + 1, self.seq + 1 + len(told)))
            self.seq += len(told)
            named = {(one.kind, UUID(one.payload["id"])) for one in told}
            everything = await _everything(tx)
            self.known |= {thing: everything[thing] for thing in named}
            assert self.known == everything


async def _everything(tx: Transaction) -> dict[Thing, Any]:
    account = tx.account_id
    assert account is not None
    tables = {"ModuleChanged": "module_subscriptions", "InvoiceChanged": "invoices", "PaymentChanged": "payments"}
    found: dict[Thing, Any] = {}
    for kind, table in tables.items():
        for row in await tx.fetch(f"SELECT * FROM {table} WHERE account_id = $1", account):
            found[kind, row["id"]] = dict(row)
    if balance := await tx.fetchval("SELECT balance FROM billing_accounts WHERE account_id = $1", account):
        found["BalanceChanged", account] = balance
    elif await tx.fetchval("SELECT EXISTS (SELECT FROM ledger WHERE 'BALANCE' IN (from_book, to_book))"):
        found["BalanceChanged", account] = 0
    return found
