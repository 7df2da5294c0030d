"""How many rows the table of deals reads, where an account has twenty thousand: PostgreSQL counts them."""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

import pytest

from shared import accounts, deals, ids
from shared.actor import Permission
from shared.db import JOB, Database, Transaction
from shared.deals import DealFilter, DealOrder, DealOrderField
from tests import make

DEALS, PAGE = 20_000, 50
NUMBERS = range(1, DEALS + 1)
ARCHIVED = sum(n % 199 == 0 for n in NUMBERS)
IN_SMALL = sum(n % 200 == 7 for n in NUMBERS)
LOST = sum(n % 1000 == 7 and n % 199 > 0 for n in NUMBERS)
FEW = 200  # rows of stages and viewers, and what is skipped


class Counting(Transaction):
    """Counts the rows that its reads have touched, whether they were shown or not."""

    touched = 0

    async def fetch(self, query: str, *args: object) -> list[Any]:
        ((plan,),) = await self.conn.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", *args)
        self.touched += _touched(plan[0]["Plan"])
        return await super().fetch(query, *args)

    async def fetchval(self, query: str, *args: object) -> Any:
        return (await self.fetch(query, *args))[0][0]


def _touched(node: Mapping[str, Any]) -> int:
    own = 0
    if "Relation Name" in node and node["Node Type"] != "Bitmap Heap Scan":  # its index was counted
        left_out = node.get("Rows Removed by Filter", 0)
        own = round((node["Actual Rows"] + left_out) * node["Actual Loops"])
    if node["Node Type"] == "Bitmap Index Scan":
        own = round(node["Actual Rows"] * node["Actual Loops"])
    return own + sum(_touched(inner) for inner in node.get("Plans", ()))


@pytest.fixture(scope="module")
async def large(db: Database) -> AsyncIterator[tuple[accounts.Account, accounts.User, make.Funnel]]:
    """An account, who sees all of it, and a small funnel; all other deals stand in another one."""
    account = await make.account(db)
    async with db.transaction(account.id, limits=JOB) as tx:
        person = await make.user(tx, "Олена")
        tx.actor = make.actor(person, *Permission)
        made = [await make.funnel(tx) for _ in range(2)]
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
                      now(), now() - n * 61 % 20011 * interval '1 minute', now() - n * 37 % 20011 * interval '1 minute',
                      1, '{}'
                 FROM generate_series(1, $5::integer) AS n""",
            account.id,
            [funnel.id for funnel in made],
            [funnel.entry.id for funnel in made],
            made[0].loss_reasons[0].id,
            DEALS,
        )
        await tx.conn.execute("ANALYZE deals")
    yield account, person, made[0]
    async with db.transaction(account.id, limits=JOB) as tx:
        await tx.conn.execute("RESET ROLE; SET LOCAL session_replication_role = replica")
        await tx.execute("DELETE FROM deals WHERE account_id = $1", account.id)
        await tx.conn.execute("ANALYZE deals")


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
