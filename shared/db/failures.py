"""What a database fails by, and what of it the product calls `Unavailable`."""

import asyncpg

# What a database says when it is overloaded, restarting or gone. Nothing was changed then, or the client cannot know
# and asks again with its idempotency key.
OUTAGES = (
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,  # its farewell came between two statements
    OSError,
    TimeoutError,
)
# Whatever a connection outside the pool may fail by: whoever keeps one makes a new one.
FAILURES = (*OUTAGES, asyncpg.PostgresError, asyncpg.InterfaceError)
