"""Boards of the past are what the log says; and what is kept beside the log can be made anew from it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import deals, events, ids, jobs
from shared.db import Database, Transaction
from shared.deals import keeping, past
from shared.errors import InvalidInput
from shared.money import Money
from tests import board, make
from tests.searching import SEARCH
from tests.shared.deals.test_board_folds import OF_DEALS, OF_FUNNELS, Command, attempt, begin, index

EVERY = 5


@pytest.fixture(autouse=True, scope="module")
def checkpoints_are_close() -> Iterator[None]:
    """So that a short history passes some."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeping, "CHECKPOINT_EVERY", EVERY)
        patch.setattr(past, "CHECKPOINT_EVERY", EVERY)
        yield


async def keep(tx: Transaction, funnel_id: UUID) -> list[int]:
    """Do the job that keeps boards; the numbers of the events that boards are kept of."""
    job = jobs.Job(ids.new(), tx.account_id, deals.CHECKPOINT, funnel_id, await tx.now(), 1, 10, ids.new())
    await deals.keep_checkpoints(tx, job)
    rows = await tx.fetch("SELECT seq FROM board_checkpoints WHERE funnel_id = $1 ORDER BY seq", funnel_id)
    return [row["seq"] for row in rows]


def shown(found: deals.PastBoard | None) -> tuple[Any, ...]:
    assert found is not None
    columns = {str(stage.id): found.deals(stage.id) for stage in found.funnel.stages}
    standing = {str(deal.id): board.as_json(deal) for column in columns.values() for deal in column}
    order = {id: [str(deal.id) for deal in column] for id, column in columns.items()}
    return found.seq, board.plain(found.funnel.to_json()), order, standing


def of_model(model: board.Board) -> tuple[Any, ...]:
    on_board = {id for column in model.columns.values() for id in column}
    return model.seq, model.funnel, model.columns, {id: model.deals[id] for id in on_board}


async def visits(tx: Transaction, funnel_id: UUID) -> list[tuple[Any, ...]]:
    rows = await tx.fetch(
        """SELECT deal_id::text, stage_id::text, entered_at, left_at, entered_seq
             FROM stage_visits
            WHERE funnel_id = $1
            ORDER BY deal_id, entered_seq""",
        funnel_id,
    )
    return [tuple(row) for row in rows]


def visits_of(log: list[events.Recorded]) -> list[tuple[Any, ...]]:
    """The same, from the log alone."""
    found: dict[str, list[list[Any]]] = {}
    for event in log:
        if event.kind == "DealsImported":
            for deal in event.payload["deals"]:
                found[deal["id"]] = [[deal["id"], deal["stageId"], event.at, None, event.seq]]
        if event.kind in ("DealCreated", "DealMoved", "DealRestored"):
            deal = event.payload["deal"]
            of_deal = found.setdefault(deal["id"], [])
            if of_deal and of_deal[-1][1] == deal["stageId"]:
                continue
            if of_deal:
                of_deal[-1][3] = event.at
            of_deal.append([deal["id"], deal["stageId"], event.at, None, event.seq])
    return [tuple(visit) for deal in sorted(found) for visit in found[deal]]


@settings(SEARCH, max_examples=15)
@given(commands=st.lists(st.tuples(index, st.one_of(*OF_DEALS, *OF_FUNNELS)), min_size=10, max_size=25))
async def test_every_board_of_the_past_is_what_the_log_folds_to(
    db: Database, commands: list[tuple[int, Command]]
) -> None:
    account = await make.account(db)
    async with db.transaction(account.id) as tx:
        world = await begin(tx)
        for person, command in commands:
            tx.actor = world.person(person)
            await attempt(world, command)
        tx.actor = world.people[0]
        log = await events.after(tx, world.funnel.id, 0)
        head = log[-1].place
        kept = await keep(tx, world.funnel.id)

        model = await board.origin(tx, world.funnel.id)
        for event in [None, *log]:
            if event is not None:
                board.fold(model, [event])
            cursor = events.Place(head.epoch, model.seq).cursor
            assert shown(await deals.past_board(tx, world.funnel.id, as_of=cursor)) == of_model(model)

        assert kept == list(range(EVERY, head.seq + 1, EVERY))[: past.CHECKPOINTS_A_TURN]
        assert await visits(tx, world.funnel.id) == visits_of(log)


async def test_shows_the_board_at_a_moment(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    first = await make.deal(tx, funnel, amount=Money(100, "UAH"))
    second = await make.deal(tx, funnel)
    await deals.move(tx, deals.Move(first.id, funnel.won.id))
    between = second.created_at

    then = await deals.past_board(tx, funnel.id, at=between)
    before = await deals.past_board(tx, funnel.id, at=first.created_at - timedelta(microseconds=1))
    now = await deals.past_board(tx, funnel.id, at=await tx.now() + timedelta(days=1))

    assert then is not None
    assert [deal.id for deal in then.deals(funnel.entry.id)] == [second.id, first.id]
    assert (then.seq, then.at, then.total(funnel.entry.id).value) == (2, between, (Money(100, "UAH"),))
    assert before is not None
    assert (before.seq, before.deals(funnel.entry.id)) == (0, [])
    assert now is not None
    assert [deal.id for deal in now.deals(funnel.won.id)] == [first.id]


async def test_there_is_no_board_before_the_funnel(tx: Transaction) -> None:
    before = await tx.now()
    funnel = await make.funnel(tx)

    assert await deals.past_board(tx, funnel.id, at=before - timedelta(seconds=1)) is None
    assert await deals.past_board(tx, ids.new(), at=before) is None


async def test_who_does_not_see_the_funnel_sees_no_past_of_it(tx: Transaction) -> None:
    funnel, stranger = await make.funnel(tx), await make.user(tx)
    tx.actor = make.actor(stranger)

    assert await deals.past_board(tx, funnel.id, at=await tx.now()) is None


@pytest.mark.parametrize("ahead", [False, True])
async def test_refuses_a_cursor_that_is_no_place_of_the_log(tx: Transaction, ahead: bool) -> None:
    funnel = await make.funnel(tx)
    head = await events.head(tx, funnel.id)
    assert head is not None
    place = events.Place(head.epoch, 1) if ahead else events.Place(ids.new(), 0)

    with pytest.raises(InvalidInput) as refused:
        await deals.past_board(tx, funnel.id, as_of=place.cursor)

    assert [problem.path for problem in refused.value.problems] == [("asOf",)]


async def test_asks_for_a_checkpoint_when_a_round_number_is_passed(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    for _ in range(EVERY):
        assert await tx.fetchval("SELECT count(*) FROM jobs WHERE ref = $1", funnel.id) == 0
        await make.deal(tx, funnel)

    assert await tx.fetchval("SELECT kind FROM jobs WHERE ref = $1", funnel.id) == deals.CHECKPOINT
    assert await keep(tx, funnel.id) == [EVERY]
    assert await keep(tx, funnel.id) == [EVERY]
