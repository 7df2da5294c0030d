"""API processes that are forked from one that has imported it all: each costs a tenth of one that is started.

For tests that need an API with settings of its own, or one that dies.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from signal import SIGKILL

import httpx
from uvicorn.main import main

from services.local import ports
from services.local.launch import end_with
from services.local.up import API
from shared import crash
from tests.client import PATIENCE, Api, is_ready

FAREWELL = 10.0  # seconds
PRODUCTION = {
    "VORONKA_ENV": "production",
    "VORONKA_PUBLIC_URL": "https://voronka.example",
    "VORONKA_SECRET_KEY": "a-key-of-more-than-thirty-two-bytes-for-tests",
}

forks = get_context("forkserver")
forks.set_forkserver_preload(["tests.forks", "tests.preloaded"])


@asynccontextmanager
async def another(model: Api, folder: Path, **settings: str) -> AsyncIterator[Api]:
    """A process with the settings of that one but for these; it is ended with the block."""
    async with _forked(model, folder, settings) as (process, api):
        yield api
        process.terminate()
        await asyncio.to_thread(process.join, FAREWELL)


@asynccontextmanager
async def mortal(model: Api, folder: Path, point: str) -> AsyncIterator[Api]:
    """One that dies at a point of a write. It must have died there when the block ends."""
    async with _forked(model, folder, {"CRASH_AT": point}) as (process, api):
        yield api
        await asyncio.to_thread(process.join, PATIENCE)
        assert process.exitcode == crash.EXIT_CODE, api.said


@asynccontextmanager
async def _forked(
    model: Api, folder: Path, settings: Mapping[str, str]
) -> AsyncIterator[tuple[ForkServerProcess, Api]]:
    port = ports.choose()
    address, log = f"http://127.0.0.1:{port}", folder / f"fork-{port}.log"
    env = {**model.env, "VORONKA_PUBLIC_URL": address, **settings}
    process = forks.Process(target=_serve, args=(env, port, log), daemon=True)
    process.start()
    try:
        async with httpx.AsyncClient(base_url=address, timeout=PATIENCE) as http:
            api = replace(model, port=port, env=env, log=log, http=http)
            await is_ready(api, process.is_alive)
            yield process, api
    finally:
        process.kill()
        process.join(FAREWELL)


def _serve(env: Mapping[str, str], port: int, log: Path) -> None:
    end_with(os.getppid(), SIGKILL)
    with log.open("ab") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    os.environ.update(env)
    main([*API[1:], "--port", str(port)])
