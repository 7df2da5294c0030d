"""A host CRM that publishes its keys, and signs tokens with them."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from shared import ids

Private = RSAPrivateKey | EllipticCurvePrivateKey
P256, P384 = SECP256R1(), SECP384R1()


def rsa(bits: int = 2_048) -> RSAPrivateKey:
    return generate_rsa(65_537, bits)


def ec(curve: Any = P256) -> EllipticCurvePrivateKey:
    return generate_private_key(curve)


def public(key: Private, kid: str, **more: Any) -> dict[str, Any]:
    """As a key set shows it."""
    shown: dict[str, Any]
    if isinstance(key, RSAPrivateKey):
        shown = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        shown = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    shown.pop("key_ops", None)
    return {**shown, "kid": kid, **more}


def claims(account_id: UUID, **changed: Any) -> dict[str, Any]:
    """Those of a good token."""
    now = int(time.time())
    who = {"sub": str(ids.new()), "account": str(account_id), "name": "Олена", "permissions": []}
    return {**who, "iat": now, "exp": now + 600, "iss": "crm", "aud": "voronka", **changed}


def signed(key: Any, algorithm: str, said: dict[str, Any], **header: Any) -> str:
    return jwt.encode(said, key, algorithm=algorithm, headers=header)


class Publisher:
    """What is answered at the URL, and how often it was asked for."""

    def __init__(self) -> None:
        self.keys: list[Any] = []
        self.status = 200
        self.body: bytes | None = None
        self.pause = 0.0
        self.asked = 0
        self.url = ""
        self.answering: set[asyncio.Task[None] | None] = set()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.answering.add(asyncio.current_task())
        with suppress(asyncio.IncompleteReadError, ConnectionError):  # who asks may give up
            await reader.readuntil(b"\r\n\r\n")
            self.asked += 1
            await asyncio.sleep(self.pause)
            body = orjson.dumps({"keys": self.keys}) if self.body is None else self.body
            writer.write(
                f"HTTP/1.1 {self.status} X\r\nlocation: {self.url}\r\ncontent-length: {len(body)}\r\n"
                "connection: close\r\n\r\n".encode()
                + body
            )
        with suppress(ConnectionError):
            writer.close()
            await writer.wait_closed()


@asynccontextmanager
async def publisher() -> AsyncIterator[Publisher]:
    published = Publisher()
    server = await asyncio.start_server(published.answer, "127.0.0.1", 0)
    published.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/keys.json"
    async with server:
        yield published
        await asyncio.gather(*(task for task in published.answering if task is not None))
