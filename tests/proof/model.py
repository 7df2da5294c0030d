"""Funnels and deals as the contract describes them, in lists and dicts: what is refused, and what else becomes of it.

It shares no rule with the product. A refusal is named, and comes before anything is changed.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from shared.money import Money
from shared.spots import Spot, SpotKind

OPEN = ("ENTRY", "PROGRESS")


class Refused(Exception):
    """The first argument is the refusal's name."""


@dataclass
class Stage:
    funnel_id: UUID
    kind: str
    name: str
    probability: int
    requires_amount: bool


@dataclass
class Reason:
    name: str
    requires_note: bool = False
    archived: bool = False


@dataclass
class Funnel:
    """`columns`: the deals of each stage, in the order of the board. `log`: the kinds of what happened."""

    name: str
    viewers: set[UUID]
    columns: dict[UUID, list[UUID]]
    reasons: dict[UUID, Reason]
    archived: bool = False
    version: int = 1
    log: list[str] = field(default_factory=list)


@dataclass
class Deal:
    funnel_id: UUID
    stage_id: UUID
    title: str
    amount: Money | None
    status: str = "OPEN"
    reason_id: UUID | None = None
    note: str | None = None
    closed_from: UUID | None = None
    open_tasks: int = 0
    archived: bool = False
    version: int = 1


@dataclass
class Item:
    """A note or a task."""

    deal_id: UUID
    text: str
    done: bool = False


@dataclass
class Model:
    """`person`: who acts. `usable`: whether the module is."""

    managers: Collection[UUID]
    person: UUID
    usable: bool = True
    funnels: dict[UUID, Funnel] = field(default_factory=dict)
    stages: dict[UUID, Stage] = field(default_factory=dict)  # also those that are deleted
    deals: dict[UUID, Deal] = field(default_factory=dict)
    notes: dict[UUID, Item] = field(default_factory=dict)
    tasks: dict[UUID, Item] = field(default_factory=dict)

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

    def create_deal(self, funnel_id: UUID, id: UUID, title: str, amount: Money | None) -> None:
        funnel = self._funnel(funnel_id)
        refuse(self._is_taken(id), "InvalidInput")
        entry = next(iter(funnel.columns))
        self.deals[id] = Deal(funnel_id, entry, title, amount)
        funnel.columns[entry].insert(0, id)
        funnel.log.append("DealCreated")

    def update_deal(self, deal_id: UUID, fields: Mapping[str, Any], version: int | None) -> None:
        deal = self._deal(deal_id, version)
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


def refuse(condition: bool, name: str) -> None:
    if condition:
        raise Refused(name)


def tell(funnel: Funnel) -> None:
    funnel.version += 1
    funnel.log.append("FunnelChanged")


def index_in(row: Sequence[UUID], spot: Spot) -> int:
    """Where in a row somebody stands at that spot."""
    if spot.neighbour_id is None:
        return 0 if spot.kind is SpotKind.TOP else len(row)
    refuse(spot.neighbour_id not in row, "InvalidInput")
    return row.index(spot.neighbour_id) + (spot.kind is SpotKind.AFTER)


def set_fields(thing: object, fields: Mapping[str, Any]) -> bool:
    """Whether one of them was anything else before."""
    changed = {name: value for name, value in fields.items() if getattr(thing, name) != value}
    for name, value in changed.items():
        setattr(thing, name, value)
    return bool(changed)


def named(made: UUID | None) -> UUID:
    """The id that the product gave. There is none when it refused what the contract allows."""
    assert made is not None
    return made
