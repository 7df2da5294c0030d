"""The only way to a connection: short transactions, each for one account, each under the role `voronka_app`.

Row-level security hides every row of every other account from such a transaction; opening one costs one round trip,
and it works behind a transaction pooler, for everything is set for the transaction only (`SET LOCAL`).
Nothing leaves before commit: `Transaction.after_commit` is the only way out.
"""

from shared.db.failures import FAILURES
from shared.db.pool import Database, Deliver, connect
from shared.db.transaction import JOB, REQUEST, Limits, Message, Record, Transaction

__all__ = [
    "FAILURES",
    "JOB",
    "REQUEST",
    "Database",
    "Deliver",
    "Limits",
    "Message",
    "Record",
    "Transaction",
    "connect",
]
