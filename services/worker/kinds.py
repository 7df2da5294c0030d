"""What each kind of job does, and what is done when it has failed for the last time: the one map of them."""

from shared import accounts, billing, deals, imports, ingest, payments
from shared.config import settings
from shared.db import Database
from shared.jobs import Job, Kind, Kinds


async def _fetch(db: Database, _kinds: Kinds, job: Job) -> None:
    await ingest.fetch(db, job, ingest.Graph.of(settings()))


KINDS: Kinds = {
    accounts.WALK: Kind(accounts.end_turn, accounts.stop, before=accounts.walk),
    accounts.RESUME_WAITING: Kind(ingest.resume_waiting),
    billing.DUN: Kind(billing.dun),
    billing.END_TRIAL: Kind(billing.end_trial),
    deals.CHECKPOINT: Kind(deals.keep_checkpoints),
    imports.IMPORT: Kind(imports.go_on, imports.give_up, before=imports.run),
    ingest.FETCH: Kind(ingest.retry, ingest.reject_unanswered, before=_fetch),
    ingest.FORGET: Kind(ingest.forget),
    billing.FORGET: Kind(billing.forget),
    billing.ISSUE: Kind(billing.issue_early),
    billing.RENEW: Kind(billing.renew),
    billing.SUSPEND: Kind(billing.suspend),
    billing.VOID: Kind(billing.void_unpaid),
    ingest.PERFORM: Kind(ingest.perform, ingest.reject_exhausted),
    ingest.RETRY: Kind(ingest.retry, ingest.reject_retried),
    **payments.kinds(settings),
}
