"""What was found, for people (a table, or Markdown) and for programs (JSON)."""

import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.local.bench import machine
from services.local.bench.house import House
from services.local.bench.results import MILLI, Measured, Outcome, number

COLUMNS = ("case", "", "server CPU ms", "Postgres CPU ms", "a second", "p50 ms", "p99 ms", "KB", "MB")
KB, MB = 1_000, 1_000_000
NOT_MEASURED = "–"


@dataclass(frozen=True)
class Report:
    outcomes: Sequence[Outcome]
    machine: str
    pinned: str
    at: str
    quick: bool

    @classmethod
    def of(cls, house: House, outcomes: Sequence[Outcome], *, quick: bool) -> "Report":
        at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        return cls(outcomes, machine.describe(), house.cores.sentence, at, quick)

    @property
    def headline(self) -> str:
        kind = "quick run" if self.quick else "full run"
        return f"{self.machine}; {self.pinned}; one server process each; {kind} of {self.at}"

    def print(self, console: Console) -> None:
        table = Table(caption=self.headline, caption_justify="left")
        for index, column in enumerate(COLUMNS):
            table.add_column(column, justify="left" if index < 2 else "right")
        for outcome in self.outcomes:
            for row in _rows(outcome):
                table.add_row(*row)
            table.add_section()
        console.print(table)
        for outcome in self.outcomes:
            for claim in outcome.claims:
                mark = ("✓", "green") if claim.reached else ("✗", "red")
                console.print(Text(f"{mark[0]} ", style=mark[1]) + Text(f"{outcome.case}: {claim.sentence}"))
            for note in outcome.notes:
                console.print(Text(f"  {outcome.case}: {note}"))

    def markdown(self) -> str:
        return "\n".join(self._markdown())

    def _markdown(self) -> Iterator[str]:
        yield f"| {' | '.join(COLUMNS)} |"
        yield f"|{'---|' * 2}{'--:|' * (len(COLUMNS) - 2)}"
        for outcome in self.outcomes:
            for row in _rows(outcome):
                yield f"| {' | '.join(row)} |"
        yield ""
        claims = [(outcome.case, claim) for outcome in self.outcomes for claim in outcome.claims]
        if claims:
            yield "| case | what | measured | goal |"
            yield "|---|---|--:|--:|"
        for case, claim in claims:
            goal = f"{'≤' if claim.most else '≥'} {number(claim.goal)}"
            missed = "" if claim.reached else " (missed)"
            yield f"| {case} | {claim.what} | {number(claim.value)} {claim.unit}{missed} | {goal} |"
        yield ""
        for outcome in self.outcomes:
            for note in outcome.notes:
                yield f"* {outcome.case}: {note}"
        yield f"\n{self.headline}."

    def json(self) -> bytes:
        said = {
            "at": self.at,
            "machine": self.machine,
            "pinned": self.pinned,
            "python": platform.python_version(),
            "quick": self.quick,
            "cases": [outcome.to_json() for outcome in self.outcomes],
        }
        return orjson.dumps(said, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _rows(outcome: Outcome) -> Iterator[tuple[str, ...]]:
    for index, (name, side) in enumerate(outcome.sides.items()):
        yield (f"{outcome.case}: {outcome.about}" if index == 0 else f"  of a {outcome.one}", name, *_figures(side))


def _figures(side: Measured) -> Iterator[str]:
    yield number(side.server_ms)
    yield number(side.postgres_ms)
    yield number(side.rate)
    for seconds in (side.p50, side.p99):
        yield NOT_MEASURED if seconds is None else number(seconds * MILLI)
    yield NOT_MEASURED if side.bytes is None else number(side.bytes / KB)
    yield NOT_MEASURED if side.memory is None else number(side.memory / MB)
