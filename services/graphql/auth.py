"""Signing in: a JWT of the host CRM (RFC 7519), and our row of the person it names, kept fresh from it.

What a token says is believed until `exp`; who it names is looked up, and remembered for some seconds.
"""

import asyncio
from collections import OrderedDict
from dataclasses import replace
from time import monotonic
from uuid import NAMESPACE_URL, UUID, uuid5

from services.graphql.together import Together
from services.graphql.tokens import Tokens
from services.graphql.viewer import Viewer
from shared import accounts
from shared.accounts import Account, User
from shared.actor import Actor, ActorKind
from shared.config import Settings
from shared.db import Database
from shared.errors import NotFound, Unauthenticated

REMEMBERED = 10.0  # seconds
MOST_REMEMBERED = 10_000
AT_ONCE = 4  # people who are looked up; a thousand that come back together take turns, and get no time-out

Key = tuple[UUID, UUID, str | None]  # account, user, and what the token calls them


class SignIn:
    """Knows people by their tokens."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self._db = db
        self._tokens = Tokens(settings)
        self._finding = Together(self._find, asyncio.Semaphore(AT_ONCE))
        self._known: OrderedDict[Key, tuple[float, Account, User]] = OrderedDict()

    async def viewer(self, authorization: str | None) -> Viewer | None:
        """Who that is; None when no token is given. Raises Unauthenticated for a token that is not good."""
        if authorization is None or not authorization.strip():
            return None
        scheme, _, token = authorization.strip().partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated
        claims = await self._tokens.read(token.strip())
        if claims.account is None:
            actor = Actor(ActorKind.SYSTEM, None, claims.subject, claims.permissions)
            issuer = uuid5(NAMESPACE_URL, claims.issuer)
            return Viewer(actor, None, None, issuer, claims.locale, claims.expires_at)
        assert claims.user is not None
        account, user = await self._person(claims.account, claims.user, claims.name)
        if not user.active:
            raise Unauthenticated
        actor = Actor(ActorKind.USER, user.id, user.name, claims.permissions)
        return Viewer(actor, account, user, account.id, claims.locale, claims.expires_at)

    def forget(self, account_id: UUID, user_id: UUID) -> None:
        """The user was changed: they are looked up at their next request."""
        for key in [key for key in self._known if key[:2] == (account_id, user_id)]:
            del self._known[key]

    def forget_account(self, account_id: UUID) -> None:
        """The account was changed: so are all who are in it."""
        for key in [key for key in self._known if key[0] == account_id]:
            del self._known[key]

    async def renewed(self, viewer: Viewer) -> Viewer:
        """The same person, in their account as it is now."""
        if viewer.account is None:
            return viewer
        async with self._db.reading(viewer.account.id) as tx:
            return replace(viewer, account=await accounts.get(tx))

    async def is_active(self, viewer: Viewer) -> bool:
        """Whether the person may still be here."""
        if viewer.account is None or viewer.user is None:
            return True
        async with self._db.reading(viewer.account.id) as tx:
            kept = await accounts.users(tx, [viewer.user.id])
        return viewer.user.id in kept and kept[viewer.user.id].active

    async def _person(self, account_id: UUID, user_id: UUID, name: str | None) -> tuple[Account, User]:
        key = account_id, user_id, name
        known = self._known.get(key)
        if known and monotonic() - known[0] < REMEMBERED:
            return known[1], known[2]
        return await self._finding.ask(key)

    async def _find(self, key: Key) -> tuple[Account, User]:
        account_id, user_id, name = key
        async with self._db.transaction(account_id) as tx:
            try:
                account = await accounts.get(tx)
            except NotFound:
                raise Unauthenticated from None
            user = await accounts.knows(tx, user_id, name)
        if user is None:
            raise Unauthenticated
        self._known[key] = monotonic(), account, user
        self._known.move_to_end(key)
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return account, user
