"""What each kind of job does, and what is done when it has failed for the last time: the one map of them."""

from shared import accounts, billing, ingest, payments
from shared.config import settings
from shared.jobs import Kind, Kinds

KINDS: Kinds = {
    accounts.WALK: Kind(accounts.end_turn, accounts.stop, before=accounts.walk),
    accounts.RESUME_WAITING: Kind(ingest.resume_waiting),
    billing.DUN: Kind(billing.dun),
    billing.END_TRIAL: Kind(billing.end_trial),
    billing.FORGET: Kind(billing.forget),
    billing.RENEW: Kind(billing.renew),
    billing.SUSPEND: Kind(billing.suspend),
    billing.VOID: Kind(billing.void_unpaid),
    ingest.PERFORM: Kind(ingest.perform, ingest.reject_exhausted),
    ingest.RETRY: Kind(ingest.retry, ingest.reject_retried),
    **payments.kinds(settings),
}
