"""Ids of all kinds at once: what an id names, and whether it is free. A client may make the id of what it creates."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from shared.db import Transaction
from shared.errors import InvalidInput, Problem, Sentence

TAKEN = Sentence("This id is already taken.", "Цей ідентифікатор уже зайнятий.")


async def kinds(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, str]:
    """The GraphQL type's name of each id that names something in the account."""
    rows = await tx.fetch(
        "SELECT id, kind FROM nodes WHERE account_id = $1 AND id = ANY($2::uuid[])", tx.account_id, list(ids)
    )
    return {row["id"]: row["kind"] for row in rows}


async def refuse_taken(tx: Transaction, chosen: Mapping[tuple[str, ...], UUID]) -> None:
    """Raises InvalidInput at the paths of those chosen ids that are taken in the account."""
    if not chosen:
        return
    # Two who chose the same id at the same time take turns, so that the second one sees the first.
    await tx.execute(
        """SELECT pg_advisory_xact_lock(key)
             FROM (SELECT DISTINCT hashtextextended($1::uuid::text || id, 0) AS key
                     FROM unnest($2::uuid[]) AS id
                    ORDER BY key) AS keys""",
        tx.account_id,
        list(chosen.values()),
    )
    taken = await kinds(tx, list(chosen.values()))
    problems = [Problem(path, TAKEN) for path, id in chosen.items() if id in taken]
    if problems:
        raise InvalidInput(*problems)
