"""What a token of the host CRM says: a JWT (RFC 7519), for us and by the CRM, signed with what we know to be its own.

That is one shared secret (HS256), or one of the CRM's published keys (RS256, ES256); never both.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import jwt

from services.graphql.keys import Keys
from shared import ids
from shared.actor import Permission
from shared.config import Settings
from shared.errors import Unauthenticated

LONGEST_NAME = 200
NOT_GOOD = (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, KeyError)


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


class Tokens:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._keys = Keys(settings.voronka_jwks_url) if settings.voronka_jwks_url else None

    async def read(self, token: str) -> Claims:
        """Raises Unauthenticated for whatever is not a valid token for us, without saying why.

        Raises Unavailable when the CRM's keys cannot be had.
        """
        try:
            key, algorithm = await self._key_of(token)
            said = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                issuer=self._settings.voronka_jwt_issuer,
                audience=self._settings.voronka_jwt_audience,
                options={"require": ["exp", "sub", "iss", "aud"]},
            )
            return _claims(said)
        except NOT_GOOD:
            raise Unauthenticated from None

    async def _key_of(self, token: str) -> tuple[Any, str]:
        """What must have signed it, and how. Of the token's own words only the id of a key is heard."""
        if self._keys is None:
            return self._settings.voronka_jwt_secret, "HS256"
        key = await self._keys.find(jwt.get_unverified_header(token)["kid"])
        if key is None:
            raise Unauthenticated
        return key.key, key.algorithm_name


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
