"""Every SQL statement about funnels themselves and who sees them. One statement per function."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

from shared.db import Transaction
from shared.events import Place
from shared.funnels.inputs import NewFunnel
from shared.funnels.model import Funnel
from shared.funnels.rows import FUNNEL, funnels_of

# What a user who does not see all funnels sees: $2 is the user, or null for whoever sees all.
VISIBLE = """($2::uuid IS NULL OR EXISTS (SELECT FROM funnel_viewers v
                                            WHERE v.account_id = f.account_id AND v.funnel_id = f.id
                                              AND v.user_id = $2))"""


async def insert_funnel(tx: Transaction, new: NewFunnel, at: datetime) -> Funnel:
    row = await tx.fetchrow(
        f"""INSERT INTO funnels (account_id, id, name, created_at, updated_at)
                 VALUES ($1, $2, $3, $4, $4)
              RETURNING {FUNNEL}""",
        tx.account_id,
        new.id,
        new.name,
        at,
    )
    assert row is not None
    return Funnel(**row)


async def update_funnel(tx: Transaction, funnel: Funnel) -> None:
    await tx.execute(
        """UPDATE funnels
              SET name = $3, archived = $4, updated_at = $5, version = $6
            WHERE account_id = $1 AND id = $2""",
        tx.account_id,
        funnel.id,
        funnel.name,
        funnel.archived,
        funnel.updated_at,
        funnel.version,
    )


async def insert_origin(tx: Transaction, funnel_id: UUID, state: Mapping[str, Any]) -> None:
    await tx.execute(
        "INSERT INTO funnel_origins (account_id, funnel_id, state) VALUES ($1, $2, $3)",
        tx.account_id,
        funnel_id,
        state,
    )


async def select_origin(tx: Transaction, funnel_id: UUID) -> Mapping[str, Any] | None:
    state: Mapping[str, Any] | None = await tx.fetchval(
        "SELECT state FROM funnel_origins WHERE account_id = $1 AND funnel_id = $2", tx.account_id, funnel_id
    )
    return state


async def insert_viewers(tx: Transaction, funnel_id: UUID, user_ids: Sequence[UUID]) -> None:
    await tx.execute(
        """INSERT INTO funnel_viewers (account_id, funnel_id, user_id)
                SELECT $1, $2, user_id
                  FROM unnest($3::uuid[]) AS user_id""",
        tx.account_id,
        funnel_id,
        list(user_ids),
    )


async def delete_viewers(tx: Transaction, funnel_id: UUID) -> None:
    await tx.execute("DELETE FROM funnel_viewers WHERE account_id = $1 AND funnel_id = $2", tx.account_id, funnel_id)


async def select_viewer_ids(tx: Transaction, funnel_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """By funnel, in the order of people's names."""
    rows = await tx.fetch(
        """SELECT v.funnel_id, v.user_id
             FROM funnel_viewers v
             JOIN users u ON u.account_id = v.account_id AND u.id = v.user_id
            WHERE v.account_id = $1 AND v.funnel_id = ANY($2::uuid[])
            ORDER BY ukrainian(u.name) COLLATE "C", u.id""",
        tx.account_id,
        list(funnel_ids),
    )
    viewers: dict[UUID, list[UUID]] = {id: [] for id in funnel_ids}
    for row in rows:
        viewers[row["funnel_id"]].append(row["user_id"])
    return viewers


async def select_visible(tx: Transaction, funnel_ids: Iterable[UUID], viewer_id: UUID | None) -> list[Funnel]:
    """`viewer_id`: whose view it is; None sees all."""
    rows = await tx.fetch(
        f"""SELECT {FUNNEL}
              FROM funnels f
             WHERE account_id = $1 AND id = ANY($3::uuid[]) AND {VISIBLE}""",
        tx.account_id,
        viewer_id,
        list(funnel_ids),
    )
    return funnels_of(rows)


async def select_board(tx: Transaction, funnel_id: UUID, viewer_id: UUID | None) -> tuple[Funnel, Place] | None:
    """A funnel and where its log ends. `viewer_id`: whose view it is; None sees all."""
    row = await tx.fetchrow(
        f"""SELECT epoch, seq, {FUNNEL}
              FROM funnels f
              JOIN stream_heads h ON h.account_id = f.account_id AND h.stream_id = f.id
             WHERE f.account_id = $1 AND f.id = $3 AND {VISIBLE}""",
        tx.account_id,
        viewer_id,
        funnel_id,
    )
    if row is None:
        return None
    epoch, seq, *funnel = row
    return Funnel(*funnel), Place(epoch, seq)


async def select_funnels(tx: Transaction, ids: Sequence[UUID]) -> list[Funnel]:
    rows = await tx.fetch(
        f"SELECT {FUNNEL} FROM funnels WHERE account_id = $1 AND id = ANY($2::uuid[])", tx.account_id, list(ids)
    )
    return funnels_of(rows)


async def select_page(
    tx: Transaction,
    viewer_id: UUID | None,
    search: str | None,
    archived: bool | None,
    after: tuple[str, UUID] | None,
    limit: int,
) -> list[tuple[str, Funnel]]:
    """Funnels by name, then id, from after a place; each with its sort key."""
    rows = await tx.fetch(
        f"""SELECT {FUNNEL}, name_key
              FROM funnels f
             WHERE account_id = $1 AND {VISIBLE}
               AND ($3::text IS NULL OR strpos(name_key, ukrainian($3)) > 0)
               AND ($4::boolean IS NULL OR archived = $4)
               AND ($5::text IS NULL OR (name_key, id) > ($5 COLLATE "C", $6::uuid))
             ORDER BY name_key, id
             LIMIT $7""",
        tx.account_id,
        viewer_id,
        search,
        archived,
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )
    return list(zip(map(itemgetter(-1), rows), funnels_of(rows), strict=True))


async def count_funnels(tx: Transaction, viewer_id: UUID | None, search: str | None, archived: bool | None) -> int:
    count: int = await tx.fetchval(
        f"""SELECT count(*)
              FROM funnels f
             WHERE account_id = $1 AND {VISIBLE}
               AND ($3::text IS NULL OR strpos(name_key, ukrainian($3)) > 0)
               AND ($4::boolean IS NULL OR archived = $4)""",
        tx.account_id,
        viewer_id,
        search,
        archived,
    )
    return count
