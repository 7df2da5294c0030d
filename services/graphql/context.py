"""What a resolver is given: who is asking, in which language, and one state of their account to read."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from strawberry.dataloader import DataLoader

from services.graphql.viewer import Viewer
from shared.actor import Permission
from shared.config import Settings
from shared.db import Database, Transaction, outages
from shared.errors import Unauthenticated

if TYPE_CHECKING:
    from services.graphql.live.passing import Direct
    from services.graphql.live.rooms import Rooms

T = TypeVar("T")


@dataclass
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
    _open: AsyncExitStack | None = None
    _tx: Transaction | None = None

    @property
    def viewer(self) -> Viewer:
        """Raises Unauthenticated when nobody is signed in."""
        if self.asking is None:
            raise Unauthenticated
        return self.asking

    def again(self) -> "Context":
        """For another operation of the same person, such as the next event of a subscription."""
        return Context(self.db, self.settings, self.rooms, self.asking, self.language)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """The operation's one state of the account: a transaction that is opened when first needed.

        Loaders run at once; they take turns here, since a connection does one thing at a time.
        """
        viewer = self.viewer
        viewer.require_account()
        async with self._turn:
            if self._open is None:
                stack = AsyncExitStack()
                self._tx = await stack.enter_async_context(self.db.reading(viewer.account_id, viewer.actor))
                self._open = stack
            assert self._tx is not None
            try:
                with outages():
                    yield self._tx
            except BaseException as failure:
                await self._leave(failure)  # after a failed statement the transaction is of no more use
                raise

    async def read(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """The same for one call."""
        async with self.reading() as tx:
            return await work(tx)

    async def close(self) -> None:
        """Go back to no state: what is read after this sees what was committed meanwhile."""
        async with self._turn:
            await self._leave(None)

    async def _leave(self, failure: BaseException | None) -> None:
        stack, self._open, self._tx = self._open, None, None
        if stack is not None:
            await stack.__aexit__(type(failure) if failure else None, failure, None)

    def require(self, permission: Permission) -> Viewer:
        """Raises Unauthenticated, then Forbidden."""
        self.viewer.require(permission)
        return self.viewer
