"""A funnel with very many deals, written at once; its totals and places are as the commands would have left them."""

from shared import accounts
from shared.actor import Permission
from shared.db import Database, Limits
from shared.deals.positions import spread
from tests import make

PATIENT = Limits(statement=60_000, lock=5_000, idle=60_000)


async def fill(db: Database, account: accounts.Account, count: int) -> tuple[make.Funnel, accounts.User]:
    """Eight columns; the deals stand in the entry and the own stages in turn, the newest below."""
    async with db.transaction(account.id, limits=PATIENT) as tx:
        user = await make.user(tx, "Олена")
        tx.actor = make.actor(user, *Permission)
        funnel = await make.funnel(tx, 5)
        stages = [funnel.entry, *funnel.own]
        keys = list(spread(None, None, count))
        await tx.execute(
            """INSERT INTO deals (account_id, id, number, funnel_id, stage_id, position, title, contact_name,
                                  contact_phone, assignee_id, amount, currency, source, status, entered_stage_at,
                                  created_at, updated_at, version, custom_fields)
               SELECT $1, gen_random_uuid(), made.number, $2, ($3::uuid[])[made.number % cardinality($3::uuid[]) + 1],
                      made.key, 'Угода ' || made.number, 'Ганна', '+38050' || lpad(made.number::text, 7, '0'), $4,
                      100, 'UAH', 'MANUAL', 'OPEN', now(), now() - made.number * interval '1 second', now(), 1, '{}'
                 FROM unnest($5::text[]) WITH ORDINALITY AS made (key, number)""",
            account.id,
            funnel.id,
            [stage.id for stage in stages],
            user.id,
            keys,
        )
        await tx.execute(
            """INSERT INTO stage_totals (account_id, funnel_id, stage_id, currency, deals, value)
               SELECT account_id, funnel_id, stage_id, currency, count(*), sum(amount)
                 FROM deals
                WHERE account_id = $1 AND funnel_id = $2
                GROUP BY account_id, funnel_id, stage_id, currency""",
            account.id,
            funnel.id,
        )
        await tx.execute("UPDATE account_counters SET deal_number = $2 WHERE account_id = $1", account.id, count)
    return funnel, user
