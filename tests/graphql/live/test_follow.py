"""Subscribers: every event after a place, each once and in order, or a word that the board has to be loaded again."""

import asyncio
from contextlib import aclosing
from datetime import timedelta
from uuid import UUID

import anyio
import pytest

from services.graphql.live.follow import OLDEST_EVENTS, Ready, Resync, ResyncReason, follow
from services.graphql.live.rooms import PAGE, RING_EVENTS, News, Rooms
from shared import accounts, funnels, ids
from shared.db import Database
from shared.errors import NotFound
from shared.events import Place
from tests import make
from tests.graphql.live.boards import Board, until
from tests.graphql.live.following import following, head, seqs

EPOCH = UUID("11111111-1111-4111-8111-111111111111")
A_WEEK = timedelta(days=7)


async def test_ready_comes_first_and_then_all_that_happens(db: Database, board: Board) -> None:
    rooms, place = Rooms(db), await head(db, board)
    async with following(board, db, rooms) as told:
        assert await anext(told) == Ready(place)
        places = await board.move(db, 3)
        await rooms.look()
        first = await anext(told)

        assert isinstance(first, News)
        assert first.recorded.place == places[0]
        assert await seqs(told, 2) == [3, 4]


async def test_resuming_brings_what_was_missed_and_what_comes(db: Database, board: Board) -> None:
    rooms, places = Rooms(db), await board.move(db, 5)
    async with following(board, db, rooms, places[1].cursor) as told:
        assert await anext(told) == Ready(places[1])
        assert await seqs(told, 3) == [4, 5, 6]
        await board.move(db)
        await rooms.look()
        assert await seqs(told, 1) == [7]


async def test_resuming_at_the_head_misses_nothing(db: Database, board: Board) -> None:
    rooms, place = Rooms(db), await head(db, board)
    async with following(board, db, rooms, place.cursor) as told:
        assert await anext(told) == Ready(place)
        await board.move(db)
        await rooms.look()
        assert await seqs(told, 1) == [2]


async def test_a_place_before_the_first_event_is_resumed_from(db: Database, board: Board) -> None:
    start = Place((await head(db, board)).epoch, 0)
    async with following(board, db, Rooms(db), start.cursor) as told:
        assert await anext(told) == Ready(start)
        assert await seqs(told, 1) == [1]


async def test_further_behind_than_the_ring_comes_from_the_table_in_pages(db: Database, board: Board) -> None:
    rooms, place = Rooms(db), await head(db, board)
    many = 2 * PAGE + RING_EVENTS
    await board.lengthen(db, many)
    async with following(board, db, rooms, place.cursor) as told:
        assert await anext(told) == Ready(place)
        assert await seqs(told, PAGE) == list(range(2, 2 + PAGE))
        await board.move(db, 3)  # while somebody is far behind
        await rooms.look()
        assert await seqs(told, many + 3 - PAGE) == list(range(2 + PAGE, many + 5))


async def test_what_the_table_has_before_the_room_hears_of_it_is_no_unknown_place(db: Database, board: Board) -> None:
    rooms, place = Rooms(db), await head(db, board)
    await board.lengthen(db, 5)
    async with following(board, db, rooms, place.cursor) as told:
        assert await anext(told) == Ready(place)
        await board.move(db, 2)  # and nobody tells
        assert await seqs(told, 5) == [2, 3, 4, 5, 6]
        coming = asyncio.create_task(seqs(told, 3))
        await anyio.wait_all_tasks_blocked()
        await board.move(db)
        await rooms.look()
        assert await coming == [7, 8, 9]


@pytest.mark.parametrize(("behind", "refused"), [(OLDEST_EVENTS, False), (OLDEST_EVENTS + 1, True)])
async def test_a_cursor_more_than_50_000_events_back_is_too_old(
    db: Database, board: Board, behind: int, refused: bool
) -> None:
    assert OLDEST_EVENTS == 50_000
    place = await head(db, board)
    await board.lengthen(db, behind)
    async with following(board, db, Rooms(db), place.cursor) as told:
        now = Place(place.epoch, 1 + behind)
        expected = Resync(now, ResyncReason.CURSOR_TOO_OLD) if refused else Ready(place)
        assert await anext(told) == expected


async def test_a_cursor_more_than_seven_days_back_is_too_old(db: Database, board: Board) -> None:
    rooms = Rooms(db)
    await board.lengthen(db, 2, A_WEEK + timedelta(minutes=1))
    await board.lengthen(db, 1, A_WEEK - timedelta(minutes=1))
    await board.lengthen(db, 1)
    now = await head(db, board)
    async with following(board, db, rooms, Place(now.epoch, 3).cursor) as told:
        assert await anext(told) == Resync(now, ResyncReason.CURSOR_TOO_OLD)
        await board.move(db)
        await rooms.look()
        assert await seqs(told, 1) == [6]  # and it goes on from there
    async with following(board, db, rooms, Place(now.epoch, 4).cursor) as told:
        assert await anext(told) == Ready(Place(now.epoch, 4))
        assert await seqs(told, 2) == [5, 6]


async def test_days_are_counted_by_the_accounts_clock(db: Database, board: Board) -> None:
    rooms, place = Rooms(db), await head(db, board)
    await board.move(db)
    async with following(board, db, rooms, place.cursor) as told:
        assert await anext(told) == Ready(place)
    async with following(board, db, rooms) as watching:  # so that the room has it at hand
        await anext(watching)
        await board.move(db)
        async with db.transaction(board.account.id) as tx:
            await make.clock(tx, A_WEEK + timedelta(minutes=1))
        async with following(board, db, rooms, place.cursor) as told:
            assert await anext(told) == Resync(await head(db, board), ResyncReason.CURSOR_TOO_OLD)


async def test_whoever_missed_nothing_is_not_too_old(db: Database, board: Board) -> None:
    await board.lengthen(db, 1, 2 * A_WEEK)
    place = await head(db, board)
    async with following(board, db, Rooms(db), place.cursor) as told:
        assert await anext(told) == Ready(place)


@pytest.mark.parametrize("case", ["another epoch", "ahead of the head", "garbage", "empty", "a seq that is no bigint"])
async def test_a_cursor_that_leads_nowhere_is_unknown(db: Database, board: Board, case: str) -> None:
    rooms, place = Rooms(db), await head(db, board)
    cursor = {
        "another epoch": Place(EPOCH, 1).cursor,
        "ahead of the head": Place(place.epoch, 2).cursor,
        "garbage": "курсор\x00",
        "empty": "",
        "a seq that is no bigint": Place(place.epoch, 2**64 - 1).cursor,
    }[case]
    async with following(board, db, rooms, cursor) as told:
        assert await anext(told) == Resync(place, ResyncReason.CURSOR_UNKNOWN)
        await board.move(db)
        await rooms.look()
        assert await seqs(told, 1) == [2]


async def test_a_cursor_of_another_process_is_known_before_its_hint(db: Database, board: Board) -> None:
    rooms = Rooms(db)
    async with following(board, db, rooms) as earlier:
        await anext(earlier)
        (place,) = await board.move(db)  # by a process that this one has not heard of yet
        async with following(board, db, rooms, place.cursor) as told:
            assert await anext(told) == Ready(place)
        assert await seqs(earlier, 1) == [2]


async def test_another_epoch_in_the_middle_is_a_resync(db: Database, board: Board) -> None:
    rooms = Rooms(db)
    await board.move(db, 3)
    async with following(board, db, rooms) as told:
        await anext(told)
        await board.begin_anew(db, EPOCH)
        await board.move(db)
        await rooms.look()
        assert await anext(told) == Resync(Place(EPOCH, 5), ResyncReason.CURSOR_UNKNOWN)
        await board.move(db)
        await rooms.look()
        assert await seqs(told, 1) == [6]


@pytest.mark.parametrize("missing", [2, 3])
async def test_nobody_is_led_over_a_gap_in_the_log(db: Database, board: Board, missing: int) -> None:
    rooms = Rooms(db)
    async with following(board, db, rooms) as told:
        await anext(told)
        await board.move(db, 3)
        await db.pool.execute(
            "DELETE FROM events WHERE account_id = $1 AND stream_id = $2 AND seq = $3", *board.key, missing
        )
        await rooms.look()
        assert await seqs(told, missing - 2) == list(range(2, missing))
        resync = await anext(told)
        assert isinstance(resync, Resync)
        assert (resync.reason, resync.place.seq) == (ResyncReason.CURSOR_UNKNOWN, 4)


async def test_losing_access_ends_in_a_resync(db: Database, board: Board) -> None:
    rooms = Rooms(db)
    async with following(board, db, rooms) as told, following(board, db, rooms, actor=board.as_manager) as managing:
        await anext(told)
        await anext(managing)
        await board.move(db)
        await board.set_viewers(db)
        await board.move(db)
        await rooms.look()

        assert await seqs(told, 1) == [2]
        resync = await anext(told)
        assert isinstance(resync, Resync)
        assert (resync.reason, resync.place.seq) == (ResyncReason.ACCESS_CHANGED, 3)
        with pytest.raises(StopAsyncIteration):
            await anext(told)
        assert await seqs(managing, 3) == [2, 3, 4]  # who manages funnels sees them all


async def test_whoever_stays_among_the_viewers_hears_of_the_others(db: Database, board: Board) -> None:
    rooms = Rooms(db)
    async with following(board, db, rooms) as told:
        await anext(told)
        await board.set_viewers(db, board.viewer, board.manager)
        await rooms.look()
        news = await anext(told)
        assert isinstance(news, News)
        assert news.recorded.kind == funnels.FunnelChanged.kind


async def test_what_is_not_there_or_not_theirs_is_not_found_and_leaves_no_room(
    db: Database, board: Board, account: accounts.Account
) -> None:
    rooms = Rooms(db)
    async with db.transaction(account.id) as tx:
        stranger = await make.user(tx, "Ірина")
    other = await make.account(db)
    async with db.transaction(other.id) as tx:
        foreign = await make.funnel(tx)
    for actor, funnel_id in (
        (board.as_manager, ids.new()),
        (board.as_manager, foreign.id),
        (make.actor(stranger), board.funnel.id),
    ):
        ctx = board.context(db, rooms, actor)
        async with aclosing(follow(ctx, funnel_id, None)) as told:
            with pytest.raises(NotFound):
                await anext(told)
        await ctx.close()

    assert rooms._rooms == {}


async def test_a_subscriber_who_is_cancelled_leaves_no_room_and_no_connection(db: Database, board: Board) -> None:
    rooms = Rooms(db)

    async def watch() -> None:
        async with following(board, db, rooms) as told:
            async for _ in told:
                pass

    watching = [asyncio.create_task(watch()) for _ in range(20)]
    await until(lambda: board.key in rooms._rooms and rooms._rooms[board.key].watchers == 20)
    for task in watching[:10]:
        task.cancel()
    await asyncio.gather(*watching[:10], return_exceptions=True)
    assert rooms._rooms[board.key].watchers == 10
    await board.move(db)
    looking = asyncio.create_task(rooms.look())
    for task in watching[10:]:
        task.cancel()
    await asyncio.gather(*watching[10:], return_exceptions=True)
    await looking

    assert rooms._rooms == {}
    # asyncpg takes a cancelled one's connection back behind a shield, maybe a moment later.
    await until(lambda: db.pool.get_size() == db.pool.get_idle_size())
