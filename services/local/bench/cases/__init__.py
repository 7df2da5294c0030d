"""What is measured, by name, in the order of the table."""

from collections.abc import Awaitable, Callable, Mapping

from services.local.bench.cases import asking
from services.local.bench.ground import Ground
from services.local.bench.results import Outcome

CASES: Mapping[str, Callable[[Ground], Awaitable[Outcome]]] = {
    "BOARD-50": asking.boards_of_50,
    "BOARD-200": asking.boards_of_200,
    "DEAL": asking.deals,
    "FUNNELS": asking.lists_of_funnels,
    "MOVE": asking.moves,
}
