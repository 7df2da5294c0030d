"""What a resolver is given: who is asking, in which language, and one state of their account to read."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from services.graphql.viewer import Viewer
from shared.actor import Permission
from shared.config import Settings
from shared.db import Database, Transaction, outages
from shared.errors import Unauthenticated, Unavailable

if TYPE_CHECKING:
    from services.graphql.live.fanout import Direct
    from services.graphql.live.rooms import Rooms

T = TypeVar("T")
Found = TypeVar("Found")
LookUp = Callable[[Transaction, Sequence[UUID]], Awaitable[Mapping[UUID, Found]]]


@dataclass(slots=True)
class Context:
    """One operation's. Close it at the end."""

    db: Database
    settings: Settings
    rooms: "Rooms"
    asking: Viewer | None
    language: str
    direct: "Direct | None" = None  # of a subscription: its socket, for what is made for many
    loaders: dict[object, DataLoader[Any, Any]] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _open: AbstractAsyncContextManager[Transaction] | None = None
    _tx: Transaction | None = None
    _known: dict[LookUp[Any], tuple[dict[UUID, Any], set[UUID]]] = field(default_factory=dict)

    @property
    def viewer(self) -> Viewer:
        """Raises Unauthenticated when nobody is signed in."""
        if self.asking is None:
            raise Unauthenticated
        return self.asking

    def again(self) -> "Context":
        """For another operation of the same person, such as the next event of a subscription."""
        return Context(self.db, self.settings, self.rooms, self.asking, self.language)

    async def known(self, look_up: LookUp[Found], ids: Iterable[Any]) -> Mapping[UUID, Found]:
        """What a reader by ids finds, of at least these: in the operation's one state each is looked up once.

        What is not there is left out, unless the reader has something to say of it; None is nobody's id.
        """
        found, looked_up = self._known.setdefault(look_up, ({}, set()))
        missing = set(ids) - looked_up
        missing.discard(None)
        if missing:
            found.update(await self.read(lambda tx: look_up(tx, list(missing))))
            looked_up |= missing
        return found

    def knows(self, look_up: LookUp[Found], found: Mapping[UUID, Found]) -> None:
        """The same was read on another way already."""
        known, looked_up = self._known.setdefault(look_up, ({}, set()))
        known.update(found)
        looked_up.update(found)

    async def read(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Look at the operation's one state of the account: a transaction that is opened when first needed.

        Loaders run at once; they take turns here, since a connection does one thing at a time.
        """
        async with self._turn:
            tx = self._tx or await self._begin()
            try:
                with outages():
                    return await work(tx)
            except BaseException as failure:
                await self._leave(failure)  # after a failed statement the transaction is of no more use
                raise

    async def _begin(self) -> Transaction:
        viewer = self.viewer
        viewer.require_account()
        reading = self.db.reading(viewer.account_id, viewer.actor)
        self._tx = await reading.__aenter__()
        self._open = reading
        return self._tx

    async def close(self) -> None:
        """Go back to no state: what is read after this sees what was committed meanwhile."""
        with suppress(Unavailable):  # all was read of one state; that its end was not heard changes nothing
            async with self._turn:
                await self._leave(None)

    async def _leave(self, failure: BaseException | None) -> None:
        reading, self._open, self._tx, self._known = self._open, None, None, {}
        if reading is not None:
            await reading.__aexit__(type(failure) if failure else None, failure, None)

    def require(self, permission: Permission) -> Viewer:
        """Raises Unauthenticated, then Forbidden."""
        self.viewer.require(permission)
        return self.viewer
