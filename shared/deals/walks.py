"""What became of visits of stages, counted over the ways that deals went. Pure.

Many deals go the same way: each is looked at once.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from shared.deals.sql_analytics import FIRST

NOWHERE, WON = -1, 1_000_000  # how far the two ends bring a deal; an open stage brings it to its place


@dataclass(frozen=True, slots=True)
class Step:
    """A stage. `place`: where it stands among the open ones; None: it is an end. `reach`: how far it brings a deal."""

    place: int | None
    reach: int

    @property
    def goal(self) -> int:
        """Who gets beyond it after this step, gets further; after an end only who is won."""
        return WON - 1 if self.place is None else self.place


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
    letters = {chr(FIRST + 2 * at + began): (at, began) for at in range(len(steps)) for began in (0, 1)}
    look = {letter: (at, began, steps[at].goal, steps[at].reach) for letter, (at, began) in letters.items()}
    pairs: dict[str, int] = defaultdict(int)  # a visit, and the one directly after it
    for way, deals in walks:
        following, furthest = "", NOWHERE - 1
        got_on: dict[int, bool] = {}  # a step that was entered, and whether the deal got further later
        for letter in reversed(way):  # a million of them, where no two deals went the same way: no call is made for one
            pairs[letter + following] += deals
            index, is_in_period, goal, reach = look[letter]
            if is_in_period:
                got_on[index] = furthest > goal
            if reach > furthest:
                furthest = reach
            following = letter
        for index, further in got_on.items():
            counted[index].deals += deals
            counted[index].converted += deals * further
    for pair, deals in pairs.items():
        index, is_in_period = letters[pair[0]]
        if is_in_period:
            after = steps[letters[pair[1]][0]] if len(pair) > 1 else None
            counted[index].entered += deals
            counted[index].after[_outcome(steps[index], after)] += deals
    return counted


def _outcome(step: Step, following: Step | None) -> str:
    """What the step after a visit was."""
    if following is None:
        return "stays"
    if following.place is None:
        return "won" if following.reach == WON else "lost"
    return "moved" if step.place is not None and following.place > step.place else "back"
