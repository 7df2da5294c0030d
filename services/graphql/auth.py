"""Signing in: a JWT of the host CRM (RFC 7519), and our row of the person it names, kept fresh from it.

What a token says is believed until `exp`; who it names is looked up, and remembered for some seconds.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import jwt

from services.graphql.viewer import Viewer
from shared import accounts, ids
from shared.accounts import Account, User
from shared.actor import Actor, ActorKind, Permission
from shared.config import Settings
from shared.db import Database
from shared.errors import NotFound, Unauthenticated

REMEMBERED = 10.0  # seconds
MOST_REMEMBERED = 10_000
LONGEST_NAME = 200


@dataclass(frozen=True)
class Claims:
    """What a token says. `account` and `user` are None for the host CRM's own."""

    issuer: str
    subject: str
    account: UUID | None
    user: UUID | None
    name: str | None
    permissions: frozenset[Permission]
    locale: str | None
    expires_at: datetime


def read_token(token: str, settings: Settings) -> Claims:
    """Raises Unauthenticated for whatever is not a valid token for us, without saying why."""
    try:
        said = jwt.decode(
            token,
            settings.voronka_jwt_secret,
            algorithms=["HS256"],
            issuer=settings.voronka_jwt_issuer,
            audience=settings.voronka_jwt_audience,
            options={"require": ["exp", "sub", "iss", "aud"]},
        )
        return _claims(said)
    except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, KeyError):
        raise Unauthenticated from None


def _claims(said: dict[str, Any]) -> Claims:
    account, locale, name = said.get("account"), said.get("locale"), said.get("name")
    given = said.get("permissions", [])
    permissions = frozenset(Permission(one) for one in given if one in Permission.__members__)
    if account is None:
        if Permission.ACCOUNTS_MANAGE not in permissions:
            raise Unauthenticated
        permissions = frozenset({Permission.ACCOUNTS_MANAGE})
    else:
        permissions -= {Permission.ACCOUNTS_MANAGE}  # the host CRM's alone
    return Claims(
        issuer=said["iss"],
        subject=said["sub"],
        account=_uuid(account) if account is not None else None,
        user=_uuid(said["sub"]) if account is not None else None,
        name=_clean(name) if isinstance(name, str) else None,
        permissions=permissions,
        locale=locale if isinstance(locale, str) else None,
        expires_at=datetime.fromtimestamp(said["exp"], UTC),
    )


def _uuid(text: str) -> UUID:
    id = ids.read(text)
    if isinstance(id, ids.UnreadableId):
        raise Unauthenticated
    return id


def _clean(name: str) -> str | None:
    """A name as a person could have typed it; None when nothing is left of it."""
    shown = "".join(char for char in name if char.isprintable()).strip()[:LONGEST_NAME]
    return shown or None


class SignIn:
    """Knows people by their tokens."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self._db = db
        self._settings = settings
        self._known: OrderedDict[tuple[UUID, UUID, str | None], tuple[float, Account, User]] = OrderedDict()

    async def viewer(self, authorization: str | None) -> Viewer | None:
        """Who that is; None when no token is given. Raises Unauthenticated for a token that is not good."""
        if authorization is None or not authorization.strip():
            return None
        scheme, _, token = authorization.strip().partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated
        claims = read_token(token.strip(), self._settings)
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
