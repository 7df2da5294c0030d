"""API processes that die at a point of a write. There are many: each is forked from one that has imported it all."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from signal import SIGKILL

import httpx
from uvicorn.main import main

from services.local import ports
from services.local.launch import end_with
from services.local.up import API
from shared import crash
from tests.client import GLANCE, PATIENCE, Api

forks = get_context("forkserver")
forks.set_forkserver_preload(["tests.proof.mortals", "tests.proof.preloaded"])


@asynccontextmanager
async def mortal(model: Api, point: str, folder: Path) -> AsyncIterator[Api]:
    """A process with the settings of that one. It must have died at the point when the block ends."""
    port = ports.choose()
    address, log = f"http://127.0.0.1:{port}", folder / f"mortal-{port}.log"
    env = {**model.env, "CRASH_AT": point, "VORONKA_PUBLIC_URL": address}
    process = forks.Process(target=_serve, args=(env, port, log), daemon=True)
    process.start()
    try:
        async with httpx.AsyncClient(base_url=address, timeout=PATIENCE) as http:
            api = replace(model, port=port, env=env, log=log, http=http)
            await _ready(api)
            yield api
        await asyncio.to_thread(process.join, PATIENCE)
        assert process.exitcode == crash.EXIT_CODE, api.said
    finally:
        process.kill()


def _serve(env: Mapping[str, str], port: int, log: Path) -> None:
    end_with(os.getppid(), SIGKILL)
    with log.open("ab") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    os.environ.update(env)
    main([*API[1:], "--port", str(port)])


async def _ready(api: Api) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                with suppress(httpx.TransportError):
                    if (await api.request("GET", "/readyz")).status == 200:
                        return
                await asyncio.sleep(GLANCE)
    except TimeoutError as late:
        raise AssertionError(api.said) from late
