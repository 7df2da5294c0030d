"""SQL of a deal with what stands beside it: what is opened all day is one statement."""

from dataclasses import fields
from typing import Any
from uuid import UUID

from shared.accounts import User
from shared.db import Transaction
from shared.deals.model import Deal
from shared.deals.rows import FORM as DEAL
from shared.funnels import Funnel, Stage
from shared.funnels.rows import FUNNEL_FORM, STAGE_FORM
from shared.quick import Form, reader

BESIDE = (("d", DEAL), ("s", STAGE_FORM), ("f", FUNNEL_FORM), ("u", Form(User)))
ATTRIBUTES = {alias: [field.name for field in fields(form.model)] for alias, form in BESIDE}
COLUMNS = {alias: form.columns(ATTRIBUTES[alias]) for alias, form in BESIDE}
READERS = {alias: reader(form, ATTRIBUTES[alias]) for alias, form in BESIDE}
SELECTED = ", ".join(f"{alias}.{column}" for alias, columns in COLUMNS.items() for column in columns)


async def select_view(
    tx: Transaction, deal_id: UUID, viewer_id: UUID | None
) -> tuple[Deal, Stage, Funnel, User | None] | None:
    """A deal, its stage, its funnel, and whose it is. `viewer_id`: whose view it is; None sees all."""
    row = await tx.fetchrow(
        f"""SELECT {SELECTED}
              FROM deals d
              JOIN stages s ON s.account_id = d.account_id AND s.id = d.stage_id
              JOIN funnels f ON f.account_id = d.account_id AND f.id = d.funnel_id
              LEFT JOIN users u ON u.account_id = d.account_id AND u.id = d.assignee_id
             WHERE d.account_id = $1 AND d.id = $2
               AND ($3::uuid IS NULL OR EXISTS (SELECT FROM funnel_viewers v
                                                 WHERE v.account_id = d.account_id AND v.funnel_id = d.funnel_id
                                                   AND v.user_id = $3))""",
        tx.account_id,
        deal_id,
        viewer_id,
    )
    if row is None:
        return None
    found: list[Any] = []
    begin = 0
    for alias, columns in COLUMNS.items():
        part = row[begin : begin + len(columns)]
        found += READERS[alias]([part]) if part[0] is not None else [None]
        begin += len(columns)
    deal, stage, funnel, assignee = found
    return deal, stage, funnel, assignee
