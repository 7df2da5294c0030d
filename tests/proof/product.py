"""The product's commands under the names of the model's, and what the product holds in the model's words."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from shared import deals, funnels
from shared.db import Transaction
from shared.errors import DomainError
from shared.funnels import StageKind
from shared.money import Money
from shared.spots import Spot
from tests import make


async def perform(tx: Transaction, name: str, given: Mapping[str, Any]) -> tuple[str | None, UUID | None]:
    """The refusal's name; and the id of what was made, when the product made that id."""
    said = list(tx.outgoing)
    try:
        async with tx.attempt():
            made = await COMMANDS[name](tx, **given)
    except DomainError as refused:
        assert tx.outgoing == said
        return type(refused).__name__, None
    return None, made


async def update_funnel(
    tx: Transaction, funnel_id: UUID, name: str | None, viewers: set[UUID] | None, version: int | None
) -> None:
    seeing = None if viewers is None else tuple(viewers)
    await funnels.update(tx, funnels.FunnelChanges(funnel_id, name, seeing, version))


async def archive_funnel(tx: Transaction, funnel_id: UUID, archived: bool) -> None:
    await funnels.archive(tx, funnel_id, archived)


async def save_reason(
    tx: Transaction, funnel_id: UUID, id: UUID, name: str, requires_note: bool, archived: bool
) -> None:
    draft = funnels.ReasonDraft(funnel_id, id, name, requires_note, archived, id_is_chosen=True)
    await funnels.save_loss_reason(tx, draft)


async def create_stage(
    tx: Transaction, funnel_id: UUID, id: UUID, name: str, probability: int, requires_amount: bool, spot: Spot
) -> None:
    new = funnels.NewStage(id, StageKind.PROGRESS, name, "#1A2B3C", probability, None, requires_amount)
    await funnels.create_stage(tx, funnels.StageCreation(funnel_id, new, spot, id_is_chosen=True))


async def update_stage(tx: Transaction, stage_id: UUID, fields: Mapping[str, Any]) -> None:
    await funnels.update_stage(tx, funnels.StageChanges(stage_id, fields))


async def move_stage(tx: Transaction, stage_id: UUID, spot: Spot) -> None:
    await funnels.move_stage(tx, funnels.StageMove(stage_id, spot))


async def delete_stage(tx: Transaction, stage_id: UUID, target_id: UUID | None) -> None:
    await deals.delete_stage(tx, deals.StageDeletion(stage_id, target_id))


async def create_deal(
    tx: Transaction, funnel_id: UUID, id: UUID, title: str, amount: Money | None, assignee_id: UUID | None
) -> None:
    new = deals.NewDeal(id, funnel_id, title, make.ANNA, assignee_id, amount, id_is_chosen=True)
    await deals.create(tx, new)


async def update_deal(tx: Transaction, deal_id: UUID, fields: Mapping[str, Any], version: int | None) -> None:
    await deals.update(tx, deals.Changes(deal_id, fields, version))


async def move_deal(
    tx: Transaction,
    deal_id: UUID,
    stage_id: UUID,
    spot: Spot,
    version: int | None,
    reason_id: UUID | None,
    note: str | None,
    amount: Money | None,
) -> None:
    await deals.move(tx, deals.Move(deal_id, stage_id, spot, version, reason_id, note, amount))


async def move_deals(
    tx: Transaction, deal_ids: tuple[UUID, ...], stage_id: UUID, reason_id: UUID | None, note: str | None
) -> None:
    await deals.move_many(tx, deals.MoveMany(deal_ids, stage_id, reason_id, note))


async def archive_deals(tx: Transaction, deal_ids: tuple[UUID, ...]) -> None:
    await deals.archive(tx, deals.Many(deal_ids))


async def restore_deals(tx: Transaction, deal_ids: tuple[UUID, ...]) -> None:
    await deals.restore(tx, deals.Many(deal_ids))


async def add_note(tx: Transaction, deal_id: UUID, text: str) -> UUID:
    return (await deals.add_note(tx, deals.NoteDraft(deal_id, text))).note.id


async def update_note(tx: Transaction, note_id: UUID, text: str) -> None:
    await deals.update_note(tx, deals.NoteDraft(note_id, text))


async def delete_note(tx: Transaction, note_id: UUID) -> None:
    await deals.delete_note(tx, note_id)


async def add_task(tx: Transaction, deal_id: UUID, text: str) -> UUID:
    return (await deals.add_task(tx, deals.NewTask(deal_id, text))).task.id


async def update_task(tx: Transaction, task_id: UUID, text: str) -> None:
    await deals.update_task(tx, deals.TaskChanges(task_id, {"title": text}))


async def complete_task(tx: Transaction, task_id: UUID, done: bool) -> None:
    await deals.complete_task(tx, deals.TaskCompletion(task_id, done))


async def set_module(tx: Transaction, usable: bool) -> None:
    await make.module(tx, usable_until=date.max if usable else date(2020, 1, 1))


COMMANDS: Mapping[str, Callable[..., Awaitable[UUID | None]]] = {
    command.__name__: command
    for command in (
        update_funnel,
        archive_funnel,
        save_reason,
        create_stage,
        update_stage,
        move_stage,
        delete_stage,
        create_deal,
        update_deal,
        move_deal,
        move_deals,
        archive_deals,
        restore_deals,
        add_note,
        update_note,
        delete_note,
        add_task,
        update_task,
        complete_task,
        set_module,
    )
}


async def kept_deals(tx: Transaction, deal_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """What the model knows of deals, archived ones too."""
    return {
        deal.id: {
            "funnel_id": deal.funnel_id,
            "stage_id": deal.stage_id,
            "title": deal.title,
            "amount": deal.amount,
            "assignee_id": deal.assignee_id,
            "status": deal.status,
            "reason_id": deal.loss_reason_id,
            "note": deal.loss_note,
            "closed_from": deal.closed_from_stage_id,
            "open_tasks": deal.open_task_count,
            "archived": deal.archived,
            "version": deal.version,
        }
        for deal in (await deals.get_many(tx, deal_ids)).values()
    }
