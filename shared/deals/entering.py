"""What a stage wants of a deal that is to stand in it."""

from uuid import UUID

from shared import funnels
from shared.db import Transaction
from shared.deals.inputs import Move
from shared.deals.model import Deal
from shared.deals.sql_places import Around
from shared.errors import AmountRequired, InvalidInput, LossReasonRequired, Problem, Sentence
from shared.funnels import LossReason, Stage, StageKind
from shared.money import Money

NO_NEIGHBOUR = Sentence(
    "No other deal with this id stands in that stage.", "Іншої угоди з таким ідентифікатором на цьому етапі немає."
)
NO_REASON = Problem(
    ("lossReasonId",), Sentence("This funnel has no such loss reason.", "У цій воронці немає такої причини втрати.")
)


async def refuse_what_is_not_there(
    tx: Transaction, deal: Deal, stage: Stage | None, move: Move, around: Around
) -> LossReason | None:
    """Raises InvalidInput for a neighbour or a reason that is named and is not there; the reason, if one is named."""
    problems = []
    if move.spot.neighbour_id is not None:
        neighbour = around.beside
        elsewhere = neighbour is None or neighbour[0] != deal.funnel_id or (stage and neighbour[1] != stage.id)
        if elsewhere or move.spot.neighbour_id == deal.id:
            problems.append(Problem(("place", move.spot.kind), NO_NEIGHBOUR))
    reason = await find_reason(tx, deal.funnel_id, move.loss_reason_id)
    if move.loss_reason_id is not None and reason is None:
        problems.append(NO_REASON)
    if problems:
        raise InvalidInput(*problems)
    return reason


async def find_reason(tx: Transaction, funnel_id: UUID, reason_id: UUID | None) -> LossReason | None:
    """The funnel's loss reason with that id, if it may be chosen."""
    if reason_id is None:
        return None
    reasons = (await funnels.loss_reasons(tx, [funnel_id]))[funnel_id]
    return next((reason for reason in reasons if reason.id == reason_id and not reason.archived), None)


def refuse_missing(deal: Deal, stage: Stage, reason: LossReason | None, note: str | None, amount: Money | None) -> None:
    """Raises LossReasonRequired or AmountRequired when the deal may not enter the stage as it is."""
    entering = stage.id != deal.stage_id
    if stage.kind is StageKind.LOST and entering and reason is None:
        raise LossReasonRequired(deal.funnel_id)
    if stage.kind is StageKind.LOST and reason and reason.requires_note and not (note or deal.loss_note):
        raise LossReasonRequired(deal.funnel_id)
    if stage.requires_amount and entering and not (amount or deal.amount):
        raise AmountRequired(stage.id)
