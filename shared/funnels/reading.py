"""What boards and lists of funnels show at a glance."""

from collections.abc import Sequence
from uuid import UUID

from shared import events
from shared.db import Transaction
from shared.funnels import sql, sql_totals
from shared.funnels.commands import viewer_of
from shared.funnels.model import Funnel, Total


async def on_board(tx: Transaction, funnel_id: UUID) -> tuple[Funnel, events.Place] | None:
    """The funnel and where its log stands, if the actor sees it; what follows is read in the same transaction."""
    return await sql.select_board(tx, funnel_id, viewer_of(tx.actor))


async def count(tx: Transaction, search: str | None = None, archived: bool | None = False) -> int:
    """How many funnels the actor sees."""
    return await sql.count_funnels(tx, viewer_of(tx.actor), search, archived)


async def totals_of_boards(tx: Transaction, funnel_ids: Sequence[UUID]) -> dict[UUID, dict[UUID, Total]]:
    """By funnel and stage, what stands in it; stages in which nothing stands are left out."""
    totals = await sql_totals.select_totals(tx, funnel_ids)
    by_funnel: dict[UUID, dict[UUID, Total]] = {id: {} for id in funnel_ids}
    for (funnel_id, stage_id), total in totals.items():
        by_funnel[funnel_id][stage_id] = total
    return by_funnel


async def board_totals(tx: Transaction, funnel_ids: Sequence[UUID]) -> dict[UUID, Total]:
    """The same by stage, of several boards together."""
    return {stage_id: total for (_, stage_id), total in (await sql_totals.select_totals(tx, funnel_ids)).items()}


async def open_totals(tx: Transaction, funnel_ids: Sequence[UUID]) -> dict[UUID, Total]:
    """By funnel, what stands in its open stages together; funnels in which nothing does are left out."""
    return await sql_totals.select_open_totals(tx, funnel_ids)
