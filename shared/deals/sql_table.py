"""SQL of the table of deals and of filtered boards. Statements are put together of constants; values are arguments."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from shared.db import Transaction
from shared.deals.filters import DealFilter, DealOrder, DealOrderField
from shared.deals.model import Deal
from shared.deals.search import patterns
from shared.deals.sql import DEAL, deal_of
from shared.funnels import Total
from shared.money import Money

# What each order sorts by, and the type that its texts in cursors are read as. Amounts stand by their currency first.
SORTED_BY: Mapping[str, tuple[str, str]] = {
    "CREATED_AT": ("d.created_at", "timestamptz"),
    "UPDATED_AT": ("d.updated_at", "timestamptz"),
    "AMOUNT": ("d.amount", "bigint"),
    "EXPECTED_CLOSE_ON": ("d.expected_close_on", "date"),
    "TITLE": ("d.title_key", 'text COLLATE "C"'),
    "NUMBER": ("d.number", "bigint"),
}
IS_IDLE = """EXISTS (SELECT FROM stages s
                      WHERE s.account_id = d.account_id AND s.id = d.stage_id AND s.idle_after_days IS NOT NULL
                        AND d.entered_stage_at + make_interval(days => s.idle_after_days) <= account_now())"""


class Where:
    """Conditions that all must be met, and the values in them."""

    def __init__(self, *values: object) -> None:
        self.values = list(values)
        self._conditions: list[str] = []

    def add(self, condition: str, *values: object) -> None:
        """`{}` in the condition stands for the next value."""
        numbers = []
        for value in values:
            self.values.append(value)
            numbers.append(f"${len(self.values)}")
        self._conditions.append(condition.format(*numbers))

    def __str__(self) -> str:
        return "".join(f"\n               AND {condition}" for condition in self._conditions)


def conditions(tx: Transaction, asked: DealFilter) -> Where:
    """Of a filter; $1 is the account."""
    where = Where(tx.account_id)
    for condition, value in (
        ("d.id = ANY({}::uuid[])", asked.ids),
        ("d.funnel_id = {}", asked.funnel_id),
        ("d.stage_id = ANY({}::uuid[])", asked.stage_ids),
        ("d.assignee_id = ANY({}::uuid[])", asked.assignee_ids),
        ("d.status = ANY({}::text[])", asked.status),
        ("d.source = ANY({}::text[])", asked.sources),
        ("d.loss_reason_id = ANY({}::uuid[])", asked.loss_reason_ids),
        ("d.amount >= {}", asked.amount_min),
        ("d.amount <= {}", asked.amount_max),
        ("d.created_at >= {}", asked.created_from),
        ("d.created_at <= {}", asked.created_to),
        ("d.expected_close_on >= {}", asked.close_on_from),
        ("d.expected_close_on <= {}", asked.close_on_to),
        ("d.archived = {}", asked.archived),
    ):
        if value is not None:
            where.add(condition, value)
    if asked.amount_min is not None or asked.amount_max is not None:
        where.add("d.currency = {}", asked.currency)
    if asked.idle is not None:
        where.add(IS_IDLE if asked.idle else f"NOT {IS_IDLE}")
    if asked.search is not None and (wanted := patterns(asked.search)):
        where.add("d.id IN (SELECT search_deals({}))", wanted)
    return where


def seen_by(where: Where, viewer_id: UUID | None) -> None:
    """Only deals of funnels that this user views; None sees all."""
    if viewer_id is not None:
        where.add(
            "d.funnel_id IN (SELECT funnel_id FROM funnel_viewers WHERE account_id = $1 AND user_id = {})", viewer_id
        )


def go_on(where: Where, order: DealOrder, key: str, deal_id: UUID) -> None:
    """Only what stands after a place. Each bound is said once more by itself: the index begins there."""
    sorted_by, kind = SORTED_BY[order.field]
    then = "<" if order.descending else ">"
    if not key:
        where.add(f"{sorted_by} IS NULL AND d.id > {{}}", deal_id)
    elif order.field is DealOrderField.AMOUNT:
        currency, amount = key.split(" ")
        where.add("(d.currency >= {} OR d.currency IS NULL)", currency)
        further = f"d.amount {then} {{}}::text::bigint OR d.amount = {{}}::text::bigint AND d.id > {{}}"
        where.add(f"(d.currency > {{}} OR d.currency IS NULL OR {further})", currency, amount, amount, deal_id)
    else:
        or_null = f"OR {sorted_by} IS NULL" if order.has_nulls else ""
        where.add(f"({sorted_by} {then}= {{}}::text::{kind} {or_null})", key)
        where.add(f"({sorted_by} {then} {{}}::text::{kind} OR d.id > {{}} {or_null})", key, deal_id)


async def select_page(
    tx: Transaction,
    asked: DealFilter,
    order: DealOrder,
    viewer_id: UUID | None,
    after: tuple[str, UUID] | None,
    limit: int,
) -> list[tuple[str, Deal]]:
    """Deals from after a place; each with the text of what it is sorted by, empty for null."""
    sorted_by, _ = SORTED_BY[order.field]
    first, key = "", f"{sorted_by}::text"
    if order.field is DealOrderField.AMOUNT:
        first, key = "d.currency,", "d.currency || ' ' || d.amount"
    where = conditions(tx, asked)
    seen_by(where, viewer_id)
    if after is not None:
        go_on(where, order, *after)
    rows = await tx.fetch(
        f"""SELECT coalesce({key}, '') AS sorted_by, {DEAL}
              FROM deals d
             WHERE d.account_id = $1 {where}
             ORDER BY {first} {sorted_by} {"DESC" if order.descending else "ASC"} NULLS LAST, d.id
             LIMIT {limit}""",
        *where.values,
    )
    return [(row["sorted_by"], deal_of(row)) for row in rows]


async def count_deals(tx: Transaction, asked: DealFilter, viewer_id: UUID | None) -> int:
    where = conditions(tx, asked)
    seen_by(where, viewer_id)
    count: int = await tx.fetchval(f"SELECT count(*) FROM deals d WHERE d.account_id = $1 {where}", *where.values)
    return count


async def select_columns(
    tx: Transaction, asked: DealFilter, stage_ids: Sequence[UUID], after: tuple[str, UUID] | None, limit: int
) -> dict[UUID, list[tuple[str, Deal]]]:
    """The first deals of each column that the filter lets through, in board order, with their positions.

    `after`: from below that deal where it stands now; when it has left, from where it stood.
    """
    where = conditions(tx, asked)
    where.add("d.position IS NOT NULL")
    place = after or ("", None)
    where.add(
        """d.position > coalesce((SELECT position FROM deals
                                   WHERE account_id = $1 AND id = {} AND stage_id = col_id AND position IS NOT NULL),
                                 {})""",
        place[1],
        place[0],
    )
    where.values.append(list(stage_ids))
    rows = await tx.fetch(
        f"""SELECT c.*
              FROM unnest(${len(where.values)}::uuid[]) AS col (col_id)
                   CROSS JOIN LATERAL (
                       SELECT d.position, {DEAL}
                         FROM deals d
                        WHERE d.account_id = $1 AND d.stage_id = col_id {where}
                        ORDER BY d.position
                        LIMIT {limit}) AS c
             ORDER BY col_id, c.position""",
        *where.values,
    )
    columns: dict[UUID, list[tuple[str, Deal]]] = {id: [] for id in stage_ids}
    for row in rows:
        columns[row["stage_id"]].append((row["position"], deal_of(row)))
    return columns


async def select_totals(tx: Transaction, asked: DealFilter, stage_ids: Sequence[UUID]) -> dict[UUID, Total]:
    where = conditions(tx, asked)
    where.add("d.position IS NOT NULL")
    where.add("d.stage_id = ANY({}::uuid[])", list(stage_ids))
    rows = await tx.fetch(
        f"""SELECT d.stage_id, d.currency, count(*) AS deals, sum(d.amount)::numeric AS value
              FROM deals d
             WHERE d.account_id = $1 {where}
             GROUP BY d.stage_id, d.currency""",
        *where.values,
    )
    totals: dict[UUID, Total] = {}
    for row in rows:
        value = (Money(int(row["value"]), row["currency"]),) if row["currency"] else ()
        totals[row["stage_id"]] = totals.get(row["stage_id"], Total()) + Total(row["deals"], value)
    return totals
