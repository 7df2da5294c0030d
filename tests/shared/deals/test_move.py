"""Moving a deal: what it becomes in its new stage, what the event says, and what is refused, in the contract's order."""

from dataclasses import replace
from datetime import date

import pytest

from shared import deals, events, ids
from shared.actor import Permission
from shared.db import Transaction
from shared.deals import ColumnTotals, DealMoved, DealStatus, Move, Spot, SpotKind
from shared.errors import (
    AmountRequired,
    InvalidInput,
    LossReasonRequired,
    ModuleInactive,
    NotFound,
    StageNotInFunnel,
    StaleDeal,
)
from shared.funnels import Total
from shared.money import Money
from tests import make
from tests.shared.deals.refused import refused


async def test_says_all_that_a_board_must_know(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    other = await make.deal(tx, funnel, stage=funnel.own[0], amount=Money(3, "USD"))
    deal = await make.deal(tx, funnel, amount=Money(5, "UAH"))
    seq = (await events.lock(tx, funnel.id)).place.seq

    changed = await deals.move(tx, Move(deal.id, funnel.own[0].id, Spot(SpotKind.BOTTOM), expected_version=1))

    kept = await deals.find(tx, deal.id)
    assert kept == changed.deal
    assert (kept.version, kept.stage_id, kept.status) == (2, funnel.own[0].id, DealStatus.OPEN)
    (event,) = await events.after(tx, funnel.id, seq)
    both = Total(2, (Money(5, "UAH"), Money(3, "USD")))
    totals = {funnel.entry.id: Total(), funnel.own[0].id: both}
    assert DealMoved.from_payload(event.payload) == DealMoved(
        kept,
        tuple(ColumnTotals(id, totals[id]) for id in sorted(totals)),
        other.id,
        funnel.entry.id,
        funnel.entry.name,
        funnel.own[0].name,
    )
    assert (event.place, event.at) == (changed.place, kept.entered_stage_at)


async def test_a_place_in_the_same_stage_changes_nothing_but_the_version(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    deal = await make.deal(tx, funnel, stage=funnel.own[0])

    moved = (await deals.move(tx, Move(deal.id, funnel.own[0].id, loss_reason_id=funnel.reason.id, loss_note="x"))).deal

    assert moved == replace(deal, version=deal.version + 1, updated_at=moved.updated_at)


async def test_a_lost_deal_remembers_why_and_whence(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    deal = await make.deal(tx, funnel, stage=funnel.own[1])

    lost = (
        await deals.move(tx, Move(deal.id, funnel.lost.id, loss_reason_id=funnel.reason.id, loss_note="Дорого"))
    ).deal

    assert (lost.status, lost.loss_reason_id, lost.loss_note) == (DealStatus.LOST, funnel.reason.id, "Дорого")
    assert (lost.closed_from_stage_id, lost.closed_at) == (funnel.own[1].id, lost.entered_stage_at)


async def test_the_reason_of_a_lost_deal_may_be_told_again(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    lost = await make.deal(tx, funnel, stage=funnel.lost)
    second = funnel.loss_reasons[1]

    moved = (await deals.move(tx, Move(lost.id, funnel.lost.id, loss_reason_id=second.id))).deal

    assert (moved.loss_reason_id, moved.closed_at) == (second.id, lost.closed_at)
    assert (await deals.move(tx, Move(lost.id, funnel.lost.id))).deal.loss_reason_id == second.id


async def test_reopening_clears_how_it_was_closed(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    deal = await make.deal(tx, funnel)
    await deals.move(tx, Move(deal.id, funnel.lost.id, loss_reason_id=funnel.reason.id, loss_note="Дорого"))

    opened = (await deals.move(tx, Move(deal.id, funnel.own[0].id))).deal

    assert (opened.status, opened.loss_reason_id, opened.loss_note) == (DealStatus.OPEN, None, None)
    assert (opened.closed_at, opened.closed_from_stage_id) == (None, None)


async def test_a_lost_deal_that_is_won_after_all_was_closed_where_it_stood_open(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    deal = await make.deal(tx, funnel, stage=funnel.own[1])
    await deals.move(tx, Move(deal.id, funnel.lost.id, loss_reason_id=funnel.reason.id))

    won = (await deals.move(tx, Move(deal.id, funnel.won.id))).deal

    assert (won.status, won.loss_reason_id, won.closed_from_stage_id) == (DealStatus.WON, None, funnel.own[1].id)
    assert won.closed_at == won.entered_stage_at


async def test_an_amount_is_filled_in_on_the_way(tx: Transaction) -> None:
    funnel = await make.funnel(tx, 1, requires_amount=[0])
    deal = await make.deal(tx, funnel)

    moved = await deals.move(tx, Move(deal.id, funnel.own[0].id, amount=Money(0, "UAH")))

    assert moved.deal.amount == Money(0, "UAH")  # nothing is an amount too


async def test_says_what_the_product_would_ask_for(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    bare, priced = await make.deal(tx, funnel), await make.deal(tx, funnel, amount=Money(1, "UAH"))

    async def missing(deal: deals.Deal, move: Move) -> tuple[str, ...]:
        return (await deals.move(tx, replace(move, deal_id=deal.id))).missing

    forth = Move(bare.id, funnel.own[0].id)
    assert await missing(bare, forth) == ("amount",)
    assert await missing(priced, forth) == ()
    assert await missing(bare, Move(bare.id, funnel.won.id)) == ("amount",)
    assert await missing(bare, Move(bare.id, funnel.lost.id, loss_reason_id=funnel.reason.id)) == ()
    assert await missing(bare, Move(bare.id, funnel.entry.id)) == ()


async def test_an_answer_is_given_again_as_the_deal_is_now(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    deal = await make.deal(tx, funnel)
    first = await deals.move(tx, Move(deal.id, funnel.own[0].id))
    later = await deals.move(tx, Move(deal.id, funnel.own[1].id))

    assert await deals.recall(tx, first.kept) == deals.Changed(later.deal, first.place, ("amount",))


# ─── refusals, in their order ────────────────────────────────────────────────────────────────────


async def test_refuses_in_the_contract_s_order(tx: Transaction) -> None:
    """One move with everything wrong; each time what was refused is put right, and the next thing is refused."""
    funnel, other = await make.funnel(tx), await make.funnel(tx)
    deal = await make.deal(tx, funnel)
    await tx.execute("UPDATE stages SET requires_amount = true WHERE id = $1", funnel.lost.id)
    await make.module(tx, usable_until=date(2020, 1, 1))
    move = Move(
        ids.new(), other.entry.id, Spot(SpotKind.AFTER, ids.new()), expected_version=7, loss_reason_id=ids.new()
    )

    async with refused(tx, NotFound) as refusal:
        await deals.move(tx, move)
    assert refusal.id == move.deal_id
    move = replace(move, deal_id=deal.id)
    async with refused(tx, ModuleInactive):
        await deals.move(tx, move)
    await make.module(tx)
    async with refused(tx, StaleDeal):
        await deals.move(tx, move)
    move = replace(move, expected_version=1)
    async with refused(tx, InvalidInput) as refusal:
        await deals.move(tx, move)
    assert [problem.path for problem in refusal.problems] == [("place", "after"), ("lossReasonId",)]
    move = replace(move, spot=Spot(), loss_reason_id=None)
    async with refused(tx, StageNotInFunnel) as refusal:
        await deals.move(tx, move)
    assert refusal.stage_id == other.entry.id
    move = replace(move, to_stage_id=funnel.lost.id)
    async with refused(tx, LossReasonRequired) as refusal:
        await deals.move(tx, move)
    assert refusal.funnel_id == funnel.id
    move = replace(move, loss_reason_id=funnel.reason.id)
    async with refused(tx, AmountRequired) as refusal:
        await deals.move(tx, move)
    assert refusal.stage_id == funnel.lost.id
    assert (await deals.move(tx, replace(move, amount=Money(1, "UAH")))).deal.version == 2


async def test_who_does_not_see_the_funnel_does_not_find_the_deal(tx: Transaction) -> None:
    deal = await make.deal(tx)
    tx.actor = make.actor(await make.user(tx), Permission.DEALS_WRITE)

    async with refused(tx, NotFound):
        await deals.move(tx, Move(deal.id, deal.stage_id))


async def test_a_stage_of_nothing_is_no_stage_of_the_funnel(tx: Transaction) -> None:
    deal = await make.deal(tx)

    async with refused(tx, StageNotInFunnel):
        await deals.move(tx, Move(deal.id, ids.read("no stage")))


async def test_a_reason_may_want_a_note(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    await make.requires_note(tx, funnel.reason)
    deal = await make.deal(tx, funnel)
    move = Move(deal.id, funnel.lost.id, loss_reason_id=funnel.reason.id)

    async with refused(tx, LossReasonRequired):
        await deals.move(tx, move)
    assert (await deals.move(tx, replace(move, loss_note="Чекали знижку"))).deal.loss_note == "Чекали знижку"


@pytest.mark.parametrize("whose", ["archived", "another funnel"])
async def test_a_reason_must_be_one_of_the_funnel_s_own(tx: Transaction, whose: str) -> None:
    funnel, other = await make.funnel(tx), await make.funnel(tx)
    deal = await make.deal(tx, funnel)
    reason = funnel.reason if whose == "archived" else other.reason
    await tx.execute("UPDATE loss_reasons SET archived = true WHERE id = $1 AND funnel_id = $2", reason.id, funnel.id)

    async with refused(tx, InvalidInput) as refusal:
        await deals.move(tx, Move(deal.id, funnel.lost.id, loss_reason_id=reason.id))

    assert [problem.path for problem in refusal.problems] == [("lossReasonId",)]


@pytest.mark.parametrize("kind", [SpotKind.AFTER, SpotKind.BEFORE])
async def test_a_neighbour_must_be_another_deal_of_that_stage(tx: Transaction, kind: SpotKind) -> None:
    funnel = await make.funnel(tx)
    deal, above = await make.deal(tx, funnel), await make.deal(tx, funnel)
    elsewhere = await make.deal(tx)
    for to, neighbour in (
        (funnel.own[0], above.id),  # of another stage
        (funnel.entry, deal.id),  # itself
        (funnel.entry, elsewhere.id),  # of another funnel
        (funnel.entry, ids.read("nobody")),
    ):
        async with refused(tx, InvalidInput) as refusal:
            await deals.move(tx, Move(deal.id, to.id, Spot(kind, neighbour)))
        assert [problem.path for problem in refusal.problems] == [("place", kind.value)]
