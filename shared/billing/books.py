"""The account's books, opened by whoever decides about its modules or its money, one after another.

The head of the account's billing is locked first, the day is read once, and what has changed is told when the books
are closed. The stream of an account's billing has the account's own id.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Self
from uuid import UUID

from shared import accounts, events, ids, jobs
from shared.accounts import Account
from shared.billing import sql, sql_books, sql_coverage, sql_ledger
from shared.billing.grid import Grid
from shared.billing.model import CONNECTED, ModuleState, PriceList, Subscription
from shared.billing.papers import BalanceChanged, Changed, CreditNote, InvoiceChanged, ModuleChanged
from shared.billing.sql_books import Kept, Standing
from shared.clock import first_moment, local_date
from shared.config import rules
from shared.db import Transaction

RENEW = "billing.renew"
ISSUE = "billing.issue"  # the invoice of the next renewal, before its boundary
END_TRIAL = "billing.end_trial"
FORGET = "billing.forget"


@dataclass
class Books:
    """`modules`: the newest subscription to each module, by its code; `usable_before`: those that may be used so far.

    `may_have_open_renewal`: False while nothing that a boundary asks for waits to be paid.
    """

    account: Account
    log: events.Log
    origin: date | None
    grid_version: int
    balance: int
    invoice_number: int
    credit_note_number: int
    modules: dict[str, Subscription]
    usable_before: frozenset[str]
    may_have_open_renewal: bool
    prices: PriceList
    changed: list[Changed] = field(default_factory=list)
    planned: dict[str, jobs.New] = field(default_factory=dict)
    usable: dict[str, date] = field(default_factory=dict)
    saved: dict[UUID, Subscription] = field(default_factory=dict)

    @classmethod
    def of(cls, log: events.Log, kept: Kept) -> Self:
        at = kept.standing
        modules = {one.module_code: one for one in kept.modules}
        return cls(
            kept.account, log, at.origin, at.grid_version, at.balance, at.invoice_number, at.credit_note_number,
            modules, kept.usable, kept.has_open_renewal, kept.prices,
        )  # fmt: skip

    @property
    def standing(self) -> Standing:
        return Standing(self.origin, self.grid_version, self.balance, self.invoice_number, self.credit_note_number)

    @property
    def tx(self) -> Transaction:
        return self.log.tx

    @property
    def now(self) -> datetime:
        return self.log.at

    @property
    def today(self) -> date:
        return local_date(self.now, self.account.time_zone)

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
        await sql_ledger.insert_entry(self.tx, ids.new(), self.now, source, kind, (from_book, to_book), amount)
        delta = amount * ((to_book == "BALANCE") - (from_book == "BALANCE"))
        if delta:
            self.balance += delta
            self.tell(BalanceChanged(self.account.id))

    async def cut(self, one: Subscription, on: date, reason: str) -> CreditNote | None:
        """Give back, to the balance, what is paid of a module from a day on; None where nothing is."""
        covering = await sql_coverage.select_coverage(self.tx, one.id, on)
        note: CreditNote | None = None
        for kept, _, already in covering:
            amount = min(kept.line.left(on), kept.line.amount - already)
            await sql_coverage.update_coverage_end(self.tx, kept.id, on)
            if not amount:
                continue
            self.credit_note_number += 1
            note = CreditNote(ids.new(), self.credit_note_number, kept.invoice_id, self.today, amount, reason)
            await sql_coverage.insert_credit_note(self.tx, note)
            await sql_coverage.insert_line_credit(self.tx, kept.id, note.id, amount)
            await self.move_money(("CREDIT_NOTE", note.id), "credited", "INVOICES", "BALANCE", amount)
            self.tell(InvoiceChanged(kept.invoice_id))
        return note


async def _lock(tx: Transaction, account_id: UUID) -> events.Log:
    """The head of the account's billing, which its first books make."""
    logs = await events.lock_all(tx, [account_id])
    if account_id not in logs:
        await sql_books.upsert_account(tx)
        return await events.lock(tx, account_id)
    return logs[account_id]


@asynccontextmanager
async def open_books(tx: Transaction) -> AsyncIterator[Books]:
    """Call it first; nothing is written, and nobody told, when the block raises."""
    assert tx.account_id is not None
    log = await _lock(tx, tx.account_id)
    kept = await sql_books.select_books(tx)
    assert kept is not None
    books = Books.of(log, kept)
    yield books
    await _close(books, kept.standing)


async def _close(books: Books, before: Standing) -> None:
    """Write what has become of the account and its modules, and tell it."""
    tx = books.tx
    if books.saved:
        await sql.update_subscriptions(tx, list(books.saved.values()))
    if books.usable:
        opens = any(day > books.today and code not in books.usable_before for code, day in books.usable.items())
        await accounts.open_modules(tx, books.usable, opens=opens)
    await jobs.add_all(tx, list(books.planned.values()))
    if books.standing != before:
        await sql_books.update_standing(tx, books.standing)
    await events.record(books.log, *books.changed)
