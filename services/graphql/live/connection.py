"""Somebody who stays connected: their token ends, they may be sent away, and what is known of them may change."""

import asyncio
from collections.abc import Callable, Collection, Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.graphql.house import House
from services.graphql.live import protocol
from services.graphql.live.leases import Lease
from services.graphql.live.protocol import Close
from services.graphql.viewer import Viewer
from shared.errors import Unavailable


class Connection:
    """What a WebSocket and a streamed answer have in common. `ended` comes when our side wants it to end, and why."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._viewer: Viewer | None = None
        self._lease: Lease | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._ended: asyncio.Future[Close | None] = asyncio.get_running_loop().create_future()
        self._timers: list[asyncio.TimerHandle] = []

    def end(self, code: int, reason: str) -> None:
        if not self._ended.done():
            self._ended.set_result(Close(code, reason))

    def _left(self) -> None:
        """The other side has ended it."""
        if not self._ended.done():
            self._ended.set_result(None)

    @property
    def person(self) -> tuple[UUID, UUID] | None:
        viewer = self._viewer
        if viewer is None or viewer.account is None or viewer.user is None:
            return None
        return viewer.account.id, viewer.user.id

    def belongs_to(self, account_id: UUID, user_id: UUID | None = None) -> bool:
        viewer = self._viewer
        return viewer is not None and viewer.account_id == account_id and user_id in (None, viewer.actor.user_id)

    def renew_account(self) -> None:
        self._spawn(self._renew_account())

    async def _renew_account(self) -> None:
        assert self._viewer is not None
        with suppress(Unavailable):  # the next sign-in brings it
            self._viewer = await self._house.sign_in.renewed(self._viewer)

    def look_at_user(self) -> None:
        self._spawn(self._end_if_inactive())

    async def _end_if_inactive(self) -> None:
        assert self._viewer is not None
        with suppress(Unavailable):  # they are looked at again at their next sign-in
            if not await self._house.sign_in.is_active(self._viewer):
                self.end(protocol.FORBIDDEN, "Forbidden")

    async def count_for(self, viewer: Viewer | None) -> None:
        """As one of those that the user may have open at once; `stop_counting` when it ends.

        Raises Close when they have as many already.
        """
        leases = self._house.leases
        if leases is None or viewer is None:
            return
        self._lease = await leases.take(viewer)
        if self._lease is None:
            raise Close(protocol.TOO_MANY_CONNECTIONS, f"Too many connections: a user may have {leases.most}.")

    def stop_counting(self) -> None:
        if self._lease is not None and self._house.leases is not None:
            self._house.leases.give_back(self._lease)
            self._lease = None

    def _belong_to(self, viewer: Viewer | None) -> None:
        """From now on, and as long as their token is good."""
        self._viewer = viewer
        if viewer is not None:
            left = (viewer.expires_at - datetime.now(UTC)).total_seconds()
            self._after(left, lambda: self.end(protocol.FORBIDDEN, "Forbidden"))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        self._timers.append(asyncio.get_running_loop().call_later(max(0.0, seconds), act))

    def _stop_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()


async def end(tasks: Collection[asyncio.Task[None]]) -> None:
    """Break them off, and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
