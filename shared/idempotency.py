"""A request that is made twice is done once.

A key belongs to (account or issuer, user, mutation) and is kept for seven days with the hash of its input and the ids
that the answer is made of, in the transaction of the effect. A refusal takes the key back with everything else.
"""

import hashlib
import json
from typing import Any
from uuid import UUID

from shared.db import Transaction
from shared.errors import IdempotencyConflict

KEPT = "7 days"


def hash_of(given: object) -> bytes:
    """Equal inputs have equal hashes, in whatever order their fields came. Any text and any number has one."""
    return hashlib.sha256(json.dumps(given, sort_keys=True, default=str).encode()).digest()


async def claim(tx: Transaction, owner: UUID, mutation: str, key: str, given: bytes) -> dict[str, Any] | None:
    """None: the key is new, do the work. Else what was kept as the answer: do nothing again.

    A concurrent twin waits for the first to end, as long as the transaction's lock time-out.
    Raises IdempotencyConflict when the key was used with another input.
    """
    fresh = await tx.fetchval(
        f"""WITH claimed AS (
                INSERT INTO idempotency_keys AS kept (account_id, user_id, mutation, key, input_hash)
                     VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (account_id, user_id, mutation, key) DO UPDATE
                        SET input_hash = excluded.input_hash, answer = NULL, used_at = clock_timestamp()
                      WHERE kept.used_at < clock_timestamp() - interval '{KEPT}'
                  RETURNING true
            ), forgotten AS (  -- a few old ones a new one: so there are never too many, and nobody sweeps
                DELETE FROM idempotency_keys
                 WHERE EXISTS (SELECT FROM claimed)
                   AND ctid = ANY (ARRAY(SELECT ctid FROM idempotency_keys
                                          WHERE account_id = $1 AND used_at < clock_timestamp() - interval '{KEPT}'
                                            AND (user_id, mutation, key) <> ($2, $3, $4)
                                          LIMIT 3
                                            FOR UPDATE SKIP LOCKED))
            )
            SELECT EXISTS (SELECT FROM claimed)""",
        owner,
        str(tx.actor.id or tx.actor.name),
        mutation,
        key,
        given,
    )
    if fresh:
        return None
    row = await tx.fetchrow(
        """SELECT input_hash, answer FROM idempotency_keys
            WHERE account_id = $1 AND user_id = $2 AND mutation = $3 AND key = $4""",
        owner,
        str(tx.actor.id or tx.actor.name),
        mutation,
        key,
    )
    assert row is not None
    if row["input_hash"] != given:
        raise IdempotencyConflict
    answer: dict[str, Any] = row["answer"]
    return answer


async def keep(tx: Transaction, owner: UUID, mutation: str, key: str, answer: dict[str, Any]) -> None:
    """What the answer is made of, for whoever asks again; the last thing that a mutation writes.

    Raises LookupError when the key was not claimed.
    """
    kept = await tx.last(
        """UPDATE idempotency_keys SET answer = $5
            WHERE account_id = $1 AND user_id = $2 AND mutation = $3 AND key = $4
        RETURNING true""",
        owner,
        str(tx.actor.id or tx.actor.name),
        mutation,
        key,
        answer,
    )
    if not kept:
        raise LookupError(f"The key of {mutation} is not this transaction's: it stands in another account.")
