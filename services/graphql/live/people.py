"""Sockets of people who may no longer be here are ended, also when nobody told us of it.

A hint says that a user was changed. It may be lost, like every hint; so we look for ourselves from time to time.
"""

import asyncio
from contextlib import suppress

import structlog

from services.graphql.house import House
from shared import accounts
from shared.errors import Unavailable

LOOK = 30.0  # seconds

log = structlog.get_logger()


class People:
    """Those who have a socket open in this process."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._soon = asyncio.Event()

    def look_soon(self) -> None:
        """Hints may have been lost."""
        self._soon.set()

    async def look(self) -> None:
        """Once: at all of them, account by account."""
        for account_id, user_ids in self._house.sockets.people().items():
            async with self._house.db.reading(account_id) as tx:
                kept = await accounts.users(tx, list(user_ids))
            for user_id in user_ids:
                if user_id not in kept or not kept[user_id].active:
                    self._house.sign_in.forget(account_id, user_id)
                    self._house.sockets.look_at(account_id, user_id)

    async def keep_looking(self) -> None:
        """For ever."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._soon.wait()
            self._soon.clear()
            try:
                await self.look()
            except Unavailable:
                log.warning("could not look at the people of sockets")
            except Exception:  # whatever it is: who does not look any more would let in whom they should not
                log.exception("could not look at the people of sockets")
