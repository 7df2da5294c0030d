"""What people see of an account's billing, read without deciding anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid5

from shared import accounts, events
from shared.billing import sql_books, sql_coverage, sql_ledger, sql_papers, sql_payments
from shared.billing.books import Books
from shared.billing.coming import next_renewal, renewal_lines
from shared.billing.papers import CreditNote, Invoice, IssuedLine, ModuleChanged, Payment, Quote
from shared.billing.sql_ledger import Entry
from shared.clock import first_moment, local_date
from shared.db import Transaction
from shared.events import Log, Place


@dataclass(frozen=True, slots=True)
class Overview:
    """`renewal`: what the next one will cost, as of now."""

    today: date
    balance: int
    renews_on: date | None
    renewal: Quote | None


MODULE_CHANGED = ModuleChanged.kind  # the one kind of news that every user is told


async def begin_log(tx: Transaction) -> None:
    """From then on the account's billing can be followed, also before anything has happened."""
    assert tx.account_id is not None
    if await events.head(tx, tx.account_id) is None:
        await sql_books.upsert_account(tx)


async def overview(tx: Transaction) -> Overview:
    assert tx.account_id is not None
    now, kept = await tx.now(), await sql_books.select_books(tx)
    if kept is None:
        return Overview(local_date(now, (await accounts.get(tx)).time_zone), 0, None, None)
    books = Books.of(Log(tx, tx.account_id, Place(tx.account_id, 0), now), kept)  # nothing is written to that log
    account, today = books.account, books.today
    found = next_renewal(books)
    if found is None:
        return Overview(today, books.balance, None, None)
    boundary, going_on = found
    lines = renewal_lines(books, boundary, going_on)
    total = sum(line.amount for line in lines)
    early = await sql_papers.select_early_invoice(tx, today)
    at_hand = books.balance + (early.from_balance if early else 0)
    renewal = Quote(
        uuid5(tx.account_id, boundary.isoformat()),
        boundary,
        first_moment(boundary, account.time_zone),
        books.grid_version,
        books.prices.version(today),
        account.currency,
        lines,
        total,
        min(at_hand, total),
    )
    return Overview(today, books.balance, boundary, renewal)


async def invoice_page(tx: Transaction, below: int | None, limit: int) -> list[Invoice]:
    return await sql_papers.select_invoice_page(tx, below, limit)


async def count_invoices(tx: Transaction) -> int:
    return await sql_papers.count_invoices(tx)


async def lines_of(tx: Transaction, invoice_ids: Sequence[UUID]) -> list[IssuedLine]:
    return await sql_papers.select_lines(tx, invoice_ids)


async def credit_notes_of(tx: Transaction, invoice_ids: Sequence[UUID]) -> list[CreditNote]:
    return await sql_coverage.select_credit_notes(tx, "invoice_id", invoice_ids)


async def get_credit_notes(tx: Transaction, note_ids: Sequence[UUID]) -> list[CreditNote]:
    return await sql_coverage.select_credit_notes(tx, "id", note_ids)


async def payments_of(tx: Transaction, invoice_ids: Sequence[UUID]) -> list[Payment]:
    return await sql_payments.select_payments_of(tx, invoice_ids)


async def entries(tx: Transaction, after: tuple[datetime, UUID] | None, limit: int) -> list[Entry]:
    return await sql_ledger.select_entries(tx, after, limit)


async def count_entries(tx: Transaction) -> int:
    return await sql_ledger.count_entries(tx)
