"""What the tests of the edge ask, and who asks it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.client import Answer, Api

REFUSED = """__typename ... on Error { message code
    ... on NotFound { id }
    ... on Forbidden { permission }
    ... on InvalidInput { fields { path message } }
    ... on NotAllowedNow { reason }
    ... on ModuleInactive { module { code } state }
    ... on StaleDeal { deal { id title version } }
    ... on StageNotInFunnel { stageId }
    ... on LossReasonRequired { lossReasons { name } }
    ... on AmountRequired { stage { name } } }"""
CREATE_FUNNEL = f"""mutation ($input: CreateFunnelInput!) {{ createFunnel(input: $input) {{ {REFUSED}
    ... on CreateFunnelPayload {{ funnel {{ id name stages {{ id kind name }} lossReasons {{ id name }} }} }} }} }}"""
CREATE_DEAL = f"""mutation ($input: CreateDealInput!) {{ createDeal(input: $input) {{ {REFUSED}
    ... on CreateDealPayload {{ cursor seq deal {{ id number title version contact {{ name phone }} }} }} }} }}"""
UPDATE_DEAL = f"""mutation ($input: UpdateDealInput!) {{ updateDeal(input: $input) {{ {REFUSED}
    ... on UpdateDealPayload {{ cursor seq deal {{ id title version }} }} }} }}"""
MOVE_DEAL = f"""mutation ($input: MoveDealInput!) {{ moveDeal(input: $input) {{ {REFUSED}
    ... on MoveDealPayload {{ cursor seq missing deal {{ id version stage {{ id }} }} }} }} }}"""
START_TRIAL = f"""mutation ($input: StartTrialInput!) {{ startTrial(input: $input) {{ {REFUSED}
    ... on StartTrialPayload {{ module {{ id state usable module {{ code name }} }} }} }} }}"""
CREATE_SOURCE = f"""mutation ($input: CreateSourceInput!) {{ createSource(input: $input) {{ {REFUSED}
    ... on CreateSourcePayload {{ secret address source {{ id name kind url }} }} }} }}"""
CREATE_ACCOUNT = f"""mutation ($input: CreateAccountInput!) {{ createAccount(input: $input) {{ {REFUSED}
    ... on CreateAccountPayload {{ account {{ id name }} }} }} }}"""
SAVE_USERS = f"""mutation ($input: SaveUsersInput!) {{ saveUsers(input: $input) {{ {REFUSED}
    ... on SaveUsersPayload {{ users {{ id name email active }} }} }} }}"""
BOARD = """query ($id: ID!) { board(funnelId: $id) { seq cursor columns {
    stage { id name } dealCount value { amount currency } deals { nodes { id title version } totalCount } } } }"""

CONTACT = {"name": "Анна Коваль", "phone": "0501234567"}


@dataclass(frozen=True)
class Person:
    """Somebody of an account, and what they may do as their token says."""

    api: Api
    account_id: UUID
    id: UUID
    token: str

    async def ask(self, query: str, variables: Mapping[str, Any] | None = None) -> Any:
        """The data of an operation that has no errors."""
        return (await self.answer(query, variables)).data

    async def answer(self, query: str, variables: Mapping[str, Any] | None = None) -> Answer:
        return await self.api.graphql(query, variables, self.token)

    async def act(self, mutation: str, **input: Any) -> Any:
        """What the one mutation of a document answers with."""
        (done,) = (await self.ask(mutation, {"input": input})).values()
        return done

    async def funnel(self, **input: Any) -> Any:
        made = await self.act(CREATE_FUNNEL, **{"name": "Оренда", "stages": [stage("Огляд"), stage("Договір")]} | input)
        return made["funnel"]

    async def deal(self, funnel: Any, **input: Any) -> Any:
        made = await self.act(
            CREATE_DEAL, **{"funnelId": funnel["id"], "title": "Офіс на Подолі", "contact": CONTACT} | input
        )
        return made["deal"]

    async def board(self, funnel: Any) -> Any:
        return (await self.ask(BOARD, {"id": funnel["id"]}))["board"]


def stage(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "color": "#1A2B3C", **more}


def stage_ids(funnel: Any) -> dict[str, str]:
    """By name."""
    return {one["name"]: one["id"] for one in funnel["stages"]}


def paths(refusal: Any) -> list[list[str]]:
    """Where the problems are that an InvalidInput tells of."""
    assert refusal["__typename"] == "InvalidInput", refusal
    return [problem["path"] for problem in refusal["fields"]]
