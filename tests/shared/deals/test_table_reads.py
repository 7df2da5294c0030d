"""How many rows the table of deals reads, where an account has twenty thousand: PostgreSQL counts them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared import accounts, deals, ids
from shared.actor import Permission
from shared.db import JOB, Database
from shared.deals import DealFilter, DealOrder, DealOrderField, DealStatus
from tests import make
from tests.counting import Counting

DEALS, PAGE = 20_000, 50
NUMBERS = range(1, DEALS + 1)
ARCHIVED = sum(n % 199 == 0 for n in NUMBERS)
IN_SMALL = sum(n % 200 == 7 for n in NUMBERS)
LOST = sum(n % 1000 == 7 and n % 199 > 0 for n in NUMBERS)
LATE = 17_500  # the deals of greater numbers are called so
FEW = 100  # that are skipped


@pytest.fixture(scope="module")
async def large(db: Database) -> AsyncIterator[tuple[accounts.Account, accounts.User, make.Funnel]]:
    """An account, who sees all of it, and a small funnel; all other deals stand in another one."""
    account = await make.account(db)
    async with db.transaction(account.id, limits=JOB) as tx:
        person = await make.user(tx, "Олена")
        tx.actor = make.actor(person, *Permission)
        made = [await make.funnel(tx, viewers=viewers) for viewers in ([person], [])]
        # neither triggers nor foreign keys: they would take most of the time
        await tx.conn.execute("RESET ROLE; SET LOCAL session_replication_role = replica")
        await tx.execute(
            """INSERT INTO deals (account_id, id, number, funnel_id, stage_id, position, title, contact_name, amount,
                                  currency, expected_close_on, source, status, loss_reason_id, archived,
                                  entered_stage_at, created_at, updated_at, version, custom_fields)
               SELECT $1, gen_random_uuid(), n, ($2::uuid[])[1 + (n % 200 <> 7)::int], ($3::uuid[])[1 + (n % 200 <> 7)::int],
                      CASE WHEN n % 199 > 0 THEN lpad(n::text, 9, '0') END, md5(n::text), 'Анна',
                      CASE WHEN n % 4 > 0 THEN n * 7919::bigint % 1000003 END, CASE WHEN n % 4 > 0 THEN 'UAH' END,
                      CASE WHEN n % 5 > 0 THEN date '2026-01-01' + n * 31 % 700 END, 'FORM',
                      'OPEN', CASE WHEN n % 1000 = 7 THEN $4::uuid END, n % 199 = 0,
                      made_at, made_at, now() - n * 37 % 20011 * interval '1 minute', 1, '{}'
                 FROM generate_series(1, $5::integer) AS n,
                      LATERAL (SELECT now() - n * 61 % 20011 * interval '1 minute' AS made_at) AS made""",
            account.id,
            [funnel.id for funnel in made],
            [funnel.entry.id for funnel in made],
            made[0].loss_reasons[0].id,
            DEALS,
        )
        await tx.execute(
            """INSERT INTO deal_search (account_id, deal_id, text)
               SELECT account_id, id, CASE WHEN number % 5 = 0 THEN 'анна ' ELSE '' END || CASE WHEN number > $2 THEN 'пізня' ELSE '' END
                 FROM deals
                WHERE account_id = $1 AND (number % 5 = 0 OR number > $2)""",
            account.id,
            LATE,
        )
        await tx.execute(
            """INSERT INTO stage_totals (account_id, funnel_id, stage_id, currency, deals, value)
               SELECT account_id, funnel_id, stage_id, coalesce(currency, ''), count(*), coalesce(sum(amount), 0)
                 FROM deals
                WHERE account_id = $1 AND NOT archived
                GROUP BY account_id, funnel_id, stage_id, coalesce(currency, '')""",
            account.id,
        )
        await tx.execute("UPDATE stages SET idle_after_days = 7 WHERE account_id = $1 AND kind = 'ENTRY'", account.id)
        await tx.conn.execute("ANALYZE deals, deal_search, stage_totals, stages, funnel_viewers")
    yield account, person, made[0]
    async with db.transaction(account.id, limits=JOB) as tx:
        await tx.conn.execute("RESET ROLE; SET LOCAL session_replication_role = replica")
        for table in ("deals", "deal_search", "stage_totals"):
            await tx.execute(f"DELETE FROM {table} WHERE account_id = $1", account.id)
        await tx.conn.execute("ANALYZE deals, deal_search, stage_totals")


@pytest.fixture
async def reads(
    db: Database, large: tuple[accounts.Account, accounts.User, make.Funnel]
) -> AsyncIterator[tuple[Counting, make.Funnel]]:
    account, person, funnel = large
    async with db.reading(account.id, make.actor(person, *Permission)) as tx:
        yield Counting(tx.conn, account.id, tx.actor), funnel


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("field", DealOrderField)
async def test_a_page_in_any_order_reads_what_it_shows(
    reads: tuple[Counting, make.Funnel], field: DealOrderField, descending: bool
) -> None:
    tx, _ = reads

    page = await deals.page(tx, DealFilter(), DealOrder(field, descending), PAGE, None)

    assert len(page.deals) == PAGE
    assert tx.touched <= PAGE + FEW


@pytest.mark.parametrize("field", DealOrderField)
async def test_a_funnel_is_read_by_itself(reads: tuple[Counting, make.Funnel], field: DealOrderField) -> None:
    tx, funnel = reads

    page = await deals.page(tx, DealFilter(funnel_id=funnel.id), DealOrder(field), PAGE, None)

    assert {deal.funnel_id for deal in page.deals} == {funnel.id}
    assert tx.touched <= IN_SMALL + FEW


@pytest.mark.parametrize("field", DealOrderField)
async def test_who_sees_few_funnels_reads_no_others(
    db: Database, large: tuple[accounts.Account, accounts.User, make.Funnel], field: DealOrderField
) -> None:
    account, person, funnel = large
    async with db.reading(account.id, make.actor(person)) as reading:
        tx = Counting(reading.conn, account.id, reading.actor)
        page = await deals.page(tx, DealFilter(), DealOrder(field), PAGE, None)

    assert {deal.funnel_id for deal in page.deals} == {funnel.id}
    assert tx.touched <= IN_SMALL + FEW


async def test_idle_deals_are_read_from_where_they_can_begin(reads: tuple[Counting, make.Funnel]) -> None:
    tx, _ = reads
    week = timedelta(days=7)

    page = await deals.page(tx, DealFilter(idle=True), DealOrder(), PAGE, None)

    assert all(deal.entered_stage_at <= datetime.now(UTC) - week for deal in page.deals)
    assert tx.touched <= PAGE + FEW


@pytest.mark.parametrize(
    ("asked", "there"),
    [
        ({}, DEALS - ARCHIVED),
        ({"status": [DealStatus.OPEN]}, DEALS - ARCHIVED),
        ({"status": [DealStatus.WON]}, 0),
    ],
)
async def test_totals_say_how_many_deals_there_are(
    reads: tuple[Counting, make.Funnel], asked: dict[str, Any], there: int
) -> None:
    tx, funnel = reads
    in_small = sum(n % 200 == 7 and n % 199 > 0 for n in NUMBERS) if there else 0

    assert await deals.count(tx, DealFilter(**asked)) == there
    assert await deals.count(tx, DealFilter(funnel_id=funnel.id, **asked)) == in_small
    assert await deals.count(tx, DealFilter(stage_ids=[funnel.entry.id], **asked)) == in_small
    assert tx.touched == 0


async def test_a_word_of_many_deals_is_looked_for_until_the_page_is_full(reads: tuple[Counting, make.Funnel]) -> None:
    tx, _ = reads

    page = await deals.page(tx, DealFilter(search="Анна"), DealOrder(DealOrderField.NUMBER, False), PAGE, None)

    assert [deal.number for deal in page.deals] == [n for n in NUMBERS if n % 5 == 0 and n % 199 > 0][:PAGE]
    assert tx.touched <= 5 * PAGE + FEW


async def test_a_word_of_many_deals_is_found_where_the_order_does_not_begin(
    reads: tuple[Counting, make.Funnel],
) -> None:
    tx, _ = reads
    order, late = DealOrder(DealOrderField.NUMBER, False), [n for n in NUMBERS if n > LATE and n % 199 > 0]

    first = await deals.page(tx, DealFilter(search="пізня"), order, PAGE, None)
    then = await deals.page(tx, DealFilter(search="пізня"), order, PAGE, first.places[-1])

    assert [deal.number for deal in first.deals + then.deals] == late[: 2 * PAGE]
    assert await deals.count(tx, DealFilter(search="пізня")) == len(late)


async def test_words_that_no_deal_has_together_are_not_looked_for_deal_by_deal(
    reads: tuple[Counting, make.Funnel],
) -> None:
    tx, _ = reads

    page = await deals.page(tx, DealFilter(search="анна немає"), DealOrder(), PAGE, None)

    assert page.deals == []
    assert tx.touched == 0


@pytest.mark.parametrize(
    ("asked", "there"),
    [
        ({"archived": True}, ARCHIVED),
        ({"loss_reason_ids": ()}, LOST),
    ],
)
async def test_what_few_deals_are_is_found_among_many(
    reads: tuple[Counting, make.Funnel], asked: dict[str, Any], there: int
) -> None:
    tx, funnel = reads
    if "loss_reason_ids" in asked:
        asked = {"loss_reason_ids": [funnel.loss_reasons[0].id]}

    assert await deals.count(tx, DealFilter(**asked)) == there
    assert tx.touched <= there + FEW


async def test_a_board_reads_the_deals_that_it_shows(reads: tuple[Counting, make.Funnel]) -> None:
    """And one more of each page, which says whether there are more."""
    tx, _ = reads
    entry = await tx.conn.fetchval("SELECT stage_id FROM deals WHERE number = 1")
    after = ("000010000", UUID(int=0))  # of a deal that has left

    first = await deals.columns(tx, [entry], PAGE, None)
    further = await deals.columns(tx, [entry], PAGE, after)

    assert [len(page[entry].deals) for page in (first, further)] == [PAGE, PAGE]
    assert tx.touched == 2 * (PAGE + 1)


async def test_a_deal_is_found_by_its_id_without_looking_at_others(reads: tuple[Counting, make.Funnel]) -> None:
    tx, _ = reads
    id = await tx.conn.fetchval("SELECT id FROM deals WHERE number = 1")

    assert await deals.count(tx, DealFilter(ids=[id, ids.new()])) == 1
    assert tx.touched == 1
