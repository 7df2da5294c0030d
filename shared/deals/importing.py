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
from shared.deals.model import Deal, DealSource, Origin
from shared.deals.positions import spread
from shared.funnels import Locked


@dataclass(frozen=True, slots=True)
class NewRow:
    """A deal to be made, what is noted of it, and what its file calls it."""

    new: NewDeal
    note: str | None = None
    external_id: str | None = None


async def import_batch(
    tx: Transaction, locked: Locked, rows: Sequence[NewRow], source_name: str, assignee_id: UUID
) -> list[Deal]:
    """Deals on top of the entry stage, the first one topmost. The funnel is held.

    Not of rows that are called as one before, in whatever file. `assignee_id`: of who names nobody.
    """
    log, entry = locked.log, locked.entry
    if not rows:
        return []
    origin = Origin(DealSource.IMPORT, source_name)
    last_number = await sql.next_number(tx, len(rows))
    new = [
        row.new.entering(entry, number, origin, assignee_id, log.at)
        for number, row in enumerate(rows, start=last_number - len(rows) + 1)
    ]
    top = await sql_places.select_next_below(tx, entry.id, None, [])
    positions = list(spread(None, top[1] if top else None, len(new)))
    unknown = await sql_importing.insert_deals(tx, new, positions, [row.external_id for row in rows])
    made = [deal for deal in new if deal.id in unknown]
    unused = last_number - made[-1].number if made else len(new)
    if unused:
        await sql_importing.return_numbers(tx, unused)
    if not made:
        return []
    noted = [(ids.new(), row.new.id, row.note) for row in rows if row.note is not None and row.new.id in unknown]
    if noted:
        await sql_importing.insert_notes(tx, noted, log.at)
    columns = await keep_batch(locked, made)
    await events.record(log, DealsImported(tuple(made), columns, entry.name))
    return made
