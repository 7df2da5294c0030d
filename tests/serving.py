"""An app within the test's own process, on a real socket."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None: they are the test process's."""
        yield


@asynccontextmanager
async def running(app: ASGIApp, port: int, **options: Any) -> AsyncIterator[None]:
    """`options`: uvicorn's."""
    server = _Server(uvicorn.Config(app, port=port, lifespan="off", log_config=None, **options))
    serving = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(10):
            while not server.started:  # noqa: ASYNC110  # uvicorn sets no event
                await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        await serving
