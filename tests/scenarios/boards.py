"""A funnel and its board as a client of the API keeps them: loaded once, then folded from what happens."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.scenarios.people import Person

Deal = dict[str, Any]
Event = Mapping[str, Any]

DEAL = """
    id number title version status source sourceName customFields lossNote createdAt updatedAt enteredStageAt closedAt
    contact { name phone email } amount { amount currency } assignee { id } stage { id } lossReason { id }
    closedFromStage { id }
"""
EVENT = f"""
    __typename
    ... on BoardEvent {{ seq cursor at actor {{ kind user {{ name }} sourceName }} }}
    ... on DealCreated {{ deal {{ {DEAL} }} placedAfter columns {{ stageId dealCount value {{ amount currency }} }} }}
    ... on DealUpdated {{ deal {{ {DEAL} }} columns {{ stageId dealCount value {{ amount currency }} }} }}
    ... on DealMoved {{
        deal {{ {DEAL} }} placedAfter columns {{ stageId dealCount value {{ amount currency }} }}
        fromStage {{ id }} toStage {{ id }}
    }}
"""
FUNNEL = "id stages { id name kind } lossReasons { id name }"
BOARD = f"""
    query ($funnelId: ID!) {{ board(funnelId: $funnelId) {{
        seq cursor
        columns {{
            stage {{ id }} dealCount value {{ amount currency }}
            deals(first: 200) {{ nodes {{ {DEAL} }} pageInfo {{ hasNextPage }} }}
        }}
    }} }}
"""
LOG = f"""
    query ($funnelId: ID!, $after: Cursor) {{ boardEvents(funnelId: $funnelId, after: $after, first: 200) {{
        events {{ {EVENT} }} cursor hasMore
    }} }}
"""


@dataclass(frozen=True)
class Funnel:
    id: str
    entry: str
    own: Sequence[str]
    won: str
    lost: str
    reason: str


async def make_funnel(person: Person) -> Funnel:
    """With three stages between the first and the won one."""
    stages = [{"name": name, "color": "#1A2B3C"} for name in ("Зідзвін", "Презентація", "Договір")]
    made = await person.do(
        "createFunnel", f"funnel {{ {FUNNEL} }}", name="Оренда", stages=stages, lossReasons=["Дорого"]
    )
    return funnel_of(made["funnel"])


def funnel_of(found: Mapping[str, Any]) -> Funnel:
    of_kind: dict[str, list[str]] = {}
    for stage in found["stages"]:
        of_kind.setdefault(stage["kind"], []).append(stage["id"])
    (entry,), (won,), (lost,) = (of_kind[kind] for kind in ("ENTRY", "WON", "LOST"))
    return Funnel(found["id"], entry, of_kind["PROGRESS"], won, lost, found["lossReasons"][0]["id"])


@dataclass
class Board:
    """Deals by id, the order of each column by its stage's id, what stands in it, and the place in the log."""

    seq: int
    cursor: str
    deals: dict[str, Deal]
    columns: dict[str, list[str]]
    totals: dict[str, tuple[int, list[Any]]]


async def load(person: Person, funnel_id: str) -> Board:
    found = (await person.ask(BOARD, funnelId=funnel_id))["board"]
    columns = {column["stage"]["id"]: column for column in found["columns"]}
    assert not any(column["deals"]["pageInfo"]["hasNextPage"] for column in columns.values())
    return Board(
        found["seq"],
        found["cursor"],
        {deal["id"]: deal for column in columns.values() for deal in column["deals"]["nodes"]},
        {stage_id: [deal["id"] for deal in column["deals"]["nodes"]] for stage_id, column in columns.items()},
        {stage_id: (column["dealCount"], column["value"]) for stage_id, column in columns.items()},
    )


async def log_of(person: Person, funnel_id: str, after: str | None = None) -> list[Event]:
    """All that happened in a funnel, or after a cursor."""
    events: list[Event] = []
    while True:
        page = (await person.ask(LOG, funnelId=funnel_id, after=after))["boardEvents"]
        events += page["events"]
        if not page["hasMore"]:
            return events
        after = page["cursor"]


def fold(board: Board, events: Iterable[Event]) -> None:
    """The board after these events too. Each must be the next one."""
    for event in events:
        assert event["seq"] == board.seq + 1
        board.seq, board.cursor = event["seq"], event["cursor"]
        deal = event["deal"]
        board.deals[deal["id"]] = deal
        if event["__typename"] != "DealUpdated":
            for column in board.columns.values():
                if deal["id"] in column:
                    column.remove(deal["id"])
            column, above = board.columns[deal["stage"]["id"]], event["placedAfter"]
            column.insert(0 if above is None else column.index(above) + 1, deal["id"])
        for totals in event["columns"]:
            board.totals[totals["stageId"]] = (totals["dealCount"], totals["value"])
