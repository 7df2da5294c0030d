"""One run: the house is opened, the cases are measured one after another, and what they found is told."""

import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from services.local import testing
from services.local.bench import ground, report
from services.local.bench.cases import CASES
from services.local.bench.ground import Scale
from services.local.bench.house import House, open_house
from services.local.bench.machine import Cores
from services.local.bench.results import Outcome
from services.local.errors import Refusal
from services.local.up import raise_file_limit


@dataclass(frozen=True)
class Options:
    quick: bool = False
    only: Sequence[str] = ()
    json: Path | None = None
    markdown: bool = False

    @property
    def cases(self) -> list[str]:
        """Raises Refusal for a name that is none."""
        wanted = [name.upper() for name in self.only]
        if unknown := [name for name in wanted if name not in CASES]:
            raise Refusal(f"No such case: {', '.join(unknown)}. There are {', '.join(CASES)}.")
        return [name for name in CASES if not wanted or name in wanted]

    @property
    def scale(self) -> Scale:
        return ground.QUICK if self.quick else ground.FULL


def bench(options: Options) -> None:
    """Measure and print. Raises Refusal when something cannot be started."""
    cases = options.cases
    if sys.platform != "linux":
        raise Refusal("CPU and memory are read from /proc: ./dev bench runs on Linux.")
    raise_file_limit()
    signal.signal(signal.SIGTERM, _leave)  # as Ctrl-C: what was started is ended
    errors = Console(stderr=True)
    with (
        _progress(errors) as progress,
        testing.servers(durable=True) as servers,
        open_house(servers, Cores.choose()) as house,
    ):
        outcomes = measure(house, options.scale, cases, progress)
        told = report.Report.of(house, outcomes, quick=options.quick)
    if options.json is not None:
        options.json.write_bytes(told.json())
    if options.markdown:
        print(told.markdown())
    else:
        told.print(Console())


def measure(house: House, scale: Scale, cases: Sequence[str], progress: Progress) -> list[Outcome]:
    """What each case found."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_measure(house, scale, cases, progress))


async def _measure(house: House, scale: Scale, cases: Sequence[str], progress: Progress) -> list[Outcome]:
    task = progress.add_task("", total=len(cases))
    outcomes = []
    async with ground.prepared(house, scale, lambda said: progress.update(task, description=said)) as made:
        for name in cases:
            progress.update(task, description=name)
            began = time.monotonic()
            outcomes.append(await CASES[name](made))
            progress.console.print(f"{name} measured in {time.monotonic() - began:.0f} s")
            progress.advance(task)
    return outcomes


def _progress(console: Console) -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, console=console, transient=True)


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
