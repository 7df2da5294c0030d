"""Funnels and deals as the contract describes them, in lists and dicts: what is refused, and what else becomes of it.

It shares no rule with the product. A refusal is named, and comes before anything is changed.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from shared.money import Money
from shared.spots import Spot
from tests.proof.holding import Holding
from tests.proof.things import OPEN, Deal, Item, Reason, Stage, index_in, named, refuse, set_fields, tell


class Model(Holding):
    """The commands."""

    # ─── funnels ───

    def update_funnel(self, funnel_id: UUID, name: str | None, viewers: set[UUID] | None, version: int | None) -> None:
        funnel = self._funnel(funnel_id)
        refuse(version not in (None, funnel.version), "StaleFunnel")
        wanted = (name or funnel.name, funnel.viewers if viewers is None else viewers)
        if wanted != (funnel.name, funnel.viewers):
            funnel.name, funnel.viewers = wanted
            tell(funnel)

    def archive_funnel(self, funnel_id: UUID, archived: bool) -> None:
        funnel = self._funnel(funnel_id, also_archived=True)
        if funnel.archived != archived:
            funnel.archived = archived
            tell(funnel)

    def save_reason(self, funnel_id: UUID, id: UUID, name: str, requires_note: bool, archived: bool) -> None:
        funnel = self._funnel(funnel_id)
        refuse(id not in funnel.reasons and self._is_taken(id), "InvalidInput")
        reason = Reason(name, requires_note, archived)
        if funnel.reasons.get(id) != reason:
            others = [other for other_id, other in funnel.reasons.items() if other_id != id]
            refuse(archived and all(other.archived for other in others), "InvalidInput")
            funnel.reasons[id] = reason
            tell(funnel)

    # ─── stages ───

    def create_stage(
        self, funnel_id: UUID, id: UUID, name: str, probability: int, requires_amount: bool, spot: Spot
    ) -> None:
        funnel = self._funnel(funnel_id)
        refuse(self._is_taken(id), "InvalidInput")
        own = self._own(funnel)
        index = index_in(own, spot)
        self.stages[id] = Stage(funnel_id, "PROGRESS", name, probability, requires_amount)
        funnel.columns[id] = []
        self._arrange(funnel, [*own[:index], id, *own[index:]])
        tell(funnel)

    def update_stage(self, stage_id: UUID, fields: Mapping[str, Any]) -> None:
        funnel, stage = self._stage(stage_id)
        fixed = stage.kind not in OPEN and fields.get("probability", stage.probability) != stage.probability
        refuse(fixed or (stage.kind == "ENTRY" and fields.get("requires_amount", False)), "InvalidInput")
        if set_fields(stage, fields):
            tell(funnel)

    def move_stage(self, stage_id: UUID, spot: Spot) -> None:
        funnel, stage = self._stage(stage_id)
        own = self._own(funnel)
        others = [id for id in own if id != stage_id]
        index = index_in(others, spot)
        refuse(stage.kind != "PROGRESS", "NotAllowedNow")
        wanted = [*others[:index], stage_id, *others[index:]]
        if wanted != own:
            self._arrange(funnel, wanted)
            tell(funnel)

    def delete_stage(self, stage_id: UUID, target_id: UUID | None) -> None:
        funnel, stage = self._stage(stage_id)
        targets = [id for id in funnel.columns if self.stages[id].kind in OPEN and id != stage_id]
        refuse(target_id is not None and target_id not in targets, "InvalidInput")
        refuse(stage.kind != "PROGRESS", "NotAllowedNow")
        if standing := list(funnel.columns[stage_id]):
            refuse(target_id is None, "StageNotEmpty")
            assert target_id is not None
            for deal_id in standing:
                self._refuse_entering(self.deals[deal_id], target_id, None, None, None)
            self._to_top(standing, target_id)
        del funnel.columns[stage_id]
        tell(funnel)

    # ─── deals ───

    def create_deal(
        self, funnel_id: UUID, id: UUID, title: str, amount: Money | None, assignee_id: UUID | None
    ) -> None:
        funnel = self._funnel(funnel_id)
        refuse(assignee_id is not None and assignee_id not in self.people, "InvalidInput")
        refuse(self._is_taken(id), "InvalidInput")
        entry = next(iter(funnel.columns))
        self.deals[id] = Deal(funnel_id, entry, title, amount, assignee_id or self.person)
        funnel.columns[entry].insert(0, id)
        funnel.log.append("DealCreated")

    def update_deal(self, deal_id: UUID, fields: Mapping[str, Any], version: int | None) -> None:
        deal = self._deal(deal_id, version)
        refuse(fields.get("assignee_id", deal.assignee_id) not in self.people, "InvalidInput")
        clears = "amount" in fields and fields["amount"] is None and deal.amount is not None
        refuse(clears and self.stages[deal.stage_id].requires_amount, "AmountRequired")
        if set_fields(deal, fields):
            self._tell_of(deal, "DealUpdated")

    def move_deal(
        self,
        deal_id: UUID,
        stage_id: UUID,
        spot: Spot,
        version: int | None,
        reason_id: UUID | None,
        note: str | None,
        amount: Money | None,
    ) -> None:
        deal = self._deal(deal_id, version)
        funnel = self.funnels[deal.funnel_id]
        beside = spot.neighbour_id
        if beside is not None:
            around = [funnel.columns[stage_id]] if stage_id in funnel.columns else list(funnel.columns.values())
            refuse(beside == deal_id or not any(beside in column for column in around), "InvalidInput")
        self._refuse_reason(funnel, reason_id)
        refuse(stage_id not in funnel.columns, "StageNotInFunnel")
        self._refuse_entering(deal, stage_id, reason_id, note, amount)
        funnel.columns[deal.stage_id].remove(deal_id)
        column = funnel.columns[stage_id]
        column.insert(index_in(column, spot), deal_id)
        self._enter(deal, stage_id, reason_id, note)
        deal.amount = amount or deal.amount
        self._tell_of(deal, "DealMoved")

    def move_deals(self, deal_ids: Sequence[UUID], stage_id: UUID, reason_id: UUID | None, note: str | None) -> None:
        deals = self._deals(deal_ids)
        funnels = {deal.funnel_id for deal in deals}
        refuse(len(funnels) > 1 and reason_id is not None, "InvalidInput")
        funnel = self.funnels[deals[0].funnel_id]
        self._refuse_reason(funnel, reason_id)
        refuse(len(funnels) > 1 or stage_id not in funnel.columns, "StageNotInFunnel")
        for deal in deals:
            self._refuse_entering(deal, stage_id, reason_id, note, None)
        self._to_top(deal_ids, stage_id, reason_id, note)

    def archive_deals(self, deal_ids: Sequence[UUID]) -> None:
        for deal_id, deal in zip(deal_ids, self._deals(deal_ids, also_archived=True), strict=True):
            if not deal.archived:
                self.funnels[deal.funnel_id].columns[deal.stage_id].remove(deal_id)
                deal.archived = True
                self._tell_of(deal, "DealArchived")

    def restore_deals(self, deal_ids: Sequence[UUID]) -> None:
        """The last one goes first, so that the first one stands topmost."""
        deals = self._deals(deal_ids, also_archived=True)
        for deal_id, deal in reversed(list(zip(deal_ids, deals, strict=True))):
            if deal.archived:
                columns = self.funnels[deal.funnel_id].columns
                if deal.stage_id not in columns:
                    self._enter(deal, next(iter(columns)), None, None)
                columns[deal.stage_id].insert(0, deal_id)
                deal.archived = False
                self._tell_of(deal, "DealRestored")

    # ─── notes and tasks ───

    def add_note(self, deal_id: UUID, text: str, *, made: UUID | None) -> None:
        self._tell_of(self._deal(deal_id), "DealUpdated")
        self.notes[named(made)] = Item(deal_id, text)

    def update_note(self, note_id: UUID, text: str) -> None:
        note, deal = self._item(self.notes, note_id)
        if set_fields(note, {"text": text}):
            self._tell_of(deal, "DealUpdated")

    def delete_note(self, note_id: UUID) -> None:
        _, deal = self._item(self.notes, note_id)
        del self.notes[note_id]
        self._tell_of(deal, "DealUpdated")

    def add_task(self, deal_id: UUID, text: str, *, made: UUID | None) -> None:
        deal = self._deal(deal_id)
        deal.open_tasks += 1
        self._tell_of(deal, "DealUpdated")
        self.tasks[named(made)] = Item(deal_id, text)

    def update_task(self, task_id: UUID, text: str) -> None:
        task, deal = self._item(self.tasks, task_id)
        if set_fields(task, {"text": text}):
            self._tell_of(deal, "DealUpdated")

    def complete_task(self, task_id: UUID, done: bool) -> None:
        task, deal = self._item(self.tasks, task_id)
        if set_fields(task, {"done": done}):
            deal.open_tasks += -1 if done else 1
            self._tell_of(deal, "DealUpdated")
