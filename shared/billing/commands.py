"""What people do with an account's modules: try, cancel, go on, and change for how long they are paid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Self
from uuid import UUID

from shared import accounts, ids, jobs
from shared.billing import sql, sql_papers
from shared.billing.books import END_TRIAL, Books, open_books
from shared.billing.coming import follow
from shared.billing.invoices import issue, void
from shared.billing.model import CATALOGUE, ModuleState, Price, Subscription
from shared.billing.papers import CreditNote, InvoiceState, Purpose
from shared.billing.paying import VOID, begin_charge, default_method
from shared.billing.quotes import MONTHS, draw
from shared.billing.renewing import renew_at
from shared.clock import local_date
from shared.config import rules
from shared.db import Transaction
from shared.errors import NotAllowedNow, NotFound, Sentence

CONNECTED = Sentence("this module is connected already.", "цей модуль уже підключено.")
TRIAL_USED = Sentence("this module was tried already: buy it.", "цей модуль уже пробували: придбайте його.")
NOT_CONNECTED = Sentence("this module is not connected.", "цей модуль не підключено.")
NOT_CANCELLING = Sentence("nobody has cancelled this module.", "цей модуль ніхто не скасовував.")
ENDED = Sentence("this module has ended: buy it again.", "цей модуль уже завершився: придбайте його знову.")
NOT_ACTIVE = Sentence("only an active module changes its length.", "термін змінюється лише для активного модуля.")


@dataclass(frozen=True, slots=True)
class Trial:
    """`months`: bought for so long when the trial ends; None: not bought."""

    module_code: str
    months: int | None = None

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        interval = given.get("interval")
        return cls(str(given["module_code"]), MONTHS[interval.value] if interval else None)


@dataclass(frozen=True, slots=True)
class Cancelled:
    module: Subscription
    credit_note: CreditNote | None


async def start_trial(tx: Transaction, wanted: Trial) -> Subscription:
    """Free days of a module, once per account and module: from today, in the account's zone.

    Raises NotFound for a code that is not in the catalogue, NotAllowedNow with the reason CONNECTED or TRIAL_USED.
    """
    code = wanted.module_code
    if code not in CATALOGUE:
        raise NotFound(ids.read(code))
    async with open_books(tx) as books:
        if books.live(code):
            raise NotAllowedNow("CONNECTED", CONNECTED)
        if code in await sql.select_trials_used(tx):
            raise NotAllowedNow("TRIAL_USED", TRIAL_USED)
        ends_on = books.today + timedelta(days=CATALOGUE[code].trial_days)
        trial = Subscription(
            ids.new(), code, ModuleState.TRIALING, None, books.today, ends_on, ends_on, False, None,
            trial_months=wanted.months,
        )  # fmt: skip
        await books.save(trial)
        books.at_dawn(END_TRIAL, ends_on, trial.id)
        return trial


async def end_trial(tx: Transaction, job: jobs.Job) -> None:
    """The first moment of the day on which a trial ends: it is bought if that was wanted, or it is over."""
    async with open_books(tx) as books:
        trial = next((one for one in books.modules.values() if one.id == job.ref), None)
        if trial is None or trial.state is not ModuleState.TRIALING:
            return
        method = await default_method(tx)
        if trial.trial_months is None or (method is None and not books.balance):
            await books.save(trial.moved(ModuleState.CANCELLED))
            return
        lines = await draw(books, [(trial.module_code, trial.trial_months)], books.today)
        if method is None and sum(line.amount for line in lines) > books.balance:
            await books.save(trial.moved(ModuleState.CANCELLED))
            return
        invoice = await issue(books, Purpose.TRIAL, lines, books.today)
        await follow(books)
        if invoice.state is InvoiceState.OPEN and method:
            await begin_charge(books, invoice, method, books.today)
            due_at = books.now + rules().unpaid
            await jobs.add(tx, VOID, ref=invoice.id, due_at=due_at, dedupe_key=f"{VOID}:{invoice.id}")


async def cancel(tx: Transaction, module_code: str, *, immediately: bool) -> Cancelled:
    """At the end of what is paid, or at once, for credit. A module that is past due ends at once anyway."""
    async with open_books(tx) as books:
        one = _live(books, module_code)
        if one.state in (ModuleState.ACTIVE, ModuleState.TRIALING) and not immediately:
            kept = replace(one, cancel_at_period_end=True, next_months=None, trial_months=None)
            await books.save(kept)
            await follow(books)
            return Cancelled(kept, None)
        note = None
        if one.state is ModuleState.ACTIVE:
            note = await books.cut(one, books.today, f"cancelled: {module_code}")
        gone = one.moved(ModuleState.CANCELLED)
        await books.save(gone)
        if one.state is ModuleState.PAST_DUE:
            await _issue_again_without(books, one)
        await follow(books)
        return Cancelled(gone, note)


async def resume(tx: Transaction, module_code: str) -> Subscription:
    """Go on, as long as the end has not come."""
    async with open_books(tx) as books:
        one = _live(books, module_code)
        if not one.cancel_at_period_end:
            raise NotAllowedNow("NOT_CANCELLING", NOT_CANCELLING)
        if one.period_end is not None and one.period_end <= books.today:
            raise NotAllowedNow("ENDED", ENDED)
        kept = replace(one, cancel_at_period_end=False)
        await books.save(kept)
        await follow(books)
        return kept


async def change_interval(tx: Transaction, module_code: str, months: int) -> Subscription:
    """From the next boundary on. The present length takes an earlier wish back."""
    async with open_books(tx) as books:
        one = _live(books, module_code)
        if one.state is not ModuleState.ACTIVE or one.cancel_at_period_end:
            raise NotAllowedNow("NOT_ACTIVE", NOT_ACTIVE)
        kept = replace(one, next_months=None if months == one.months else months)
        await books.save(kept)
        await follow(books)
        return kept


async def states(tx: Transaction) -> dict[str, ModuleState]:
    """By module code, of those that the account has, or had."""
    return {one.module_code: one.state for one in await sql.select_newest(tx)}


async def modules(tx: Transaction) -> list[Subscription]:
    """The newest subscription to each module that the account has, or had."""
    return await sql.select_newest(tx)


async def trials_used(tx: Transaction) -> set[str]:
    return await sql.select_trials_used(tx)


async def prices(tx: Transaction, currency: str) -> list[Price]:
    """Those in force today, in the account's zone."""
    return await sql.select_prices(tx, currency, local_date(await tx.now(), (await accounts.get(tx)).time_zone))


async def get_many(tx: Transaction, subscription_ids: Sequence[UUID]) -> dict[UUID, Subscription]:
    return {one.id: one for one in await sql.select_by_ids(tx, subscription_ids)}


def _live(books: Books, module_code: str) -> Subscription:
    if module_code not in CATALOGUE:
        raise NotFound(ids.read(module_code))
    one = books.live(module_code)
    if one is None:
        raise NotAllowedNow("NOT_CONNECTED", NOT_CONNECTED)
    return one


async def _issue_again_without(books: Books, gone: Subscription) -> None:
    """The unpaid renewal is void, and issued again for the others that it was for."""
    invoice = await sql_papers.select_open_renewal(books.tx, gone.id)
    if invoice is None:
        return
    renewed = {one.renews for one in await sql_papers.select_lines(books.tx, [invoice.id])}
    await void(books, invoice)
    others = [one for one in books.modules.values() if one.id in renewed and one.state is ModuleState.PAST_DUE]
    await renew_at(books, invoice.due_on, others, invoice.counts_from)
