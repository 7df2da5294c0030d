"""What is done with the reasons for which a funnel's deals are lost."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared import nodes
from shared.db import Transaction
from shared.errors import InvalidInput, Problem, Sentence
from shared.funnels import commands, sql_reasons
from shared.funnels.commands import Changed
from shared.funnels.inputs import MOST_LOSS_REASONS, ReasonDraft
from shared.funnels.model import LossReason

FULL = Sentence(
    f"A funnel has at most {MOST_LOSS_REASONS} loss reasons, archived ones included.",
    f"Воронка має не більше {MOST_LOSS_REASONS} причин втрати разом з архівними.",
)

LAST = Sentence(
    "This is the last reason that can be chosen: without one, no deal could be lost.",
    "Це остання причина, яку можна обрати: без неї жодну угоду не вдалося б закрити як втрачену.",
)


@dataclass(frozen=True, slots=True)
class ChangedReason:
    """The loss reason now, and what else the command did."""

    reason: LossReason
    changed: Changed

    @property
    def kept(self) -> dict[str, Any]:
        """What an idempotency key keeps of it."""
        return self.changed.kept | {"reason": str(self.reason.id)}


async def recall_reason(tx: Transaction, kept: Mapping[str, Any]) -> ChangedReason:
    """The same answer again: the reason as it is now, the first cursor."""
    changed, reason_id = await commands.recall(tx, kept), UUID(kept["reason"])
    return ChangedReason((await commands.loss_reasons_by_id(tx, [reason_id]))[reason_id], changed)


async def save_loss_reason(tx: Transaction, draft: ReasonDraft) -> ChangedReason:
    """Change the funnel's reason with that id, or make one. It is already so: no event.

    Raises NotFound; InvalidInput for an id that is taken, for one reason too many, and for archiving the last.
    """
    locked = await commands.lock(tx, draft.funnel_id)
    reasons = {reason.id: reason for reason in (await commands.loss_reasons(tx, [draft.funnel_id]))[draft.funnel_id]}
    reason = LossReason(draft.id, draft.funnel_id, draft.name, draft.requires_note, draft.archived)
    if reason.id not in reasons:
        await nodes.refuse_taken(tx, {("id",): reason.id} if draft.id_is_chosen else {})
        if len(reasons) >= MOST_LOSS_REASONS:
            raise InvalidInput(Problem(("funnelId",), FULL))
    if reasons.get(reason.id) == reason:
        return ChangedReason(reason, Changed(locked.funnel, locked.log.place))
    if reason.archived and all(other.archived for other in reasons.values() if other.id != reason.id):
        raise InvalidInput(Problem(("archived",), LAST))

    await sql_reasons.upsert_loss_reason(tx, reason)
    return ChangedReason(reason, await commands.record(locked, "lossReasons"))
