"""Tokens as the host CRM would make them: for a person of an account, or for the CRM itself."""

import time
from collections.abc import Mapping, Sequence
from uuid import UUID

import jwt

from services.local.errors import Refusal
from shared.actor import Permission

SERVICE = "crm"
SHORTEST_SECRET = 32  # bytes, as HS256 wants it


def person(
    env: Mapping[str, str],
    account: UUID,
    user: UUID,
    name: str,
    permissions: Sequence[str],
    seconds: int,
    locale: str | None = None,
) -> str:
    claims: dict[str, object] = {"sub": str(user), "account": str(account), "name": name}
    if locale is not None:
        claims["locale"] = locale
    return _signed(env, claims, permissions, seconds)


def service(env: Mapping[str, str], seconds: int) -> str:
    """The CRM's own: it sets accounts up, and has none."""
    return _signed(env, {"sub": SERVICE, "name": SERVICE}, [Permission.ACCOUNTS_MANAGE], seconds)


def read_permissions(text: str) -> list[str]:
    """Names separated by commas. Raises Refusal for one that does not exist."""
    names = [name.strip().upper() for name in text.split(",") if name.strip()]
    if unknown := [name for name in names if name not in Permission.__members__]:
        raise Refusal(f"No such permission: {', '.join(unknown)}. There are {', '.join(Permission)}.")
    return names


def _signed(env: Mapping[str, str], claims: dict[str, object], permissions: Sequence[str], seconds: int) -> str:
    secret = env.get("VORONKA_JWT_SECRET", "")
    if len(secret.encode()) < SHORTEST_SECRET:
        raise Refusal(
            "No secret to sign with: start ./dev up (its --state tells which), or set VORONKA_JWT_SECRET"
            f" to at least {SHORTEST_SECRET} bytes."
        )
    now = int(time.time())
    registered = {
        "permissions": [str(permission) for permission in permissions],
        "iat": now,
        "exp": now + seconds,
        "iss": env.get("VORONKA_JWT_ISSUER", "crm"),
        "aud": env.get("VORONKA_JWT_AUDIENCE", "voronka"),
    }
    return jwt.encode(claims | registered, secret, algorithm="HS256")
