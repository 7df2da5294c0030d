"""Work that is done later: rows, inserted in the transaction of what needs them.

A message to a worker is a hint with the row's id. Whoever performs a job claims its row first, with a lease and a
fencing token, and returns quietly when there is nothing left to do. The work and its end are one transaction that
needs the token to be still its own: a worker that slept through its lease cannot commit.
"""

from shared.jobs.leases import Job, LeaseLost
from shared.jobs.performing import TIME_LIMIT, Kind, Kinds, perform, perform_all
from shared.jobs.queue import JobDue, New, add, add_all, add_for
from shared.jobs.sweeping import DeadJob, dead, forget_done, overdue_seconds, revive, sweep

__all__ = [
    "TIME_LIMIT",
    "DeadJob",
    "Job",
    "JobDue",
    "Kind",
    "Kinds",
    "LeaseLost",
    "New",
    "add",
    "add_all",
    "add_for",
    "dead",
    "forget_done",
    "overdue_seconds",
    "perform",
    "perform_all",
    "revive",
    "sweep",
]
