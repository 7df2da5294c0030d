"""Deals of a file: a batch is one transaction and one event."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shared import events, ids
from shared.db import Transaction
from shared.deals import sql, sql_importing, sql_places
from shared.deals.events import DealsImported
from shared.deals.inputs import NewDeal
from shared.deals.keeping import keep_batch
from shared.deals.model import Deal, DealSource, DealStatus
from shared.deals.positions import spread
from shared.funnels import Locked


@dataclass(frozen=True, slots=True)
class NewRow:
    """A deal to be made, and what is noted of it."""

    new: NewDeal
    note: str | None = None


async def import_batch(
    tx: Transaction, locked: Locked, rows: Sequence[NewRow], source_name: str, assignee_id: UUID
) -> list[Deal]:
    """Deals on top of the entry stage, the first one topmost. The funnel is held; `assignee_id`: of who names nobody."""
    if not rows:
        return []
    log, entry = locked.log, locked.entry
    first_number = await sql.next_number(tx, len(rows)) - len(rows) + 1
    made = [
        Deal(
            id=row.new.id,
            number=number,
            funnel_id=entry.funnel_id,
            stage_id=entry.id,
            title=row.new.title,
            contact=row.new.contact,
            assignee_id=row.new.assignee_id or assignee_id,
            amount=row.new.amount,
            expected_close_on=row.new.expected_close_on,
            source=DealSource.IMPORT,
            source_name=source_name,
            status=DealStatus.OPEN,
            loss_reason_id=None,
            loss_note=None,
            closed_from_stage_id=None,
            open_task_count=0,
            archived=False,
            entered_stage_at=log.at,
            created_at=log.at,
            updated_at=log.at,
            closed_at=None,
            version=1,
            custom_fields=row.new.custom_fields,
        )
        for number, row in enumerate(rows, start=first_number)
    ]
    top = await sql_places.select_next_below(tx, entry.id, None, [])
    await sql_importing.insert_deals(tx, made, list(spread(None, top[1] if top else None, len(made))))
    noted = [(ids.new(), row.new.id, row.note) for row in rows if row.note is not None]
    if noted:
        await sql_importing.insert_notes(tx, noted, log.at)
    columns = await keep_batch(locked, made)
    await events.record(log, DealsImported(tuple(made), columns))
    return made
