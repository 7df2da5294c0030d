"""Every SQL statement about tasks. One statement per function, no decisions."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shared.db import Record, Transaction
from shared.deals.model_items import Task, TaskFilter

TASK = "id, deal_id, title, due_at, assignee_id, done_at"
DUE = "coalesce(due_at, 'infinity')"  # what is due at no time stands last
Place = tuple[datetime | None, UUID]  # when a task is due, and its id

# Open boards that a user sees: $2 is the user, or null for whoever sees all.
ON_A_SEEN_BOARD = """EXISTS (SELECT FROM deals d
                               JOIN funnels f ON f.account_id = d.account_id AND f.id = d.funnel_id
                              WHERE d.account_id = t.account_id AND d.id = t.deal_id
                                AND NOT d.archived AND NOT f.archived
                                AND ($2::uuid IS NULL OR EXISTS (
                                        SELECT FROM funnel_viewers v
                                         WHERE v.account_id = f.account_id AND v.funnel_id = f.id
                                           AND v.user_id = $2)))"""
ASKED = """($3::uuid[] IS NULL OR assignee_id = ANY($3))
               AND ($4::boolean IS NULL OR (done_at IS NOT NULL) = $4)
               AND ($5::timestamptz IS NULL OR due_at <= $5)"""


async def insert_task(tx: Transaction, task: Task) -> None:
    await tx.later(
        f"INSERT INTO tasks (account_id, {TASK}) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        tx.account_id,
        task.id,
        task.deal_id,
        task.title,
        task.due_at,
        task.assignee_id,
        task.done_at,
    )


async def update_task(tx: Transaction, task: Task) -> None:
    await tx.later(
        """UPDATE tasks
              SET title = $3, due_at = $4, assignee_id = $5, done_at = $6
            WHERE account_id = $1 AND id = $2""",
        tx.account_id,
        task.id,
        task.title,
        task.due_at,
        task.assignee_id,
        task.done_at,
    )


async def select_tasks(tx: Transaction, task_ids: Sequence[UUID]) -> list[Task]:
    rows = await tx.fetch(
        f"SELECT {TASK} FROM tasks WHERE account_id = $1 AND id = ANY($2::uuid[])", tx.account_id, list(task_ids)
    )
    return [_task(row) for row in rows]


async def select_tasks_of(tx: Transaction, deal_ids: Sequence[UUID], done: bool | None, limit: int) -> list[Task]:
    """Of each deal: the open ones first, then by when they are due."""
    rows = await tx.fetch(
        f"""SELECT t.*
              FROM unnest($2::uuid[]) AS asked (of_deal)
                   CROSS JOIN LATERAL (
                       SELECT {TASK}
                         FROM tasks
                        WHERE account_id = $1 AND deal_id = of_deal
                          AND ($3::boolean IS NULL OR (done_at IS NOT NULL) = $3)
                        ORDER BY done_at IS NOT NULL, {DUE}, id
                        LIMIT $4) AS t
             ORDER BY t.done_at IS NOT NULL, {DUE}, t.id""",
        tx.account_id,
        list(set(deal_ids)),  # a deal that is asked for twice has its tasks once
        done,
        limit,
    )
    return [_task(row) for row in rows]


async def select_page(
    tx: Transaction, viewer_id: UUID | None, asked: TaskFilter, after: Place | None, limit: int
) -> list[Task]:
    """By when they are due, then by id, from after a place. `viewer_id`: whose view it is; None sees all."""
    rows = await tx.fetch(
        f"""SELECT {TASK}
              FROM tasks t
             WHERE account_id = $1 AND {ASKED}
               AND ($7::uuid IS NULL OR ({DUE}, id) > (coalesce($6::timestamptz, 'infinity'), $7))
               AND {ON_A_SEEN_BOARD}
             ORDER BY {DUE}, id
             LIMIT $8""",
        *_asked(tx, viewer_id, asked),
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )
    return [_task(row) for row in rows]


async def count_tasks(tx: Transaction, viewer_id: UUID | None, asked: TaskFilter) -> int:
    count: int = await tx.fetchval(
        f"SELECT count(*) FROM tasks t WHERE account_id = $1 AND {ASKED} AND {ON_A_SEEN_BOARD}",
        *_asked(tx, viewer_id, asked),
    )
    return count


def _asked(tx: Transaction, viewer_id: UUID | None, asked: TaskFilter) -> tuple[object, ...]:
    """$1 to $5."""
    assignees = list(asked.assignee_ids) if asked.assignee_ids is not None else None
    return tx.account_id, viewer_id, assignees, asked.done, asked.due_to


def _task(row: Record) -> Task:
    return Task(**row)
