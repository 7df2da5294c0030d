"""What is asked all day long: boards, a deal, the list of funnels, a move. Each beside the same JSON made by hand."""

from collections.abc import Callable, Iterator
from itertools import cycle
from uuid import UUID

from services.local.bench.cases import documents
from services.local.bench.data import Funnel
from services.local.bench.ground import Ground
from services.local.bench.load import Ask, Asking
from services.local.bench.meter import Sides, in_turn
from services.local.bench.results import Claim, Measured, Outcome, ratio

AskOf = Callable[[Ground, int], Ask]  # about the thing of that number


def board(first: int) -> tuple[AskOf, AskOf]:
    def product(ground: Ground, number: int) -> Ask:
        funnel = ground.funnels[number % len(ground.funnels)]
        return ground.query(ground.person, documents.BOARD, "board", id=str(funnel.id), first=first)

    def limit(ground: Ground, number: int) -> Ask:
        funnel = ground.funnels[number % len(ground.funnels)]
        return ground.by_hand(ground.person, "/board", "board", id=str(funnel.id), first=first)

    return product, limit


def _busy_deal(ground: Ground, number: int) -> UUID:
    funnel = ground.busy[number % len(ground.busy)]
    return funnel.deal_ids[number // len(ground.busy) % len(funnel.deal_ids)]


def deal(ground: Ground, number: int) -> Ask:
    return ground.query(ground.person, documents.DEAL, "deal", id=str(_busy_deal(ground, number)))


def deal_by_hand(ground: Ground, number: int) -> Ask:
    return ground.by_hand(ground.person, "/deal", "deal", id=str(_busy_deal(ground, number)))


def funnels(ground: Ground, _number: int) -> Ask:
    return ground.query(ground.person, documents.FUNNELS, "funnels")


def funnels_by_hand(ground: Ground, _number: int) -> Ask:
    return ground.by_hand(ground.person, "/funnels", "funnels")


def _moving(ground: Ground, number: int) -> tuple[Funnel, UUID]:
    """Each connection has a funnel of its own as far as there are enough: else they would wait for one another."""
    funnel = ground.funnels[number % len(ground.funnels)]
    return funnel, funnel.deal_ids[number // len(ground.funnels)]


def move(ground: Ground, number: int, stage: int) -> Ask:
    funnel, deal_id = _moving(ground, number)
    stage_id = str(funnel.stage_ids[stage])
    begins = 'moveDeal":{"__typename":"MoveDealPayload'
    return ground.query(ground.person, documents.MOVE, begins, id=str(deal_id), stage=stage_id)


def move_by_hand(ground: Ground, number: int, stage: int) -> Ask:
    funnel, deal_id = _moving(ground, number)
    stage_id = str(funnel.stage_ids[stage])
    return ground.by_hand(ground.person, "/move", "moveDeal", id=str(deal_id), stage=stage_id)


SPREAD = 64  # different things that are asked for in turn


async def _reading(ground: Ground, product: AskOf, limit: AskOf) -> dict[str, Measured]:
    def asking(ask_of: AskOf) -> Asking:
        asks = [ask_of(ground, number) for number in range(SPREAD)]
        return lambda connection: cycle(asks[connection % SPREAD :] + asks[: connection % SPREAD])

    house = ground.house
    sides: Sides = {"product": (house.product, asking(product)), "limit": (house.limit, asking(limit))}
    return await in_turn(house, sides, ground.scale.effort)


def _server(sides: dict[str, Measured], goal: float) -> Claim:
    return Claim("server CPU", ratio(sides["product"].server_ms, sides["limit"].server_ms), goal, "× limit")


async def boards_of_50(ground: Ground) -> Outcome:
    sides = await _reading(ground, *board(50))
    return Outcome("BOARD-50", "8 columns × 50 deals × 14 fields", "request", sides, [_server(sides, 1.3)])


async def boards_of_200(ground: Ground) -> Outcome:
    sides = await _reading(ground, *board(200))
    return Outcome("BOARD-200", "all deals of a funnel of 1,000", "request", sides, [_server(sides, 1.3)])


async def deals(ground: Ground) -> Outcome:
    sides = await _reading(ground, deal, deal_by_hand)
    return Outcome("DEAL", "one deal, and its last 10 events", "request", sides, [_server(sides, 1.6)])


async def lists_of_funnels(ground: Ground) -> Outcome:
    sides = await _reading(ground, funnels, funnels_by_hand)
    return Outcome("FUNNELS", "20 funnels with counts and sums", "request", sides)


async def moves(ground: Ground) -> Outcome:
    def asking(ask_of: Callable[[Ground, int, int], Ask], first: int) -> Asking:
        kept: dict[int, Iterator[Ask]] = {}  # a round goes on where the last one has left the deals

        def to_and_fro(connection: int) -> Iterator[Ask]:
            number = 2 * connection + first  # the two sides move deals of their own
            return kept.setdefault(connection, cycle([ask_of(ground, number, 2), ask_of(ground, number, 3)]))

        return to_and_fro

    house = ground.house
    sides = await in_turn(
        house,
        {"product": (house.product, asking(move, 0)), "limit": (house.limit, asking(move_by_hand, 1))},
        ground.scale.effort,
    )
    return Outcome("MOVE", "the mutation, and its event", "request", sides, [_server(sides, 2.0)])
