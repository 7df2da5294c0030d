"""What is measured, by name, in the order of the table."""

from collections.abc import Awaitable, Callable, Mapping

from services.local.bench.cases import asking, following, growing, taking, working
from services.local.bench.ground import Ground
from services.local.bench.results import Outcome

CASES: Mapping[str, Callable[[Ground], Awaitable[Outcome]]] = {
    "BOARD-50": asking.boards_of_50,
    "BOARD-200": asking.boards_of_200,
    "DEAL": asking.deals,
    "FUNNELS": asking.lists_of_funnels,
    "MOVE": asking.moves,
    "FAN-OUT-200": following.to_200,
    "FAN-OUT-1000": following.to_1000,
    "INTAKE": taking.forms,  # its worker goes on with the next two
    "IMPORT": working.files,
    "RENEWALS": working.renewals,
    "CALLBACKS": taking.callbacks,
    "GROWTH-DEALS": growing.in_deals,
    "GROWTH-ACCOUNTS": growing.in_accounts,
    "GROWTH-EVENTS": growing.in_events,
}
