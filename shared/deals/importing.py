"""Deals of a file: a batch is one transaction and one event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared import events, ids
from shared.db import Transaction
from shared.deals import sql, sql_importing
from shared.deals.events import DealsImported
from shared.deals.inputs import NewDeal
from shared.deals.keeping import keep_batch
from shared.deals.model import Deal, DealSource, DealStatus
from shared.deals.positions import spread
from shared.funnels import Stage


@dataclass(frozen=True, slots=True)
class NewRow:
    """A deal to be made, what is noted of it, and what its file calls it."""

    new: NewDeal
    note: str | None = None
    external_id: str | None = None


async def import_batch(
    tx: Transaction, log: events.Log, entry: Stage, rows: Sequence[NewRow], source_name: str, assignee_id: UUID
) -> list[Deal]:
    """Deals on top of the entry stage, the first one topmost. The funnel is held.

    Not of rows that are called as one before, in whatever file. `assignee_id`: of who names nobody.
    """
    rows = await _unknown(tx, entry.funnel_id, rows)
    if not rows:
        return []
    first_number = await sql.next_number(tx, len(rows)) - len(rows) + 1
    made = [
        _deal(row.new, number, entry, source_name, assignee_id, log.at)
        for number, row in enumerate(rows, start=first_number)
    ]
    top = await sql.select_next_below(tx, entry.id, None, [])
    positions = list(spread(None, top[1] if top else None, len(made)))
    await sql_importing.insert_deals(tx, made, positions, [row.external_id for row in rows])
    noted = [(ids.new(), row.new.id, row.note) for row in rows if row.note is not None]
    if noted:
        await sql_importing.insert_notes(tx, noted, log.at)
    columns = await keep_batch(log, made)
    await events.record(log, DealsImported(tuple(made), columns, entry.name))
    return made


async def _unknown(tx: Transaction, funnel_id: UUID, rows: Sequence[NewRow]) -> list[NewRow]:
    """Each row whose file calls it as no row before."""
    called = [row.external_id for row in rows if row.external_id is not None]
    taken: set[str] = set()
    if called:
        await sql_importing.set_plans(
            tx, "force_custom_plan"
        )  # one made before the file came would read all it grew by
        taken = await sql_importing.select_external_ids(tx, funnel_id, called)
        await sql_importing.set_plans(tx, "auto")  # foreign keys would be planned row by row
    unknown = []
    for row in rows:
        if row.external_id is None or row.external_id not in taken:
            unknown.append(row)
        if row.external_id is not None:
            taken.add(row.external_id)
    return unknown


def _deal(new: NewDeal, number: int, entry: Stage, source_name: str, assignee_id: UUID, at: datetime) -> Deal:
    return Deal(
        id=new.id,
        number=number,
        funnel_id=entry.funnel_id,
        stage_id=entry.id,
        title=new.title,
        contact=new.contact,
        assignee_id=new.assignee_id or assignee_id,
        amount=new.amount,
        expected_close_on=new.expected_close_on,
        source=DealSource.IMPORT,
        source_name=source_name,
        status=DealStatus.OPEN,
        loss_reason_id=None,
        loss_note=None,
        closed_from_stage_id=None,
        open_task_count=0,
        archived=False,
        entered_stage_at=at,
        created_at=at,
        updated_at=at,
        closed_at=None,
        version=1,
        custom_fields=new.custom_fields,
    )
