"""All sockets of this process: whom to look at when a user changes, and whom to send away when it goes down."""

import asyncio
import random
from contextlib import suppress
from typing import Protocol
from uuid import UUID

GOING_AWAY = (1012, "The service restarts: reconnect.")
SPREAD = (3.0, 8.0)  # seconds; so that not all come back at once


class Socket(Protocol):
    @property
    def person(self) -> tuple[UUID, UUID] | None:
        """Account and user, once somebody has signed in."""

    def belongs_to(self, account_id: UUID, user_id: UUID | None = None) -> bool:
        """To the user; to anybody of the account."""

    def renew_account(self) -> None:
        """Their account was changed."""

    def look_at_user(self) -> None:
        """Their row was changed: go on only if they may still be here."""

    def end(self, code: int, reason: str) -> None: ...


class Sockets:
    def __init__(self) -> None:
        self._open: set[Socket] = set()
        self._nobody = asyncio.Event()
        self.draining = asyncio.Event()

    def add(self, socket: Socket) -> None:
        """Who comes while all are sent away is sent away too."""
        self._open.add(socket)
        if self.draining.is_set():
            socket.end(*GOING_AWAY)

    def remove(self, socket: Socket) -> None:
        self._open.discard(socket)
        if not self._open:
            self._nobody.set()

    def people(self) -> dict[UUID, set[UUID]]:
        """Who has a socket open, by account."""
        found: dict[UUID, set[UUID]] = {}
        for person in (socket.person for socket in self._open):
            if person is not None:
                found.setdefault(person[0], set()).add(person[1])
        return found

    def look_at(self, account_id: UUID, user_id: UUID) -> None:
        for socket in self._open:
            if socket.belongs_to(account_id, user_id):
                socket.look_at_user()

    def renew(self, account_id: UUID) -> None:
        for socket in self._open:
            if socket.belongs_to(account_id):
                socket.renew_account()

    async def drain(self) -> None:
        """Take no new ones, and send all away, a few at a time."""
        self.draining.set()
        self._nobody.clear()
        if not self._open:
            return
        loop, (earliest, latest) = asyncio.get_running_loop(), SPREAD
        for socket in list(self._open):
            loop.call_later(random.uniform(earliest, latest), socket.end, *GOING_AWAY)
        with suppress(TimeoutError):
            async with asyncio.timeout(latest + 0.5):
                await self._nobody.wait()
