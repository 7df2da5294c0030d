"""Fills the demo account: in one transaction, so that there is all of it or nothing."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from services.local.demo.agency import ACCOUNT, CURRENCY, NAME, OWNER, PEOPLE, TIME_ZONE, TRADES, Trade
from services.local.demo.story import LENGTH, Deed, Opening, Scene, tell
from services.local.newcomer import Newcomer
from shared import accounts, clock, deals, funnels
from shared.accounts import NewAccount
from shared.db import JOB, Transaction, connect
from shared.deals import Changes, Move
from shared.errors import NotFound
from shared.funnels import MODULE, NewFunnel

SEED = 1991
RENEWED_FOR = 31  # days


async def fill(database_url: str) -> Newcomer:
    """Make the account with all that its people did; one that is there keeps what it holds.

    Its people and its right to use the funnels are renewed each time.
    """
    async with connect(database_url, size=1) as db, db.transaction(ACCOUNT, OWNER.actor, JOB) as tx:
        made = await _make(tx)
        await _renew(tx)
        if made:
            await _relive(tx)
    return Newcomer(ACCOUNT, OWNER.id, OWNER.name)


async def _make(tx: Transaction) -> bool:
    """False when the account is there already."""
    try:
        await accounts.get(tx)
    except NotFound:
        new = {
            "id": str(ACCOUNT),
            "name": NAME,
            "time_zone": TIME_ZONE,
            "currency": CURRENCY,
            "locale": "uk",
            "country": "UA",
        }
        await accounts.create(tx, NewAccount.read(new, test=True))
        return True
    return False


async def _renew(tx: Transaction) -> None:
    await accounts.save_users(tx, ACCOUNT, [person.user for person in PEOPLE])
    today = clock.local_date(await tx.now(), TIME_ZONE)
    await accounts.open_modules(tx, {MODULE: today + timedelta(days=RENEWED_FOR)})


async def _relive(tx: Transaction) -> None:
    """Three months, from one deed to the next; the account's clock is the real one afterwards."""
    now = await tx.now()
    await accounts.set_clock_offset(tx, -LENGTH)
    scenes = [await _open(tx, trade) for trade in TRADES]
    for deed in tell(scenes, await tx.now(), now, Random(SEED)):
        await _do(tx, deed, now)
    await accounts.set_clock_offset(tx, timedelta())


async def _open(tx: Transaction, trade: Trade) -> Scene:
    viewers = {person.id: None for person in trade.people if not person.actor.sees_all_funnels}
    given = {
        "id": str(trade.funnel_id),
        "name": trade.name,
        "viewer_ids": [str(id) for id in viewers],
        "stages": [
            {
                "name": step.name,
                "color": step.color,
                "idle_after_days": step.idle_after_days,
                "requires_amount": step.requires_amount,
            }
            for step in trade.steps
        ],
        "loss_reasons": list(trade.loss_reasons),
    }
    funnel = await funnels.create(tx, NewFunnel.read(given, "uk"))
    stages = (await funnels.stages(tx, [funnel.id]))[funnel.id]
    return Scene.of(trade, stages, (await funnels.loss_reasons(tx, [funnel.id]))[funnel.id])


async def _do(tx: Transaction, deed: Deed, now: datetime) -> None:
    """`now`: of the real clock, from which the account's is set back to the time of the deed."""
    await accounts.set_clock_offset(tx, deed.at - now)
    acting = replace(tx, actor=deed.by)
    match deed.what:
        case Opening(new, origin):
            await deals.create(acting, new, origin)
        case Move() as move:
            await deals.move(acting, move)
        case Changes() as changes:
            await deals.update(acting, changes)
