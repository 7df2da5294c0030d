"""A board that is there to be watched, and things that happen on it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from uuid import UUID

import anyio

from services.graphql.context import Context
from services.graphql.live.rooms import Rooms
from services.graphql.viewer import Viewer
from shared import accounts, deals, events, funnels
from shared.actor import Actor, Permission
from shared.config import Settings
from shared.db import JOB, Database
from shared.events import Place
from shared.funnels import Stage
from tests import make

PATIENCE = 30.0  # seconds
GLANCE = 0.005


@dataclass(frozen=True)
class Board:
    """A committed funnel with one deal, someone who manages funnels and someone who was let in to look."""

    account: accounts.Account
    funnel: make.Funnel
    deal: deals.Deal
    manager: accounts.User
    viewer: accounts.User
    start: Place  # before the first event
    places: "cycle[Stage]"

    @property
    def key(self) -> tuple[UUID, UUID]:
        return self.account.id, self.funnel.id

    @property
    def as_manager(self) -> Actor:
        return make.actor(self.manager, *Permission)

    @property
    def as_viewer(self) -> Actor:
        return make.actor(self.viewer)

    async def move(self, db: Database, times: int = 1) -> list[Place]:
        """The deal goes from stage to stage, each time in a transaction of its own. The places in the log."""
        places = []
        for stage in islice(self.places, times):
            async with db.transaction(self.account.id, self.as_manager) as tx:
                places.append((await deals.move(tx, deals.Move(self.deal.id, stage.id))).place)
        return places

    async def set_viewers(self, db: Database, *users: accounts.User) -> None:
        async with db.transaction(self.account.id, self.as_manager) as tx:
            changes = funnels.FunnelChanges(self.funnel.id, viewer_ids=tuple(user.id for user in users))
            await funnels.update(tx, changes)

    async def lengthen(self, db: Database, count: int, age: timedelta = timedelta()) -> None:
        """That many more events which happened as long ago, all at once and without a word to anybody."""
        async with db.transaction(self.account.id, limits=JOB) as tx:
            await tx.execute(
                """WITH head AS (
                       UPDATE stream_heads SET seq = seq + $3::bigint WHERE account_id = $1 AND stream_id = $2 RETURNING seq
                   )
                   INSERT INTO events (account_id, stream_id, seq, kind, version, payload, actor, at)
                   SELECT $1, $2, number, 'Lengthened', 1, '{}', '{"kind": "SYSTEM", "id": null, "name": null}', account_now() - $4::interval
                     FROM head, generate_series(head.seq - $3 + 1, head.seq) AS number""",
                *self.key,
                count,
                age,
            )

    async def repeat(self, db: Database, times: int) -> None:
        """The log's last event, that many times more, all at once and without a word to anybody."""
        async with db.transaction(self.account.id, limits=JOB) as tx:
            await tx.execute(
                """WITH head AS (
                       UPDATE stream_heads SET seq = seq + $3::bigint WHERE account_id = $1 AND stream_id = $2 RETURNING seq
                   )
                   INSERT INTO events (account_id, stream_id, seq, kind, version, payload, actor, at)
                   SELECT $1, $2, number, kind, version, payload, actor, at
                     FROM head
                     JOIN events ON account_id = $1 AND stream_id = $2 AND events.seq = head.seq - $3,
                          generate_series(head.seq - $3 + 1, head.seq) AS number""",
                *self.key,
                times,
            )

    async def begin_anew(self, dsn_db: Database, epoch: UUID) -> None:
        """As after history was restored from a backup. Only the tables' owner may."""
        await dsn_db.pool.execute(
            "UPDATE stream_heads SET epoch = $3 WHERE account_id = $1 AND stream_id = $2", *self.key, epoch
        )

    def context(self, db: Database, rooms: Rooms, actor: Actor | None = None) -> Context:
        """Of somebody who watches: the one who was let in, unless another is named."""
        given = Settings(database_url="unused", redis_url="unused", voronka_env="test")
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        viewer = Viewer(actor or self.as_viewer, self.account, self.viewer, self.account.id, None, tomorrow)
        return Context(db, given, rooms, viewer, "uk")


async def make_board(db: Database, account: accounts.Account) -> Board:
    async with db.transaction(account.id) as tx:
        manager, viewer = await make.user(tx, "Олена"), await make.user(tx, "Богдан")
        tx.actor = make.actor(manager, *Permission)
        funnel = await make.funnel(tx, viewers=[viewer])
        deal = await make.deal(tx, funnel)
        head = await events.head(tx, funnel.id)
    assert head is not None
    return Board(account, funnel, deal, manager, viewer, Place(head.epoch, 0), cycle([*funnel.own, funnel.entry]))


async def until(come: Callable[[], bool]) -> None:
    """Look until it has come. Fails when it does not come in a long time."""
    with anyio.fail_after(PATIENCE):
        while not come():  # noqa: ASYNC110  # it is looked at from outside, where there is no event
            await anyio.sleep(GLANCE)
