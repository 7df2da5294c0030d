"""The API as its clients see it: a process of its own, spoken to over HTTP by people with tokens."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, SIGTERM
from subprocess import Popen
from typing import Any
from uuid import UUID

import httpx
import orjson

from services.local import children, ports, tokens
from services.local.paths import ROOT
from services.local.up import API
from shared import ids

PATIENCE = 60.0  # seconds; another test may have the processor
GLANCE = 0.02
AN_HOUR = 3_600
SECRET = "a-secret-that-only-tests-know-and-use"  # of 37 bytes
NONE: Mapping[str, str] = {}


@dataclass(frozen=True)
class Answer:
    """What came back. `body` is None when it is no JSON."""

    status: int
    headers: httpx.Headers
    text: str
    body: Any

    @property
    def data(self) -> Any:
        """What was asked for. Fails when there are errors."""
        assert "errors" not in self.body, self.text
        return self.body["data"]

    @property
    def errors(self) -> list[Any]:
        found: list[Any] = self.body["errors"]
        return found

    @property
    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.errors]


@dataclass(frozen=True)
class Api:
    """A running API. `env`: the settings it runs with, and what tokens for it are signed with."""

    process: Popen[bytes]
    port: int
    env: Mapping[str, str]
    log: Path
    http: httpx.AsyncClient

    @property
    def said(self) -> str:
        """Its log."""
        return self.log.read_text()

    async def graphql(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        token: str | None = None,
        headers: Mapping[str, str] = NONE,
    ) -> Answer:
        """POST one operation."""
        return await self.post({"query": query, "variables": variables}, token, headers)

    async def post(self, body: object, token: str | None = None, headers: Mapping[str, str] = NONE) -> Answer:
        """POST whatever that is; bytes as they are, else as JSON."""
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        return await self.request("POST", "/graphql", token, {"content-type": "application/json", **headers}, content)

    async def request(
        self,
        method: str,
        path: str,
        token: str | None = None,
        headers: Mapping[str, str] = NONE,
        content: bytes | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        bearer = {} if token is None else {"authorization": f"Bearer {token}"}
        response = await self.http.request(method, path, content=content, params=params, headers={**bearer, **headers})
        body = None
        with suppress(orjson.JSONDecodeError):
            body = orjson.loads(response.content)
        return Answer(response.status_code, response.headers, response.text, body)

    def person(
        self,
        account_id: UUID,
        *permissions: str,
        user_id: UUID | None = None,
        name: str = "Олена",
        seconds: int = AN_HOUR,
        locale: str | None = None,
    ) -> str:
        """The token of a person of the account; without an id, of one who is new."""
        return tokens.person(self.env, account_id, user_id or ids.new(), name, permissions, seconds, locale)

    def service(self, seconds: int = AN_HOUR) -> str:
        """The token of the host CRM itself."""
        return tokens.service(self.env, seconds)


@asynccontextmanager
async def api(
    folder: Path, dsn: str, redis_url: str, *, port: int | None = None, **settings: str
) -> AsyncIterator[Api]:
    """An API process as `./dev up` runs it, which is ready; it is ended with the block, if it has not ended by then."""
    port = port or ports.choose()
    own = {
        "DATABASE_URL": dsn,
        "REDIS_URL": redis_url,
        "VORONKA_ENV": "test",
        "VORONKA_JWT_SECRET": SECRET,
        "VORONKA_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "VORONKA_POOL_SIZE": "8",
    } | settings
    command = [sys.executable, "-P", "-m", *API, "--port", str(port)]
    log = folder / f"api-{port}.log"
    recipe = children.Recipe("api", f"api-{port}", command, dict(os.environ) | own, log, ROOT, port=port)
    process = recipe.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as http:
            started = Api(process, port, own, log, http)
            await _ready(started)
            yield started
    finally:
        await asyncio.to_thread(children.stop, process, (SIGTERM, 10.0), (SIGKILL, 10.0))


def production(folder: Path, dsn: str, redis_url: str, origins: str = "") -> AbstractAsyncContextManager[Api]:
    """An API process that takes itself for the one that customers use."""
    return api(
        folder,
        dsn,
        redis_url,
        VORONKA_ENV="production",
        VORONKA_PUBLIC_URL="https://voronka.example",
        VORONKA_SECRET_KEY="a-key-of-more-than-thirty-two-bytes-for-tests",
        VORONKA_ORIGINS=origins,
    )


async def _ready(api: Api) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(httpx.TransportError):
                if (await api.request("GET", "/readyz")).status == 200:
                    return
            assert api.process.poll() is None, children.tail(api.log)
            await asyncio.sleep(GLANCE)
