"""Who gets the deal that is made of a lead."""

from collections.abc import Sequence
from uuid import UUID

from shared import accounts, funnels
from shared.db import Transaction
from shared.ingest import sql_sources
from shared.ingest.model import Assignment, Lead, Source


async def assignee_of(tx: Transaction, source: Source, lead: Lead) -> UUID | None:
    """Whose turn it is, who took the call, the source's assignee, the first who watches the funnel; if active."""
    viewers = (await funnels.viewer_ids(tx, [source.funnel_id]))[source.funnel_id]
    candidates: list[UUID] = []
    if source.assignment is Assignment.ROUND_ROBIN:
        candidates += after(sorted(viewers), await sql_sources.select_last_in_turn(tx, source.id))
    if source.assignment is Assignment.CALL_TAKER and lead.taken_by:
        known = accounts.by_name(await accounts.named(tx, lead.taken_by))
        candidates += [known[said.casefold()] for said in lead.taken_by if said.casefold() in known]
    if source.assignee_id is not None:
        candidates.append(source.assignee_id)
    return await first_active(tx, [*candidates, *viewers])


async def first_active(tx: Transaction, candidates: Sequence[UUID]) -> UUID | None:
    known = await accounts.users(tx, candidates)
    return next((id for id in candidates if id in known and known[id].active), None)


def after(turns: Sequence[UUID], last: UUID | None) -> list[UUID]:
    """The turns in their order, from after the last one on; the last one's own comes last, be it still there or not."""
    if last is None:
        return list(turns)
    return [id for id in turns if id > last] + [id for id in turns if id <= last]
