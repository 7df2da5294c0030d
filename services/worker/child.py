"""Keeps Celery running as the worker's child, for as long as the worker runs and not longer."""

import asyncio
import os
import sys
import time
from asyncio.subprocess import Process
from contextlib import suppress
from pathlib import Path

import structlog

STEADY = 3.0  # seconds: one that lived shorter fell at once
DELAYS = (0.0, 0.1, 0.3, 0.5, 0.8)  # before the first, second… start in a row that did not last
PATIENCE = 14.0  # seconds in which Celery may finish what it does

log = structlog.get_logger()


class CeleryChild:
    """`pidfile`: where whoever supervises reads the pid of the Celery that runs now."""

    def __init__(self, pidfile: str | None) -> None:
        self._pidfile = Path(pidfile) if pidfile else None
        self._process: Process | None = None

    async def keep(self) -> None:
        """For ever: who falls is back within a second. Cancelled, it leaves Celery to `end`."""
        falls = 0
        while True:
            started = time.monotonic()
            self._process = await self._start()
            code = await self._process.wait()
            falls = falls + 1 if time.monotonic() - started < STEADY else 1
            log.error("celery ended: it is started again", code=code, falls=falls)
            await asyncio.sleep(DELAYS[min(falls, len(DELAYS)) - 1])

    async def end(self) -> None:
        """Celery finishes what it does, within its time."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), PATIENCE)
            except TimeoutError:
                log.error("celery does not end: it is killed")
                self._process.kill()
                await self._process.wait()
        if self._pidfile is not None:
            self._pidfile.unlink(missing_ok=True)

    async def _start(self) -> Process:
        command = [sys.executable, "-P", "-m", "services.worker.celery", str(os.getpid())]
        process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL)
        if self._pidfile is not None:
            self._pidfile.write_text(f"{process.pid}\n")
        return process
