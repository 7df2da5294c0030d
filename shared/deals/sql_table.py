"""SQL of the table of deals and of filtered boards. Statements are put together of constants; values are arguments."""

from collections.abc import Collection, Mapping, Sequence
from itertools import chain, groupby, islice
from operator import attrgetter, itemgetter
from uuid import UUID

from shared.db import Record, Transaction
from shared.deals.filters import DealFilter, DealOrder, DealOrderField
from shared.deals.model import Deal
from shared.deals.rows import DEAL, choose, deals_of
from shared.deals.sql_scope import Scope
from shared.deals.where import Where
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
# Where nulls are named to stand, though there are none: an index is read backwards then.
BACKWARDS = {
    (DealOrderField.CREATED_AT, False),
    (DealOrderField.UPDATED_AT, False),
    (DealOrderField.TITLE, True),
    (DealOrderField.NUMBER, True),
}
ALL_AT_ONCE = "OFFSET 0"  # PostgreSQL reads what is before it, and sorts it then
ARE_AMONG = "d.id IN (SELECT deal_id FROM searched_deals WHERE {})"
HAS = "(SELECT {} FROM searched_deals WHERE deal_id = d.id)"  # asked of one deal after another: never of all at once
NEAR = 5_000  # deals, in their order, of which those that hold common words are as a rule more than a page


def conditions(tx: Transaction, asked: DealFilter, scope: Scope) -> Where:
    """Of a filter; $1 is the account."""
    where = _but_common_words(tx, asked, scope)
    if scope.common:
        where.add(ARE_AMONG.format(_common_words(scope)), *scope.common)
    return where


def _common_words(scope: Scope) -> str:
    return " AND ".join(["text LIKE {}"] * len(scope.common))


def _but_common_words(tx: Transaction, asked: DealFilter, scope: Scope) -> Where:
    where = Where(tx.account_id)
    for condition, value in (
        ("d.id = ANY({}::uuid[])", asked.ids),
        ("d.id = ANY({}::uuid[])", scope.found),
        ("d.funnel_id = ANY({}::uuid[])", scope.funnel_ids),
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
    ):
        if value is not None:
            where.add(condition, value)
    if asked.amount_min is not None or asked.amount_max is not None:
        where.add("d.currency = {}", asked.currency)
    if asked.archived is not None:
        where.add("d.archived" if asked.archived else "NOT d.archived")  # said so, it finds the index of few
    if asked.idle is not None:
        _narrow_to_idle(where, scope, wanted=asked.idle)
    return where


def _narrow_to_idle(where: Where, scope: Scope, *, wanted: bool) -> None:
    each = " OR ".join(["d.stage_id = ANY({}::uuid[]) AND d.entered_stage_at <= {}"] * len(scope.idle)) or "false"
    where.add(f"({each})" if wanted else f"NOT ({each})", *chain.from_iterable(scope.idle))
    if wanted and scope.idle:  # none enters a stage before it is made: the newest are passed over at once
        where.add("d.created_at <= {}", max(entered_by for _, entered_by in scope.idle))


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
    scope: Scope,
    order: DealOrder,
    after: tuple[str, UUID] | None,
    limit: int,
) -> list[tuple[str, Deal]]:
    """Deals from after a place; each with the text of what it is sorted by, empty for null."""
    sorted_by, _ = SORTED_BY[order.field]
    first, key = "", f"{sorted_by}::text"
    if order.field is DealOrderField.AMOUNT:
        first, key = "d.currency,", "d.currency || ' ' || d.amount"
    way = "DESC" if order.descending else "ASC"
    nulls = "FIRST" if (order.field, order.descending) in BACKWARDS else "LAST"
    by = f"{first} {sorted_by} {way} NULLS {nulls}, d.id"
    where = _but_common_words(tx, asked, scope)
    if after is not None:
        go_on(where, order, *after)

    async def read(inner: str, outer: str = "") -> list[Record]:
        return await tx.fetch(
            f"""SELECT {DEAL}, coalesce({key}, '') AS sorted_by
                  FROM (SELECT * FROM deals d WHERE d.account_id = $1 {where} {inner}) AS d {outer}
                 ORDER BY {by}
                 LIMIT {limit}""",
            *where.values,
        )

    if scope.common:
        words = where.numbered(_common_words(scope), *scope.common)
        rows = await read(f"ORDER BY {by} LIMIT {NEAR}", f"WHERE {HAS.format(words)}")
        if len(rows) < limit:
            rows = await read(f"AND {ARE_AMONG.format(words)} {ALL_AT_ONCE}")
    else:
        rows = await read(ALL_AT_ONCE if scope.few else "")
    return list(zip([row["sorted_by"] for row in rows], deals_of(rows), strict=True))


async def count_deals(tx: Transaction, asked: DealFilter, scope: Scope) -> int:
    where = conditions(tx, asked, scope)
    count: int = await tx.fetchval(f"SELECT count(*) FROM deals d WHERE d.account_id = $1 {where}", *where.values)
    return count


async def select_counted(tx: Transaction, asked: DealFilter, viewer_id: UUID | None) -> int:
    """How many deals a filter lets through that asks for funnels, stages and states only: what totals say.

    `viewer_id`: whose view it is; None sees all.
    """
    count: int = await tx.fetchval(
        """SELECT coalesce(sum(t.deals), 0)::bigint
             FROM stage_totals t
             JOIN stages s ON s.account_id = t.account_id AND s.id = t.stage_id
            WHERE t.account_id = $1
              AND ($2::uuid IS NULL OR t.funnel_id IN (SELECT funnel_id FROM funnel_viewers
                                                        WHERE account_id = $1 AND user_id = $2))
              AND ($3::uuid IS NULL OR t.funnel_id = $3)
              AND ($4::uuid[] IS NULL OR t.stage_id = ANY($4))
              AND ($5::text[] IS NULL OR CASE WHEN s.kind IN ('WON', 'LOST') THEN s.kind ELSE 'OPEN' END = ANY($5))""",
        tx.account_id,
        viewer_id,
        asked.funnel_id,
        asked.stage_ids,
        asked.status,
    )
    return count


async def select_columns(
    tx: Transaction,
    asked: DealFilter,
    scope: Scope,
    stage_ids: Sequence[UUID],
    after: tuple[str, UUID] | None,
    limit: int,
    wanted: Collection[str] | None,
) -> dict[UUID, tuple[list[Deal], list[str]]]:
    """The first deals of each column that the filter lets through, in board order, and their positions.

    `wanted`: names of a deal's attributes; the deals lack others. None: they have all. `after`: from below that deal where it stands now; when it has left, from where it stood.
    """
    columns, read = choose(wanted)
    where = conditions(tx, asked, scope)
    where.add("d.position IS NOT NULL")
    place, id = after or ("", None)
    first = len(where.values) + 1
    where.values += [list(stage_ids), id, place]
    # Where to begin is a value before deals are looked at (OFFSET 0 keeps it one): the index begins there.
    rows = await tx.fetch(
        f"""SELECT c.*
              FROM (SELECT col_id,
                           coalesce((SELECT position FROM deals
                                      WHERE account_id = $1 AND id = ${first + 1} AND stage_id = col_id
                                        AND position IS NOT NULL), ${first + 2}) AS above
                      FROM unnest(${first}::uuid[]) AS col_id
                    OFFSET 0) AS col
                   CROSS JOIN LATERAL (
                       SELECT {columns}, d.position
                         FROM deals d
                        WHERE d.account_id = $1 AND d.stage_id = col_id AND d.position > above {where}
                        ORDER BY d.position
                        LIMIT {limit}) AS c
             ORDER BY col_id, c.position""",
        *where.values,
    )
    by_stage: dict[UUID, tuple[list[Deal], list[str]]] = {id: ([], []) for id in stage_ids}
    positions = map(itemgetter(-1), rows)
    for stage_id, of_stage in groupby(read(rows), attrgetter("stage_id")):
        found = list(of_stage)
        by_stage[stage_id] = found, list(islice(positions, len(found)))
    return by_stage


async def select_totals(
    tx: Transaction, asked: DealFilter, scope: Scope, stage_ids: Sequence[UUID]
) -> dict[UUID, Total]:
    where = conditions(tx, asked, scope)
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
