"""How an account comes to a module, for now by trying it."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from shared import accounts, ids, jobs
from shared.billing import sql
from shared.billing.model import CATALOGUE, ModuleState, Price, Subscription
from shared.clock import first_moment, local_date
from shared.db import Transaction
from shared.errors import NotAllowedNow, NotFound, Sentence

END_TRIAL = "billing.end_trial"
CONNECTED = Sentence("this module is connected already.", "цей модуль уже підключено.")
TRIAL_USED = Sentence("this module was tried already: buy it.", "цей модуль уже пробували: придбайте його.")


async def start_trial(tx: Transaction, module_code: str) -> Subscription:
    """Free days of a module, once per account and module: from today, in the account's zone.

    Raises NotFound for a code that is not in the catalogue, NotAllowedNow with the reason CONNECTED or TRIAL_USED.
    """
    module = CATALOGUE.get(module_code)
    if module is None:
        raise NotFound(ids.read(module_code))
    await sql.lock_account(tx)
    earlier = await sql.select_subscriptions(tx, module_code)
    if any(one.state is not ModuleState.CANCELLED for one in earlier):
        raise NotAllowedNow("CONNECTED", CONNECTED)
    if any(one.trial_ends_on for one in earlier):
        raise NotAllowedNow("TRIAL_USED", TRIAL_USED)

    account, now = await accounts.get(tx), await tx.now()
    today = local_date(now, account.time_zone)
    ends_on = today + timedelta(days=module.trial_days)
    trial = Subscription(ids.new(), module_code, ModuleState.TRIALING, None, today, ends_on, ends_on, False, None)
    await sql.insert_subscription(tx, trial, now)
    await accounts.open_modules(tx, {module_code: ends_on})
    await jobs.add(tx, END_TRIAL, ref=trial.id, due_at=first_moment(ends_on, account.time_zone), due_on=ends_on)
    return trial


async def end_trial(tx: Transaction, job: jobs.Job) -> None:
    """The first moment of the day on which a trial ends: who did not buy has the module no more."""
    assert job.ref is not None
    await sql.lock_account(tx)
    await sql.update_cancelled(tx, job.ref)


async def states(tx: Transaction) -> dict[str, ModuleState]:
    """By module code, of those that the account has, or had."""
    return await sql.select_states(tx)


async def trials_used(tx: Transaction) -> set[str]:
    return await sql.select_trials_used(tx)


async def prices(tx: Transaction, currency: str) -> list[Price]:
    return await sql.select_prices(tx, currency)


async def get_many(tx: Transaction, subscription_ids: Sequence[UUID]) -> dict[UUID, Subscription]:
    return {one.id: one for one in await sql.select_by_ids(tx, subscription_ids)}
