"""What a funnel did, against a slow and plain computation over its log."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from statistics import fmean, median
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import deals, events, funnels
from shared.actor import Permission
from shared.db import JOB, Database, Transaction
from shared.funnels import StageKind
from shared.money import Money
from shared.spots import Spot, SpotKind
from tests import make
from tests.searching import SEARCH

pytestmark = pytest.mark.anyio

KYIV = ZoneInfo("Europe/Kyiv")
OWN = 4
STAGES = OWN + 3  # with entry, won, lost
AMOUNTS = [None, Money(100_01, "UAH"), Money(7_33, "USD")]


async def period(tx: Transaction) -> tuple[date, date]:
    today = (await tx.now()).astimezone(KYIV).date()
    return today, today


async def test_counts_deals_that_skip_stages_and_come_back(tx: Transaction) -> None:
    funnel = await make.funnel(tx, stages=2)
    first, second = funnel.own
    skips = await make.deal(tx, funnel, amount=Money(500_00, "UAH"))
    returns = await make.deal(tx, funnel)
    for deal, stage in ((skips, second), (skips, funnel.won), (returns, first), (returns, funnel.entry)):
        await deals.move(tx, deals.Move(deal.id, stage.id))
    await deals.move(tx, deals.Move(returns.id, funnel.lost.id, loss_reason_id=funnel.reason.id))

    found = await deals.analytics(tx, funnel.id, *await period(tx))

    assert [(one.entered, one.moved, one.won, one.lost, one.conversion) for one in found.stages] == [
        (3, 2, 0, 1, 1.0),  # entry: both moved on, one came back and was lost
        (1, 0, 0, 0, 0.0),
        (1, 0, 1, 0, 1.0),
        (1, 0, 0, 0, 0.0),
        (1, 0, 0, 0, 0.0),
    ]
    assert (found.created, found.won, found.lost, found.win_rate) == (2, 1, 1, 0.5)
    assert found.won_value == (Money(500_00, "UAH"),)
    assert found.loss_reasons == (deals.LossReasonCount(funnel.reason.id, 1, ()),)
    assert found.sources == (deals.SourceCount(deals.DealSource.MANUAL, 2, 1),)


async def test_a_step_back_stays_one_when_its_stage_is_gone_and_others_have_changed_places(tx: Transaction) -> None:
    funnel = await make.funnel(tx, stages=4)
    first, second, third, fourth = funnel.own
    deal = await make.deal(tx, funnel)
    for stage in (fourth, third, funnel.entry):
        await deals.move(tx, deals.Move(deal.id, stage.id))
    for stage in (second, third):
        await deals.delete_stage(tx, deals.StageDeletion(stage.id))

    await funnels.move_stage(tx, funnels.StageMove(first.id, Spot(SpotKind.AFTER, fourth.id)))

    found = await deals.analytics(tx, funnel.id, *await period(tx))
    assert [(one.stage.id, one.entered, one.moved, one.conversion) for one in found.stages[:3]] == [
        (funnel.entry.id, 2, 1, 1.0),
        (fourth.id, 1, 0, 0.0),
        (first.id, 0, 0, None),
    ]


async def test_a_day_is_one_of_the_accounts_time_zone(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    await make.deal(tx, funnel)
    today, _ = await period(tx)

    yesterday = await deals.analytics(tx, funnel.id, today - timedelta(days=9), today - timedelta(days=1))

    assert (yesterday.created, [one.entered for one in yesterday.stages]) == (0, [0] * 6)


async def test_the_forecast_is_what_stands_in_open_stages(tx: Transaction) -> None:
    funnel = await make.funnel(tx, stages=1)  # probabilities 33 and 67
    await make.deal(tx, funnel, amount=Money(100_00, "UAH"))
    await make.deal(tx, funnel, stage=funnel.own[0], amount=Money(10_00, "UAH"))
    await make.deal(tx, funnel, stage=funnel.won, amount=Money(99_00, "UAH"))

    found = await deals.analytics(tx, funnel.id, *await period(tx))

    assert found.forecast == (Money(33_00 + 6_70, "UAH"),)


async def test_may_read_longer_than_other_questions(db: Database, tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    async with db.reading(tx.account_id) as asking:
        before = await asking.fetchval("SHOW statement_timeout")

    await deals.analytics(tx, funnel.id, *await period(tx))

    assert (before, await tx.fetchval("SHOW statement_timeout")) == ("3s", "10s")


steps = st.lists(st.tuples(st.integers(0, 5), st.integers(0, STAGES + 3), st.integers(0, 40)), max_size=40)


@settings(SEARCH, max_examples=30)
@given(steps=steps, begins=st.integers(0, 20), lasts=st.integers(0, 20))
async def test_is_what_a_plain_computation_finds(
    db: Database, steps: list[tuple[int, int, int]], begins: int, lasts: int
) -> None:
    account = await make.account(db)
    async with db.transaction(account.id, limits=JOB) as tx:
        tx.actor = make.actor(await make.user(tx), *Permission)
        funnel = await make.funnel(tx, stages=OWN)
        began = (await tx.now()).astimezone(KYIV).date()
        row, gone = await _live(tx, funnel, steps)
        first = began + timedelta(days=begins)
        last = first + timedelta(days=lasts)

        found = await deals.analytics(tx, funnel.id, first, last)

        told = await events.after(tx, funnel.id, 0, 1_000)
        assert _comparable(found) == _plain(row, gone, told, first, last)


async def _live(
    tx: Transaction, funnel: make.Funnel, steps: list[tuple[int, int, int]]
) -> tuple[list[UUID], set[UUID]]:
    """Each step: some hours later a deal goes to a stage, or a new one is made, or one leaves the board or is back.

    Or one of the own stages goes, and its deals to another one, or it is moved. All stages in their order at the end,
    and those of them that are gone.
    """
    hours = 0
    row = [stage.id for stage in funnel.stages]
    gone: set[UUID] = set()
    made: list[deals.Deal] = []
    away: set[int] = set()
    for number, place, pause in steps:
        hours += pause
        await make.clock(tx, timedelta(hours=hours))
        if place >= STAGES + 2:
            own = [id for id in row[1:-2] if id not in gone]
            if place == STAGES + 2 and len(own) > 1:
                gone.add(going := own[number % len(own)])
                await deals.delete_stage(tx, deals.StageDeletion(going, funnel.entry.id))
            elif place > STAGES + 2:
                moved, neighbour = own[number % len(own)], own[pause % len(own)]
                if moved != neighbour:
                    await funnels.move_stage(tx, funnels.StageMove(moved, Spot(SpotKind.AFTER, neighbour)))
                    row.remove(moved)
                    row.insert(row.index(neighbour) + 1, moved)
            continue
        if place == STAGES or number >= len(made):
            made.append(await make.deal(tx, funnel, amount=AMOUNTS[number % len(AMOUNTS)]))
            continue
        if place > STAGES:
            await (deals.restore if number in away else deals.archive)(tx, deals.Many((made[number].id,)))
            away ^= {number}
            continue
        stage = funnel.stages[place]
        if number in away or stage.id in gone:
            continue
        reason_id = funnel.reason.id if stage.kind is StageKind.LOST else None
        await deals.move(tx, deals.Move(made[number].id, stage.id, loss_reason_id=reason_id))
    return row, gone


def _comparable(found: deals.FunnelAnalytics) -> Any:
    stages = [
        (
            one.entered,
            one.moved,
            one.won,
            one.lost,
            one.conversion,
            one.median_hours and pytest.approx(one.median_hours, abs=1e-6),
            one.average_hours and pytest.approx(one.average_hours, abs=1e-6),
        )
        for one in found.stages
    ]
    days = found.average_days_to_win
    return stages, found.created, found.won, found.lost, found.won_value, days and pytest.approx(days, abs=1e-6)


def _plain(row: list[UUID], gone: set[UUID], told: list[events.Recorded], first: date, last: date) -> Any:
    """Event by event, without a database. `row`: all stages as they stand now."""
    walks: dict[str, list[tuple[int, datetime]]] = {}
    now: dict[str, deals.Deal] = {}
    index = {id: place for place, id in enumerate(row)}
    for event in told:
        if "deal" not in event.payload:  # it is about stages
            continue
        deal = deals.Deal.from_json(event.payload["deal"])
        now[str(deal.id)] = deal
        walk = walks.setdefault(str(deal.id), [])
        if not walk or walk[-1][0] != index[deal.stage_id]:
            walk.append((index[deal.stage_id], event.at))
    in_period: Callable[[datetime], bool] = lambda at: first <= at.astimezone(KYIV).date() <= last  # noqa: E731
    stages = [_stage(place, list(walks.values()), in_period) for place, id in enumerate(row) if id not in gone]
    closed = [deal for deal in now.values() if deal.closed_at and in_period(deal.closed_at)]
    won = [deal for deal in closed if deal.status is deals.DealStatus.WON]
    value: dict[str, int] = {}
    for deal in won:
        if deal.amount:
            value[deal.amount.currency] = value.get(deal.amount.currency, 0) + deal.amount.minor
    took = [(deal.closed_at - deal.created_at).total_seconds() / 86_400 for deal in won if deal.closed_at]
    created = sum(in_period(deal.created_at) for deal in now.values())
    worth = tuple(Money(value[code], code) for code in sorted(value))
    return stages, created, len(won), len(closed) - len(won), worth, fmean(took) if took else None


def _stage(place: int, walks: list[list[tuple[int, datetime]]], in_period: Callable[[datetime], bool]) -> Any:
    won, lost = STAGES - 2, STAGES - 1
    entered = moved = gained = missed = converted = came = 0
    hours: list[float] = []
    for walk in walks:
        visits = [step for step, (where, at) in enumerate(walk) if where == place and in_period(at)]
        came += bool(visits)
        later = [where for where, _ in walk[visits[0] + 1 :]] if visits else []
        converted += any(where == won or place < where < won for where in later)
        for step in visits:
            entered += 1
            if step + 1 < len(walk):
                following, at = walk[step + 1]
                moved += place < following < won
                gained += following == won
                missed += following == lost
                hours.append((at - walk[step][1]).total_seconds() / 3_600)
    share = converted / came if came else None
    return entered, moved, gained, missed, share, median(hours) if hours else None, fmean(hours) if hours else None
