"""Somebody who works over HTTP at one API process or another, and a board as all of them must show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.client import Api

FUNNEL = "id version stages { id kind } lossReasons { id }"
DEAL = "id title version status stage { id } amount { amount currency } openTaskCount"
BOARD = f"""query ($id: ID!) {{ board(funnelId: $id) {{
    seq cursor funnel {{ name version stages {{ id name }} }}
    columns {{ stage {{ id }} dealCount value {{ amount currency }} deals(first: 200) {{ nodes {{ {DEAL} }} }} }} }} }}"""
TOLD = f"""__typename ... on BoardEvent {{ seq cursor }}
    ... on DealCreated {{ deal {{ {DEAL} }} placedAfter columns {{ stageId dealCount value {{ amount currency }} }} }}
    ... on DealMoved {{ deal {{ {DEAL} }} placedAfter columns {{ stageId dealCount value {{ amount currency }} }} }}
    ... on DealUpdated {{ deal {{ {DEAL} }} columns {{ stageId dealCount value {{ amount currency }} }} }}
    ... on DealArchived {{ deal {{ {DEAL} }} columns {{ stageId dealCount value {{ amount currency }} }} }}
    ... on FunnelChanged {{ funnel {{ name version stages {{ id name }} }} }}"""
LOG = f"query ($id: ID!) {{ boardEvents(funnelId: $id, first: 200) {{ events {{ {TOLD} }} hasMore }} }}"
FOLLOW = f"""subscription ($funnelId: ID!, $after: Cursor) {{ boardChanged(funnelId: $funnelId, after: $after) {{
    ... on BoardReady {{ seq }} {TOLD} }} }}"""


@dataclass(frozen=True)
class Hands:
    """Whoever the token says, at that process."""

    api: Api
    token: str

    def at(self, api: Api) -> "Hands":
        return replace(self, api=api)

    async def ask(self, query: str, **variables: Any) -> Any:
        return (await self.api.graphql(query, variables, self.token)).data

    async def do(self, name: str, payload: str, /, **given: Any) -> Any:
        """What the mutation answers, whatever that is."""
        kind = name[0].upper() + name[1:]
        document = f"""mutation ($input: {kind}Input!) {{ {name}(input: $input) {{
            __typename ... on {kind}Payload {{ {payload} }} ... on Error {{ code }} }} }}"""
        return (await self.ask(document, input=given))[name]

    async def funnel(self) -> Any:
        stages = [{"name": name, "color": "#1A2B3C"} for name in ("Зідзвін", "Договір")]
        return (await self.do("createFunnel", f"funnel {{ {FUNNEL} }}", name="Оренда", stages=stages))["funnel"]

    async def deal(self, funnel: Any, title: str = "Офіс") -> str:
        given = {"funnelId": funnel["id"], "title": title, "contact": {"name": "Ганна"}}
        made = await self.do("createDeal", "deal { id }", **given)
        deal_id: str = made["deal"]["id"]
        return deal_id

    async def board(self, funnel: Any) -> Any:
        return (await self.ask(BOARD, id=funnel["id"]))["board"]

    async def log(self, funnel: Any) -> list[Any]:
        page = (await self.ask(LOG, id=funnel["id"]))["boardEvents"]
        assert not page["hasMore"]
        told: list[Any] = page["events"]
        return told


def fold(board: Any, told: Sequence[Mapping[str, Any]]) -> None:
    """The board after these events too. Each must be the next one."""
    for event in told:
        assert event["seq"] == board["seq"] + 1
        board["seq"], board["cursor"] = event["seq"], event["cursor"]
        columns = {column["stage"]["id"]: column for column in board["columns"]}
        if event["__typename"] == "FunnelChanged":
            board["funnel"] = event["funnel"]
            board["columns"] = [columns[stage["id"]] for stage in event["funnel"]["stages"]]
        else:
            _fold_deal(columns, event)


def _fold_deal(columns: Mapping[str, dict[str, Any]], event: Mapping[str, Any]) -> None:
    deal = event["deal"]
    for column in columns.values():
        nodes = column["deals"]["nodes"]
        if event["__typename"] == "DealUpdated":
            nodes[:] = [deal if node["id"] == deal["id"] else node for node in nodes]
        else:
            nodes[:] = [node for node in nodes if node["id"] != deal["id"]]
    if "placedAfter" in event:
        nodes = columns[deal["stage"]["id"]]["deals"]["nodes"]
        above = [node["id"] for node in nodes].index(event["placedAfter"]) + 1 if event["placedAfter"] else 0
        nodes.insert(above, deal)
    for totals in event["columns"]:
        columns[totals["stageId"]] |= {"dealCount": totals["dealCount"], "value": totals["value"]}
