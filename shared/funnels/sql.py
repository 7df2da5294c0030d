"""Every SQL statement about funnels, stages, loss reasons, viewers and totals. One statement per function."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from shared.db import Record, Transaction
from shared.funnels.model import Funnel, LossReason, NewFunnel, NewStage, Stage, StageKind, Total
from shared.money import Money

FUNNEL = "id, name, archived, created_at, updated_at, version"
STAGE = "id, funnel_id, kind, name, color, probability, idle_after_days, requires_amount"

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


async def insert_stages(tx: Transaction, funnel_id: UUID, stages: Sequence[NewStage]) -> None:
    await tx.executemany(
        """INSERT INTO stages (account_id, id, funnel_id, kind, position, name, color,
                               probability, idle_after_days, requires_amount)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)""",
        [
            (
                tx.account_id,
                stage.id,
                funnel_id,
                stage.kind,
                position,
                stage.name,
                stage.color,
                stage.probability,
                stage.idle_after_days,
                stage.requires_amount,
            )
            for position, stage in enumerate(stages)
        ],
    )


async def insert_loss_reasons(tx: Transaction, funnel_id: UUID, reasons: Sequence[tuple[UUID, str]]) -> None:
    await tx.executemany(
        """INSERT INTO loss_reasons (account_id, id, funnel_id, position, name)
                VALUES ($1, $2, $3, $4, $5)""",
        [(tx.account_id, id, funnel_id, position, name) for position, (id, name) in enumerate(reasons)],
    )


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


async def update_touched(tx: Transaction, funnel_id: UUID, at: datetime) -> Funnel:
    """One more version."""
    row = await tx.fetchrow(
        f"""UPDATE funnels
               SET version = version + 1, updated_at = $3
             WHERE account_id = $1 AND id = $2
         RETURNING {FUNNEL}""",
        tx.account_id,
        funnel_id,
        at,
    )
    assert row is not None
    return Funnel(**row)


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
    return [Funnel(**row) for row in rows]


async def select_funnels(tx: Transaction, ids: Sequence[UUID]) -> list[Funnel]:
    rows = await tx.fetch(
        f"SELECT {FUNNEL} FROM funnels WHERE account_id = $1 AND id = ANY($2::uuid[])", tx.account_id, list(ids)
    )
    return [Funnel(**row) for row in rows]


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
        f"""SELECT lower(name) AS sorted_by, {FUNNEL}
              FROM funnels f
             WHERE account_id = $1 AND {VISIBLE}
               AND ($3::text IS NULL OR strpos(lower(name), lower($3)) > 0)
               AND ($4::boolean IS NULL OR archived = $4)
               AND ($5::text IS NULL OR (lower(name), id) > ($5, $6::uuid))
             ORDER BY lower(name), id
             LIMIT $7""",
        tx.account_id,
        viewer_id,
        search,
        archived,
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )
    return [(row["sorted_by"], Funnel(**{name: row[name] for name in Funnel.__slots__})) for row in rows]


async def count_funnels(tx: Transaction, viewer_id: UUID | None, search: str | None, archived: bool | None) -> int:
    count: int = await tx.fetchval(
        f"""SELECT count(*)
              FROM funnels f
             WHERE account_id = $1 AND {VISIBLE}
               AND ($3::text IS NULL OR strpos(lower(name), lower($3)) > 0)
               AND ($4::boolean IS NULL OR archived = $4)""",
        tx.account_id,
        viewer_id,
        search,
        archived,
    )
    return count


async def select_stages(tx: Transaction, funnel_ids: Sequence[UUID]) -> list[Stage]:
    """In the order of the board."""
    rows = await tx.fetch(
        f"""SELECT {STAGE}
              FROM stages
             WHERE account_id = $1 AND funnel_id = ANY($2::uuid[])
             ORDER BY funnel_id, array_position(ARRAY['ENTRY', 'PROGRESS', 'WON', 'LOST'], kind), position""",
        tx.account_id,
        list(funnel_ids),
    )
    return [_stage(row) for row in rows]


async def select_stages_by_id(tx: Transaction, ids: Sequence[UUID]) -> list[Stage]:
    rows = await tx.fetch(
        f"SELECT {STAGE} FROM stages WHERE account_id = $1 AND id = ANY($2::uuid[])", tx.account_id, list(ids)
    )
    return [_stage(row) for row in rows]


async def select_loss_reasons(tx: Transaction, funnel_ids: Sequence[UUID]) -> list[LossReason]:
    rows = await tx.fetch(
        """SELECT id, funnel_id, name, requires_note, archived
             FROM loss_reasons
            WHERE account_id = $1 AND funnel_id = ANY($2::uuid[])
            ORDER BY funnel_id, position, id""",
        tx.account_id,
        list(funnel_ids),
    )
    return [LossReason(**row) for row in rows]


async def select_loss_reasons_by_id(tx: Transaction, ids: Sequence[UUID]) -> list[LossReason]:
    rows = await tx.fetch(
        """SELECT id, funnel_id, name, requires_note, archived
             FROM loss_reasons
            WHERE account_id = $1 AND id = ANY($2::uuid[])""",
        tx.account_id,
        list(ids),
    )
    return [LossReason(**row) for row in rows]


async def select_viewer_ids(tx: Transaction, funnel_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """By funnel, in the order of people's names."""
    rows = await tx.fetch(
        """SELECT v.funnel_id, v.user_id
             FROM funnel_viewers v
             JOIN users u ON u.account_id = v.account_id AND u.id = v.user_id
            WHERE v.account_id = $1 AND v.funnel_id = ANY($2::uuid[])
            ORDER BY u.name, u.id""",
        tx.account_id,
        list(funnel_ids),
    )
    viewers: dict[UUID, list[UUID]] = {id: [] for id in funnel_ids}
    for row in rows:
        viewers[row["funnel_id"]].append(row["user_id"])
    return viewers


async def select_totals(tx: Transaction, funnel_ids: Sequence[UUID]) -> dict[UUID, Total]:
    """By stage, of all stages of the funnels that anything stands in."""
    rows = await tx.fetch(
        """SELECT stage_id, currency, deals, value
             FROM stage_totals
            WHERE account_id = $1 AND funnel_id = ANY($2::uuid[]) AND deals > 0
            ORDER BY stage_id, currency""",
        tx.account_id,
        list(funnel_ids),
    )
    return _totals(rows)


async def change_totals(
    tx: Transaction, funnel_id: UUID, changes: Sequence[tuple[UUID, str, int, int]]
) -> dict[UUID, Total]:
    """Add to counters: (stage, currency or '', deals, minor units). Answers with the stages' new totals."""
    rows = await tx.fetch(
        """WITH delta AS (
               SELECT * FROM unnest($3::uuid[], $4::text[], $5::bigint[], $6::bigint[])
                             AS delta (stage_id, currency, deals, value)
           ), updated AS (
               UPDATE stage_totals t
                  SET deals = t.deals + delta.deals, value = t.value + delta.value
                 FROM delta
                WHERE t.account_id = $1 AND t.funnel_id = $2
                  AND t.stage_id = delta.stage_id AND t.currency = delta.currency
            RETURNING t.stage_id, t.currency, t.deals, t.value
           ), inserted AS (
               INSERT INTO stage_totals (account_id, funnel_id, stage_id, currency, deals, value)
                    SELECT $1, $2, stage_id, currency, deals, value
                      FROM delta
                     WHERE NOT EXISTS (SELECT FROM updated u
                                        WHERE u.stage_id = delta.stage_id AND u.currency = delta.currency)
                 RETURNING stage_id, currency, deals, value
           ), changed AS (
               SELECT * FROM updated UNION ALL SELECT * FROM inserted
           )
           SELECT stage_id, currency, deals, value FROM changed
            UNION ALL
           SELECT stage_id, currency, deals, value
             FROM stage_totals t
            WHERE account_id = $1 AND funnel_id = $2 AND stage_id = ANY($3::uuid[])
              AND NOT EXISTS (SELECT FROM changed c WHERE c.stage_id = t.stage_id AND c.currency = t.currency)
            ORDER BY stage_id, currency""",
        tx.account_id,
        funnel_id,
        [stage_id for stage_id, _, _, _ in changes],
        [currency for _, currency, _, _ in changes],
        [deals for _, _, deals, _ in changes],
        [value for _, _, _, value in changes],
    )
    touched = {stage_id: Total() for stage_id, _, _, _ in changes}
    return touched | _totals(row for row in rows if row["deals"])


def _totals(rows: Iterable[Record]) -> dict[UUID, Total]:
    totals: dict[UUID, Total] = {}
    for row in rows:
        value = (Money(int(row["value"]), row["currency"]),) if row["currency"] else ()
        totals[row["stage_id"]] = totals.get(row["stage_id"], Total()) + Total(row["deals"], value)
    return totals


def _stage(row: Record) -> Stage:
    return Stage(**{**row, "kind": StageKind(row["kind"])})
