"""Why deals of a funnel are lost: reasons are made, changed, put away."""

from typing import Any

import pytest

from shared import deals, funnels, ids
from shared.db import Transaction
from shared.errors import InvalidInput, NotFound
from shared.funnels import LossReason, ReasonDraft
from tests import make
from tests.shared.deals.refused import refused
from tests.shared.funnels.told import tells_nothing, tells_once


def draft(funnel: make.Funnel, **given: Any) -> ReasonDraft:
    return ReasonDraft.read(
        {"funnel_id": str(funnel.id), "name": "Не на часі", "requires_note": False, "archived": False} | given
    )


def paths(problems: Any) -> list[str]:
    return [".".join(problem.path) for problem in problems]


def test_tells_everything_that_is_wrong() -> None:
    with pytest.raises(InvalidInput) as refusal:
        ReasonDraft.read({"funnel_id": "x", "id": "mine", "name": "", "requires_note": None, "archived": None})

    assert paths(refusal.value.problems) == ["id", "name", "requiresNote", "archived"]


async def test_a_new_reason_is_the_last(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    tx.outgoing.clear()

    made = await funnels.save_loss_reason(tx, draft(funnel, requires_note=True))

    assert (await make.read_funnel(tx, funnel.id)).loss_reasons == [*funnel.loss_reasons, made.reason]
    assert made.reason == LossReason(made.reason.id, funnel.id, "Не на часі", requires_note=True, archived=False)
    await tells_once(tx, made.changed, "lossReasons")


async def test_a_reason_of_the_funnel_is_changed_where_it_stands(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    tx.outgoing.clear()

    changed = await funnels.save_loss_reason(tx, draft(funnel, id=str(funnel.reason.id)))

    now = (await make.read_funnel(tx, funnel.id)).loss_reasons
    assert now == [changed.reason, funnel.loss_reasons[1]]
    assert (changed.reason.id, changed.reason.name) == (funnel.reason.id, "Не на часі")
    await tells_once(tx, changed.changed, "lossReasons")


async def test_no_deal_is_lost_by_an_archived_reason_any_more(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    lost = await make.deal(tx, funnel, stage=funnel.lost)
    open_deal = await make.deal(tx, funnel)
    await funnels.save_loss_reason(tx, draft(funnel, id=str(funnel.reason.id), archived=True))

    async with refused(tx, InvalidInput) as refusal:
        await deals.move(tx, deals.Move(open_deal.id, funnel.lost.id, loss_reason_id=funnel.reason.id))

    assert paths(refusal.problems) == ["lossReasonId"]
    assert lost.loss_reason_id == funnel.reason.id
    assert (await funnels.loss_reasons_by_id(tx, [funnel.reason.id]))[funnel.reason.id].archived


async def test_the_last_reason_that_can_be_chosen_is_not_archived(tx: Transaction) -> None:
    funnel = await make.funnel(tx, loss_reasons=["Ціна", "Строки"])
    price, terms = funnel.loss_reasons
    await funnels.save_loss_reason(tx, draft(funnel, id=str(terms.id), archived=True))
    tx.outgoing.clear()

    async with refused(tx, InvalidInput) as refusal:  # no deal could be lost any more
        await funnels.save_loss_reason(tx, draft(funnel, id=str(price.id), archived=True))

    assert paths(refusal.problems) == ["archived"]
    await funnels.save_loss_reason(tx, draft(funnel, id=str(terms.id)))
    await funnels.save_loss_reason(tx, draft(funnel, id=str(price.id), archived=True))


async def test_what_is_as_it_was_is_no_change(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    tx.outgoing.clear()

    same = await funnels.save_loss_reason(tx, draft(funnel, id=str(funnel.reason.id), name=funnel.reason.name))

    await tells_nothing(tx, same.changed)


async def test_a_chosen_id_is_free_or_of_a_reason_of_this_funnel(tx: Transaction) -> None:
    funnel, other, chosen = await make.funnel(tx), await make.funnel(tx), ids.new()

    for taken in (other.reason.id, funnel.entry.id, funnel.id):
        async with refused(tx, InvalidInput) as refusal:
            await funnels.save_loss_reason(tx, draft(funnel, id=str(taken)))
        assert paths(refusal.problems) == ["id"]
    assert (await funnels.save_loss_reason(tx, draft(funnel, id=str(chosen)))).reason.id == chosen


async def test_a_funnel_has_at_most_100_reasons(tx: Transaction) -> None:
    funnel = await make.funnel(tx, loss_reasons=[f"Причина {number}" for number in range(99)])
    last = await funnels.save_loss_reason(tx, draft(funnel, archived=True))

    async with refused(tx, InvalidInput) as refusal:
        await funnels.save_loss_reason(tx, draft(funnel))
    assert paths(refusal.problems) == ["funnelId"]
    await funnels.save_loss_reason(tx, draft(funnel, id=str(last.reason.id), name="Змінена"))


async def test_reasons_of_a_funnel_that_is_not_there_are_not_saved(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    await funnels.archive(tx, funnel.id, archived=True)

    async with refused(tx, NotFound):
        await funnels.save_loss_reason(tx, draft(funnel))


async def test_a_key_is_answered_with_the_reason_as_it_is_now(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    made = await funnels.save_loss_reason(tx, draft(funnel))
    changed = await funnels.save_loss_reason(tx, draft(funnel, id=str(made.reason.id), name="Згодом"))

    again = await funnels.recall_reason(tx, made.kept)

    assert again.reason == changed.reason
    assert again.changed == funnels.Changed(changed.changed.funnel, made.changed.place)
