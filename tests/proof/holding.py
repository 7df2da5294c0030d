"""What the model holds: who sees what of it, what is refused, and what becomes of a deal that is moved."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from shared.money import Money
from tests.proof.things import OPEN, Deal, Funnel, Item, Stage, refuse


@dataclass
class Holding:
    """`person`: who acts. `people`: everybody who may be an assignee. `usable`: whether the module is."""

    managers: Collection[UUID]
    people: Sequence[UUID]
    person: UUID
    usable: bool = True
    funnels: dict[UUID, Funnel] = field(default_factory=dict)
    stages: dict[UUID, Stage] = field(default_factory=dict)  # also those that are deleted
    deals: dict[UUID, Deal] = field(default_factory=dict)
    notes: dict[UUID, Item] = field(default_factory=dict)
    tasks: dict[UUID, Item] = field(default_factory=dict)

    # ─── what is found, and what is refused ───

    def _funnel(self, funnel_id: UUID, *, also_archived: bool = False) -> Funnel:
        funnel = self.funnels.get(funnel_id)
        refuse(funnel is None or not self._sees(funnel) or (funnel.archived and not also_archived), "NotFound")
        refuse(not self.usable, "ModuleInactive")
        assert funnel is not None
        return funnel

    def _stage(self, stage_id: UUID) -> tuple[Funnel, Stage]:
        stage = self.stages.get(stage_id)
        refuse(stage is None or stage_id not in self.funnels[stage.funnel_id].columns, "NotFound")
        assert stage is not None
        return self._funnel(stage.funnel_id), stage

    def _deal(self, deal_id: UUID, version: int | None = None) -> Deal:
        (deal,) = self._deals([deal_id])
        refuse(version not in (None, deal.version), "StaleDeal")
        return deal

    def _deals(self, deal_ids: Sequence[UUID], *, also_archived: bool = False) -> list[Deal]:
        found = [self.deals[id] for id in deal_ids if id in self.deals]
        seen = [deal for deal in found if self._sees(funnel := self.funnels[deal.funnel_id]) and not funnel.archived]
        there = [deal for deal in seen if also_archived or not deal.archived]
        refuse(len(there) < len(deal_ids), "NotFound")
        refuse(not self.usable, "ModuleInactive")
        return there

    def _item(self, items: Mapping[UUID, Item], id: UUID) -> tuple[Item, Deal]:
        refuse(id not in items, "NotFound")
        return items[id], self._deal(items[id].deal_id)

    def _sees(self, funnel: Funnel) -> bool:
        return self.person in self.managers or self.person in funnel.viewers

    def _is_taken(self, id: UUID) -> bool:
        taken: list[Collection[UUID]] = [self.funnels, self.stages, self.deals, self.notes, self.tasks]
        taken += [funnel.reasons for funnel in self.funnels.values()]
        return any(id in kept for kept in taken)

    def _refuse_reason(self, funnel: Funnel, reason_id: UUID | None) -> None:
        if reason_id is not None:
            refuse(reason_id not in funnel.reasons or funnel.reasons[reason_id].archived, "InvalidInput")

    def _refuse_entering(
        self, deal: Deal, stage_id: UUID, reason_id: UUID | None, note: str | None, amount: Money | None
    ) -> None:
        stage, enters = self.stages[stage_id], stage_id != deal.stage_id
        if stage.kind == "LOST":
            refuse(enters and reason_id is None, "LossReasonRequired")
            wants = reason_id is not None and self.funnels[deal.funnel_id].reasons[reason_id].requires_note
            refuse(wants and not (note or deal.note), "LossReasonRequired")
        refuse(enters and stage.requires_amount and not (amount or deal.amount), "AmountRequired")

    # ─── what becomes of it ───

    def _own(self, funnel: Funnel) -> list[UUID]:
        return [id for id in funnel.columns if self.stages[id].kind == "PROGRESS"]

    def _arrange(self, funnel: Funnel, own: Sequence[UUID]) -> None:
        entry, *_, won, lost = [id for id in funnel.columns if id not in own]
        funnel.columns = {id: funnel.columns[id] for id in (entry, *own, won, lost)}

    def _to_top(
        self, deal_ids: Sequence[UUID], stage_id: UUID, reason_id: UUID | None = None, note: str | None = None
    ) -> None:
        columns = self.funnels[self.stages[stage_id].funnel_id].columns
        for deal_id in reversed(deal_ids):
            deal = self.deals[deal_id]
            columns[deal.stage_id].remove(deal_id)
            columns[stage_id].insert(0, deal_id)
            self._enter(deal, stage_id, reason_id, note)
            self._tell_of(deal, "DealMoved")

    def _enter(self, deal: Deal, stage_id: UUID, reason_id: UUID | None, note: str | None) -> None:
        kind = self.stages[stage_id].kind
        if stage_id == deal.stage_id:
            if kind == "LOST":
                deal.reason_id, deal.note = reason_id or deal.reason_id, note or deal.note
            return
        stood = deal.stage_id if deal.status == "OPEN" else deal.closed_from
        deal.stage_id, deal.status = stage_id, "OPEN" if kind in OPEN else kind
        deal.closed_from = None if kind in OPEN else stood
        deal.reason_id, deal.note = (reason_id, note) if kind == "LOST" else (None, None)

    def _tell_of(self, deal: Deal, kind: str) -> None:
        deal.version += 1
        self.funnels[deal.funnel_id].log.append(kind)
