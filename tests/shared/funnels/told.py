"""What a funnel's log tells of it."""

from uuid import UUID

from shared import events, funnels
from shared.db import Transaction
from shared.events import Recorded, StreamMoved
from shared.funnels import FunnelChanged
from tests import board


async def told(tx: Transaction, funnel_id: UUID) -> list[Recorded]:
    """All events of a funnel so far."""
    return await events.after(tx, funnel_id, 0)


async def tells_once(tx: Transaction, changed: funnels.Changed, *names: str) -> None:
    """The funnel's last event says that these changed, and all of the funnel as it is now; nothing else was told."""
    (*_, event) = await told(tx, changed.funnel.id)
    kept = await funnels.require_visible(tx, changed.funnel.id)
    assert kept == changed.funnel
    assert (event.kind, event.version, event.place, event.at) == (
        FunnelChanged.kind,
        2,
        changed.place,
        kept.updated_at,
    )
    state = board.plain((await funnels.state(tx, kept)).to_json())
    assert event.payload == {"changed": list(names), "funnel": state}
    assert tx.account_id is not None
    assert tx.outgoing == [StreamMoved(tx.account_id, kept.id, event.seq)]


async def tells_nothing(tx: Transaction, changed: funnels.Changed) -> None:
    """The funnel is as it was made, and its log is empty."""
    assert (changed.funnel.version, changed.place.seq, tx.outgoing) == (1, 0, [])
    assert await funnels.require_visible(tx, changed.funnel.id) == changed.funnel
    assert await told(tx, changed.funnel.id) == []
