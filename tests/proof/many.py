"""A funnel with very many deals, written at once; all that the commands would have left beside them is there too."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared import accounts, deals, events, funnels
from shared.actor import Permission
from shared.db import JOB, Database, Transaction
from shared.deals import sql_past
from shared.deals.folding import FoldedBoard
from shared.deals.positions import spread
from tests import board, make


@dataclass(frozen=True)
class Crowd:
    """A funnel with its deals, and who has them all."""

    account: accounts.Account
    user: accounts.User
    funnel: make.Funnel


async def fill(db: Database, count: int) -> Crowd:
    """Eight columns; the deals stand in the entry and the own stages in turn, the newest below.

    The log begins with a kept board of them all: so many events before it are no longer looked at.
    """
    account = await make.account(db)
    async with db.transaction(account.id) as tx:
        user = await make.user(tx, "Олена")
        tx.actor = make.actor(user, *Permission)
        funnel = await make.funnel(tx, 5)
    crowd = Crowd(account, user, funnel)
    async with db.pool.acquire() as conn, conn.transaction():
        await conn.execute("SET LOCAL session_replication_role = replica")  # no trigger and no foreign key is asked
        await _insert_deals(conn, crowd, count)
        await _insert_what_is_counted(conn, crowd, count)
    async with db.transaction(account.id, tx.actor, JOB) as tx:
        await _keep_board(tx, funnel.id)
    return crowd


async def _insert_deals(conn: Any, crowd: Crowd, count: int) -> None:
    await conn.execute(
        """INSERT INTO deals (account_id, id, number, funnel_id, stage_id, position, title, contact_name,
                              contact_phone, assignee_id, amount, currency, source, status, entered_stage_at,
                              created_at, updated_at, version, custom_fields)
           SELECT $1, gen_random_uuid(), made.number, $2, ($3::uuid[])[made.number % cardinality($3::uuid[]) + 1],
                  made.key, 'Угода ' || made.number, 'Ганна', '+38050' || lpad(made.number::text, 7, '0'), $4,
                  100, 'UAH', 'MANUAL', 'OPEN', now(), now() - made.number * interval '1 second', now(), 1, '{}'
             FROM unnest($5::text[]) WITH ORDINALITY AS made (key, number)""",
        crowd.account.id,
        crowd.funnel.id,
        [stage.id for stage in (crowd.funnel.entry, *crowd.funnel.own)],
        crowd.user.id,
        list(spread(None, None, count)),
    )
    await conn.execute(
        """INSERT INTO deal_search (account_id, deal_id, text)
           SELECT account_id, id, searchable(concat_ws(E'\\n', title, contact_name, substr(contact_phone, 2), number))
             FROM deals
            WHERE account_id = $1""",
        crowd.account.id,
    )


async def _insert_what_is_counted(conn: Any, crowd: Crowd, count: int) -> None:
    await conn.execute(
        """INSERT INTO stage_totals (account_id, funnel_id, stage_id, currency, deals, value)
           SELECT account_id, funnel_id, stage_id, currency, count(*), sum(amount)
             FROM deals
            WHERE account_id = $1
            GROUP BY account_id, funnel_id, stage_id, currency""",
        crowd.account.id,
    )
    await conn.execute(
        """INSERT INTO stage_visits (account_id, funnel_id, deal_id, stage_id, entered_at, entered_seq)
           SELECT account_id, funnel_id, id, stage_id, entered_stage_at, number
             FROM deals
            WHERE account_id = $1""",
        crowd.account.id,
    )
    account_id = crowd.account.id
    await conn.execute("UPDATE account_counters SET deal_number = $2 WHERE account_id = $1", account_id, count)
    await conn.execute("UPDATE stream_heads SET seq = $2, last_at = now() WHERE account_id = $1", account_id, count)


async def _keep_board(tx: Transaction, funnel_id: UUID) -> None:
    head, found = await events.head(tx, funnel_id), await funnels.find(tx, funnel_id)
    assert head is not None
    assert found is not None
    rows = await tx.fetch("SELECT id, stage_id FROM deals WHERE account_id = $1 ORDER BY position", tx.account_id)
    kept = FoldedBoard.begun(board.plain((await funnels.state(tx, found)).to_json()))
    for row in rows:
        kept.columns[str(row["stage_id"])].append(str(row["id"]))
    every = await deals.get_many(tx, [row["id"] for row in rows])
    kept.deals = {str(deal.id): deal.to_json() for deal in every.values()}
    await sql_past.insert_checkpoint(tx, funnel_id, head.seq, await tx.now(), kept.to_json())
