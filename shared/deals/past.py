"""Boards of the past: the newest that was kept, and what happened from there on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from shared import events, funnels, jobs
from shared.db import Transaction
from shared.deals import sql_past
from shared.deals.folding import FoldedBoard
from shared.deals.keeping import CHECKPOINT, CHECKPOINT_EVERY
from shared.deals.model import Deal
from shared.errors import InvalidInput, Problem, Sentence
from shared.funnels import FunnelState, Total
from shared.money import Money

PAGE = 500
NO_PLACE = Sentence("This is no cursor of this funnel's log.", "Це не курсор журналу цієї воронки.")
CHECKPOINTS_A_TURN = 5


@dataclass(frozen=True, slots=True)
class PastBoard:
    """What stood on a board after event `seq`. `folded` is plain JSON: only deals that are shown become deals."""

    funnel_id: UUID
    seq: int
    at: datetime
    funnel: FunnelState
    folded: FoldedBoard

    def count(self, stage_id: UUID) -> int:
        return len(self.folded.columns[str(stage_id)])

    def deals(self, stage_id: UUID, begin: int = 0, end: int | None = None) -> list[Deal]:
        """In board order, from one place in the column up to another, not included."""
        ids = self.folded.columns[str(stage_id)][begin:end]
        return [Deal.from_json(self.folded.deals[id]) for id in ids]

    def total(self, stage_id: UUID) -> Total:
        """What stood in a stage."""
        sums: dict[str, int] = {}
        for id in self.folded.columns[str(stage_id)]:
            if amount := self.folded.deals[id]["amount"]:
                sums[amount[1]] = sums.get(amount[1], 0) + amount[0]
        return Total(self.count(stage_id), tuple(Money(sums[currency], currency) for currency in sorted(sums)))


async def past_board(
    tx: Transaction, funnel_id: UUID, *, at: datetime | None = None, as_of: str | None = None
) -> PastBoard | None:
    """The board at a moment of the account's time, or after the event of a cursor.

    None: there is no such funnel, the actor does not see it, or it was made later. Raises InvalidInput for a cursor
    that is no place of its log.
    """
    seen = await funnels.on_board(tx, funnel_id)
    if seen is None:
        return None
    funnel, head = seen
    if at is not None and at < funnel.created_at:
        return None
    seq = None if as_of is None else _seq(head, as_of)
    board, moment = await _folded(tx, funnel_id, seq, at)
    return PastBoard(
        funnel_id,
        board.seq,
        at or moment or funnel.created_at,
        FunnelState.from_json(funnel_id, board.funnel),
        board,
    )


def _seq(head: events.Place, cursor: str) -> int:
    place = events.Place.read(cursor)
    if place is None or place.epoch != head.epoch or place.seq > head.seq:
        raise InvalidInput(Problem(("asOf",), NO_PLACE))
    return place.seq


async def _folded(
    tx: Transaction, funnel_id: UUID, seq: int | None, at: datetime | None
) -> tuple[FoldedBoard, datetime | None]:
    """The board up to an event, a moment, or the head; and when its last event happened, if it has any."""
    kept = await sql_past.select_checkpoint(tx, funnel_id, seq, at)
    board = FoldedBoard.from_json(*kept) if kept else FoldedBoard.begun(await _origin(tx, funnel_id))
    while found := await events.after(tx, funnel_id, board.seq, PAGE):
        meant = [event for event in found if (seq is None or event.seq <= seq) and (at is None or event.at <= at)]
        board.fold(meant)
        if len(meant) < PAGE:
            break
    return board, await events.happened_at(tx, funnel_id, board.seq)


async def keep_checkpoints(tx: Transaction, job: jobs.Job) -> None:
    """Keep the boards after every thousandth event that are not kept yet, some a turn."""
    assert job.ref is not None
    for _ in range(CHECKPOINTS_A_TURN):
        head = await events.head(tx, job.ref)
        kept = await sql_past.select_checkpoint(tx, job.ref, None, None)
        following = (kept[0] if kept else 0) + CHECKPOINT_EVERY
        if head is None or head.seq < following:
            return
        board, at = await _folded(tx, job.ref, following, None)
        assert at is not None
        await sql_past.insert_checkpoint(tx, job.ref, following, at, board.to_json())
    await jobs.add(tx, CHECKPOINT, ref=job.ref)


async def _origin(tx: Transaction, funnel_id: UUID) -> Mapping[str, Any]:
    facts: Mapping[str, Any] = orjson.loads(orjson.dumps((await funnels.origin(tx, funnel_id)).to_json()))
    return facts
