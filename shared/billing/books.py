"""The account's books, opened by whoever decides about its modules or its money, one after another.

The head of the account's billing is locked first, the day is read once, and what has changed is told when the books
are closed. The stream of an account's billing has the account's own id.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from shared import accounts, events, ids, jobs
from shared.accounts import Account
from shared.billing import sql, sql_money, sql_papers
from shared.billing.grid import Grid
from shared.billing.model import CONNECTED, ModuleState, Subscription
from shared.billing.papers import BalanceChanged, Changed, CreditNote, InvoiceChanged, ModuleChanged
from shared.clock import first_moment, local_date
from shared.config import rules
from shared.db import Record, Transaction

RENEW = "billing.renew"
ISSUE = "billing.issue"  # the invoice of the next renewal, before its boundary
END_TRIAL = "billing.end_trial"
FORGET = "billing.forget"


@dataclass
class Books:
    """`modules`: the newest subscription to each module, by its code."""

    tx: Transaction
    account: Account
    log: events.Log
    today: date
    origin: date | None
    grid_version: int
    balance: int
    invoice_number: int
    credit_note_number: int
    modules: dict[str, Subscription]
    changed: list[Changed] = field(default_factory=list)
    planned: dict[str, jobs.New] = field(default_factory=dict)
    usable: dict[str, date] = field(default_factory=dict)
    saved: dict[UUID, Subscription] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        return self.log.at

    @property
    def grid(self) -> Grid | None:
        return Grid(self.origin) if self.origin else None

    def live(self, module_code: str) -> Subscription | None:
        """The subscription that is not over."""
        found = self.modules.get(module_code)
        return found if found and found.state is not ModuleState.CANCELLED else None

    def connected(self) -> list[Subscription]:
        return [one for one in self.modules.values() if one.state in CONNECTED]

    def tell(self, change: Changed) -> None:
        if change not in self.changed:
            self.changed.append(change)

    async def save(self, one: Subscription, usable_until: date | None = None) -> None:
        """`usable_until`: for a module that is past due, the day on which its grace ends."""
        if any(kept.id == one.id for kept in self.modules.values()):
            self.saved[one.id] = one
        else:
            await sql.insert_subscription(self.tx, one, self.now)
        self.modules[one.module_code] = one
        self.tell(ModuleChanged(one.id))
        self.usable[one.module_code] = usable_until or self._usable_until(one)
        if one.state is ModuleState.ACTIVE and one.period_end:
            if one.period_end > self.today:
                self.at_dawn(RENEW, one.period_end, self.account.id)
                if one.period_end - rules().early > self.today and rules().early:
                    self.at_dawn(ISSUE, one.period_end - rules().early, self.account.id)
            else:  # it was paid so late that the next boundary has come: that day's job may be done already
                await jobs.add(self.tx, RENEW, ref=self.account.id)
        if one.state is ModuleState.SUSPENDED and one.suspended_on:
            self.at_dawn(FORGET, one.suspended_on + rules().suspended, one.id)
        if not self.connected():
            self.origin = None

    def _usable_until(self, one: Subscription) -> date:
        match one.state:
            case ModuleState.TRIALING:
                return one.trial_ends_on or self.today
            case ModuleState.ACTIVE if one.period_end:
                return one.period_end if one.cancel_at_period_end else one.period_end + rules().grace
            case _:
                return self.today

    def at_dawn(self, kind: str, day: date, ref: UUID) -> None:
        """A job at the first moment of a day; the same again changes nothing."""
        key = f"{kind}:{self.account.id}:{ref}:{day}"
        due_at = first_moment(day, self.account.time_zone)
        self.planned[key] = jobs.New(kind, ref, due_at, day, dedupe_key=key)

    async def move_money(self, source: tuple[str, UUID], kind: str, from_book: str, to_book: str, amount: int) -> None:
        """An entry of the ledger; nothing for nothing."""
        if not amount:
            return
        await sql_money.insert_entry(self.tx, ids.new(), self.now, source, kind, (from_book, to_book), amount)
        delta = amount * ((to_book == "BALANCE") - (from_book == "BALANCE"))
        if delta:
            self.balance += delta
            self.tell(BalanceChanged(self.account.id))

    async def cut(self, one: Subscription, on: date, reason: str) -> CreditNote | None:
        """Give back, to the balance, what is paid of a module from a day on; None where nothing is."""
        covering = await sql_papers.select_coverage(self.tx, one.id, on)
        note: CreditNote | None = None
        for kept, _, already in covering:
            amount = min(kept.line.left(on), kept.line.amount - already)
            await sql_papers.update_coverage_end(self.tx, kept.id, on)
            if not amount:
                continue
            self.credit_note_number += 1
            note = CreditNote(ids.new(), self.credit_note_number, kept.invoice_id, self.today, amount, reason)
            await sql_papers.insert_credit_note(self.tx, note)
            await sql_papers.insert_line_credit(self.tx, kept.id, note.id, amount)
            await self.move_money(("CREDIT_NOTE", note.id), "credited", "INVOICES", "BALANCE", amount)
            self.tell(InvoiceChanged(kept.invoice_id))
        return note


async def _lock(tx: Transaction, account_id: UUID) -> events.Log:
    """The head of the account's billing, which its first books make."""
    logs = await events.lock_all(tx, [account_id])
    if account_id not in logs:
        await sql_money.upsert_account(tx)
        return await events.lock(tx, account_id)
    return logs[account_id]


@asynccontextmanager
async def open_books(tx: Transaction) -> AsyncIterator[Books]:
    """Call it first; nothing is written, and nobody told, when the block raises."""
    assert tx.account_id is not None
    log = await _lock(tx, tx.account_id)
    row = await sql_money.select_account(tx)
    assert row is not None
    account = await accounts.get(tx)
    modules = {one.module_code: one for one in await sql.select_newest(tx)}
    books = Books(
        tx,
        account,
        log,
        local_date(log.at, account.time_zone),
        row["grid_origin"],
        row["grid_version"],
        row["balance"],
        row["invoice_number"],
        row["credit_note_number"],
        modules,
    )
    yield books
    await _close(books, row)


async def _close(books: Books, before: Record) -> None:
    """Write what has become of the account and its modules, and tell it."""
    tx = books.tx
    if books.saved:
        await sql.update_subscriptions(tx, list(books.saved.values()))
    if books.usable:
        await accounts.open_modules(tx, books.usable)
    await jobs.add_all(tx, list(books.planned.values()))
    after = books.origin, books.grid_version, books.balance, books.invoice_number, books.credit_note_number
    if after != tuple(before):
        await sql_money.update_account(tx, *after)
    await events.record(books.log, *books.changed)
