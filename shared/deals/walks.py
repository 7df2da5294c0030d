"""What became of visits of stages, counted over the ways that deals went. Pure.

Many deals go the same way: each is looked at once.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from shared.deals.sql_analytics import FIRST

NOWHERE, WON = -1, 1_000_000  # how far the two ends bring a deal; an open stage brings it to its place


@dataclass(frozen=True, slots=True)
class Step:
    """A stage. `place`: where it stands among the open ones; None: it is an end. `reach`: how far it brings a deal."""

    place: int | None
    reach: int


@dataclass(slots=True)
class Passed:
    """Of one stage, in a period: visits that began, and what came directly after them; deals, and how many got further."""

    after: Counter[str] = field(default_factory=Counter)
    entered: int = 0
    deals: int = 0
    converted: int = 0


def passed(steps: Sequence[Step], walks: Iterable[tuple[str, int]]) -> list[Passed]:
    """Of each step, by its index."""
    counted = [Passed() for _ in steps]
    for way, deals in walks:
        following, furthest = None, NOWHERE - 1
        got_on: dict[int, bool] = {}  # a step that was entered, and whether the deal got further later
        for letter in reversed(way):
            index, is_in_period = divmod(ord(letter) - FIRST, 2)
            step = steps[index]
            if is_in_period:
                here = counted[index]
                here.entered += deals
                here.after[_outcome(step, following)] += deals
                got_on[index] = furthest >= WON if step.place is None else furthest > step.place
            following, furthest = step, max(furthest, step.reach)
        for index, further in got_on.items():
            counted[index].deals += deals
            counted[index].converted += deals * further
    return counted


def _outcome(step: Step, following: Step | None) -> str:
    """What the step after a visit was."""
    if following is None:
        return "stays"
    if following.place is None:
        return "won" if following.reach == WON else "lost"
    return "moved" if step.place is not None and following.place > step.place else "back"
