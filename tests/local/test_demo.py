"""The demo account: all of it or nothing, as if its people had worked for three months, and theirs from then on."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from secrets import token_hex

import anyio
import asyncpg
import pytest

from services.local import demo
from services.local.newcomer import Newcomer
from services.local.testing import Servers
from shared import accounts, clock, deals, events, funnels
from shared.db import Database, Transaction, connect
from shared.deals import Changes, Deal, DealStatus
from shared.errors import NotAllowedNow, Unavailable
from shared.funnels import StageKind, Total
from shared.migrate import migrate
from shared.money import Money

TRADES = (demo.SERVICES, demo.GOODS)
STAGES = {
    demo.SERVICES.funnel_id: [
        "Не опрацьовані звернення",
        "Зідзвін",
        "Презентація",
        "Погодження договору",
        "Підписання договору",
        "Оплата",
        "Успішно реалізовано",
        "Втрачено",
    ],
    demo.GOODS.funnel_id: [
        "Не опрацьовані звернення",
        "Зідзвін",
        "Підтвердження платежу",
        "Оформлення відправлення",
        "В дорозі",
        "Відправлення отримано",
        "Успішно реалізовано",
        "Втрачено",
    ],
}


@asynccontextmanager
async def fresh_database(servers: Servers) -> AsyncIterator[str]:
    """The demo account has a fixed id: it wants a database of its own."""
    name = f"voronka_demo_{token_hex(4)}"
    administrator = await asyncpg.connect(servers.database_url)
    try:
        await administrator.execute(f"CREATE DATABASE {name}")
        url = servers.database_url.rpartition("/")[0] + f"/{name}"
        await migrate(url)
        yield url
        await administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await administrator.close()


@pytest.fixture(scope="module")
async def filled(started_servers: Servers) -> AsyncIterator[str]:
    async with fresh_database(started_servers) as url:
        assert await demo.fill(url) == Newcomer(demo.ACCOUNT, demo.OWNER.id, "Олена Коваль")
        yield url


@pytest.fixture
async def agency(filled: str) -> AsyncIterator[Database]:
    async with connect(filled, size=2) as database:
        yield database


async def all_deals(tx: Transaction) -> list[Deal]:
    rows = await tx.fetch("SELECT id FROM deals WHERE account_id = $1", tx.account_id)
    found = await deals.get_many(tx, [row["id"] for row in rows])
    return [found[id] for id in sorted(found)]


async def log_of(tx: Transaction, trade: demo.Trade) -> list[events.Recorded]:
    return await events.after(tx, trade.funnel_id, 0, limit=10_000)


async def test_a_newcomer_finds_five_people_and_two_funnels(agency: Database) -> None:
    async with agency.reading(demo.ACCOUNT) as tx:
        account = await accounts.get(tx)
        people = await accounts.users(tx, [person.id for person in demo.PEOPLE])
        stages = await funnels.stages(tx, [trade.funnel_id for trade in TRADES])
        usable = await accounts.usable_modules(tx)
        shown = [
            [
                funnel.name
                for funnel in (await funnels.page(Transaction(tx.conn, tx.account_id, person.actor)))[0].funnels
            ]
            for person in demo.PEOPLE
        ]

    assert (account.name, account.locale, account.currency, account.test) == ("Агенція «Дім»", "uk", "UAH", True)
    assert [people[person.id].name for person in demo.PEOPLE if people[person.id].active] == [
        "Олена Коваль",
        "Андрій Мельник",
        "Ірина Бондаренко",
        "Тарас Шевчук",
        "Софія Ткаченко",
    ]
    both = ["Меблі та оздоблення", "Продаж та оренда нерухомості"]
    assert shown == [both, both, both, both[1:], both[:1]]
    assert {id: [stage.name for stage in row] for id, row in stages.items()} == STAGES
    assert all(len({stage.color for stage in row}) == len(row) for row in stages.values())
    assert usable == ["sales_funnel"]


async def test_deals_stand_where_three_months_of_work_bring_them(agency: Database) -> None:
    async with agency.reading(demo.ACCOUNT) as tx:
        found = await all_deals(tx)
        stages = {
            stage.id: stage
            for row in (await funnels.stages(tx, [trade.funnel_id for trade in TRADES])).values()
            for stage in row
        }

    statuses = Counter(deal.status for deal in found)
    assert 200 <= len(found) <= sum(trade.deals for trade in TRADES)  # in the last hours before opening none comes
    assert min(statuses[status] for status in DealStatus) > 20
    assert {deal.number for deal in found} == set(range(1, len(found) + 1))
    for deal in found:
        closed = {StageKind.WON: DealStatus.WON, StageKind.LOST: DealStatus.LOST}
        assert deal.status is closed.get(stages[deal.stage_id].kind, DealStatus.OPEN)
        assert (deal.loss_reason_id is not None) == (deal.status is DealStatus.LOST)
        assert deal.amount is not None or deal.status is not DealStatus.WON


async def test_the_boards_totals_equal_a_recount(agency: Database) -> None:
    async with agency.reading(demo.ACCOUNT) as tx:
        totals = await funnels.board_totals(tx, [trade.funnel_id for trade in TRADES])
        found = await all_deals(tx)

    recount: dict[object, Total] = {}
    for deal in found:
        value = (Money(deal.amount.minor, deal.amount.currency),) if deal.amount else ()
        recount[deal.stage_id] = recount.get(deal.stage_id, Total()) + Total(1, value)
    assert totals == recount


async def test_what_happened_spans_three_months_and_never_goes_back(agency: Database) -> None:
    async with agency.reading(demo.ACCOUNT) as tx:
        now = await tx.now()
        real = await tx.fetchval("SELECT clock_timestamp()")
        logs = [await log_of(tx, trade) for trade in TRADES]

    assert abs(now - real) < timedelta(minutes=1)
    for log in logs:
        times = [recorded.at for recorded in log]
        assert [recorded.seq for recorded in log] == list(range(1, len(log) + 1))
        assert times == sorted(times)
        assert now - timedelta(days=92) <= times[0] < now - timedelta(days=85)
        assert now - timedelta(days=5) < times[-1] <= now
        assert {recorded.kind for recorded in log} == {"DealCreated", "DealMoved", "DealUpdated"}


async def test_filling_again_changes_nothing_that_somebody_has_done(filled: str, agency: Database) -> None:
    async with agency.transaction(demo.ACCOUNT, demo.OWNER.actor) as tx:
        deal = next(deal for deal in await all_deals(tx) if deal.status is DealStatus.OPEN)
        renamed = (await deals.update(tx, Changes(deal.id, {"title": "Хата біля ставка"}))).deal
        await accounts.open_modules(tx, {funnels.MODULE: clock.local_date(await tx.now(), "Europe/Kyiv")})
        await accounts.knows(tx, demo.OWNER.id, "Хтось інший")
        before = await all_deals(tx), [await log_of(tx, trade) for trade in TRADES]

    await demo.fill(filled)

    async with agency.reading(demo.ACCOUNT, demo.OWNER.actor) as tx:
        assert (await deals.find(tx, deal.id)) == renamed
        assert (await all_deals(tx), [await log_of(tx, trade) for trade in TRADES]) == before
        assert (await accounts.users(tx, [demo.OWNER.id]))[demo.OWNER.id].name == "Олена Коваль"
        until = await tx.fetchval("SELECT usable_until FROM account_modules WHERE account_id = $1", demo.ACCOUNT)
        assert until == clock.local_date(await tx.now(), "Europe/Kyiv") + timedelta(days=31)


async def test_whoever_is_cut_off_leaves_nothing_behind(started_servers: Servers) -> None:
    async with fresh_database(started_servers) as url:
        watcher = await asyncpg.connect(url)
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(cut_off_once_deals_are_written, watcher)
                with pytest.raises(Unavailable):
                    await demo.fill(url)
            left = await watcher.fetchval("SELECT count(*) FROM nodes")
        finally:
            await watcher.close()

    assert left == 0


async def cut_off_once_deals_are_written(watcher: asyncpg.Connection) -> None:
    while not await watcher.fetchval(
        """SELECT bool_or(pg_terminate_backend(pid))
             FROM pg_locks
            WHERE relation = 'deals'::regclass AND mode = 'RowExclusiveLock' AND pid <> pg_backend_pid()"""
    ):
        await anyio.lowlevel.checkpoint()


async def test_only_a_test_account_has_its_own_clock(tx: Transaction) -> None:
    with pytest.raises(NotAllowedNow) as refused:
        await accounts.set_clock_offset(tx, timedelta(days=-1))

    assert refused.value.reason == "NOT_A_TEST_ACCOUNT"
    assert await tx.fetchval("SELECT count(*) FROM account_clocks WHERE account_id = $1", tx.account_id) == 0
