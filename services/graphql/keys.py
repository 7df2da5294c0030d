"""The host CRM's public keys (a JSON Web Key Set, RFC 7517), as its URL tells them.

A key is good for the one algorithm of its kind: what a token says of itself chooses none. Keys are fetched when they
are needed, by one request for all that wait; while the URL does not answer, old ones go on for an hour.
"""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any

import httpx
import orjson
import structlog
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from shared import certificates
from shared.errors import Unavailable

FRESH = 300.0  # seconds
LASTING = 3_600.0  # seconds
COOLDOWN = 30.0  # seconds: unknown keys are asked for once in so long, and so is a URL that failed
HURRY = 1.0  # seconds to the next question when there are no keys at all
PATIENCE = 3.0  # seconds for an answer
LARGEST = 262_144  # bytes
SHORTEST_RSA = 2_048  # bits
PUBLIC = {("RSA", None): ("RS256", ("n", "e")), ("EC", "P-256"): ("ES256", ("crv", "x", "y"))}

log = structlog.get_logger()


class NoKeySet(Exception):
    """What is at the URL is not what should be there."""


class Keys:
    """`clock`: seconds that only rise."""

    def __init__(self, url: str, clock: Callable[[], float] = monotonic) -> None:
        self._url = url
        self._clock = clock
        self._keys: dict[str, PyJWK] = {}
        self._fetched = self._silent_until = self._unknown_until = float("-inf")
        self._turn = asyncio.Lock()

    async def find(self, id: str) -> PyJWK | None:
        """None when the CRM has no such key. Raises Unavailable when nobody can say."""
        if self._is_wanted(id):
            async with self._turn:
                if self._is_wanted(id):  # still: somebody may have fetched meanwhile
                    await self._fetch(again=self._age <= FRESH)
        if self._age > LASTING:
            raise Unavailable
        return self._keys.get(id)

    @property
    def _age(self) -> float:
        return self._clock() - self._fetched

    def _is_wanted(self, id: str) -> bool:
        now = self._clock()
        if now < self._silent_until:
            return False
        return self._age > FRESH or (id not in self._keys and now >= self._unknown_until)

    async def _fetch(self, *, again: bool) -> None:
        """`again`: only since there is a key that we do not know."""
        try:
            async with asyncio.timeout(PATIENCE):
                self._keys = _read(await _get(self._url))
        except (httpx.HTTPError, httpx.InvalidURL, NoKeySet, ValueError, TimeoutError) as failure:
            has_some = self._age <= LASTING
            self._silent_until = self._clock() + (COOLDOWN if has_some else HURRY)
            log.warning("keys not fetched", error=str(failure) or type(failure).__name__, old_ones_go_on=has_some)
            return
        self._fetched = self._clock()
        if again:
            self._unknown_until = self._fetched + COOLDOWN
        log.info("keys fetched", keys=sorted(self._keys))


async def _get(url: str) -> bytes:
    """Raises httpx.HTTPError and NoKeySet."""
    body = bytearray()
    async with (
        httpx.AsyncClient(timeout=PATIENCE, verify=certificates.trusted()) as http,
        http.stream("GET", url) as response,
    ):
        if response.status_code != httpx.codes.OK:
            raise NoKeySet(f"It answers with status {response.status_code}.")
        async for part in response.aiter_bytes():
            body += part
            if len(body) > LARGEST:
                raise NoKeySet(f"It answers with more than {LARGEST} bytes.")
    return bytes(body)


def _read(body: bytes) -> dict[str, PyJWK]:
    """By their ids; what is no key to sign with, or of no kind that we take, is left out.

    Raises NoKeySet, and ValueError for what is no JSON.
    """
    said = orjson.loads(body)
    listed = said.get("keys") if isinstance(said, dict) else None
    if not isinstance(listed, list):
        raise NoKeySet("What it answers with holds no list of keys.")
    return {one["kid"]: key for one in listed if (key := _key(one)) is not None}


def _key(said: Any) -> PyJWK | None:
    if not isinstance(said, dict) or not isinstance(said.get("kid"), str) or said.get("use", "sig") != "sig":
        return None
    kind, curve = said.get("kty"), said.get("crv")
    algorithm, members = PUBLIC.get((str(kind), str(curve) if curve is not None else None), ("", ()))
    if not members or said.get("alg", algorithm) != algorithm:
        return None
    try:
        key = PyJWK({"kty": kind} | {name: said.get(name) for name in members}, algorithm)
    except (PyJWTError, ValueError, TypeError):
        return None
    return key if kind == "EC" or key.key.key_size >= SHORTEST_RSA else None
