"""People with tokens, who speak to the API over HTTP and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Any
from uuid import UUID, uuid4

import httpx

from services.local import tokens
from shared.actor import Permission
from tests.up import House

PATIENCE = 60.0  # seconds; another test may have the processor
PAUSE = 0.05  # before a request is made again
RIGHTS = [permission for permission in Permission if permission is not Permission.ACCOUNTS_MANAGE]
AN_HOUR = 3_600


@dataclass(frozen=True)
class Person:
    """`addresses`: of the API processes; the first is asked first."""

    http: httpx.AsyncClient
    addresses: Sequence[str]
    token: str

    def at(self, which: int) -> "Person":
        """The same person, who speaks to that process first."""
        return replace(self, addresses=[*self.addresses[which:], *self.addresses[:which]])

    async def ask(self, document: str, **variables: Any) -> Any:
        """What a query answers. Fails when there are errors."""
        answer = await self.answer(document, **variables)
        assert answer.status_code == 200, answer.text
        return _data(answer)

    async def answer(self, document: str, **variables: Any) -> httpx.Response:
        """Errors may be a part of it."""
        return await self._post(self.addresses[0], document, variables)

    async def do(self, name: str, payload: str, /, **given: Any) -> Any:
        """What a mutation answers. Fails when it is refused."""
        return _done(name, await self.ask(mutation(name, payload), input=given))

    async def insist(self, name: str, payload: str, /, **given: Any) -> Any:
        """The same, asked again with the same key, of each process in turn, until there is an answer."""
        given["idempotencyKey"] = str(uuid4())
        document = mutation(name, payload)
        answer = await insist(lambda address: self._post(address, document, {"input": given}), self.addresses)
        return _done(name, _data(answer))

    async def _post(self, address: str, document: str, variables: dict[str, Any]) -> httpx.Response:
        return await self.http.post(
            f"{address}/graphql",
            json={"query": document, "variables": variables},
            headers={"authorization": f"Bearer {self.token}"},
        )


async def insist(call: Callable[[str], Awaitable[httpx.Response]], addresses: Sequence[str]) -> httpx.Response:
    """Call each address in turn, until there is an answer. Where none came, nobody knows whether it was done."""
    turns = cycle(addresses)
    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(httpx.TransportError):
                answer = await call(next(turns))
                if answer.status_code != 503:
                    assert answer.status_code == 200, answer.text
                    return answer
            await asyncio.sleep(PAUSE)


def mutation(name: str, payload: str) -> str:
    """The document of a mutation that asks for these fields of its payload."""
    kind = name[0].upper() + name[1:]
    return (
        f"mutation ($input: {kind}Input!) {{ {name}(input: $input)"
        f" {{ __typename ... on {kind}Payload {{ {payload} }} ... on Error {{ code message }} }} }}"
    )


def _data(answer: httpx.Response) -> Any:
    body = answer.json()
    assert "errors" not in body, answer.text
    return body["data"]


def _done(name: str, data: Any) -> Any:
    assert data[name]["__typename"].endswith("Payload"), data
    return data[name]


async def newcomer(http: httpx.AsyncClient, house: House) -> Person:
    """A person of an account that did not exist before, who may do everything in it."""
    crm = Person(http, house.addresses, tokens.service(house.env, AN_HOUR))
    account = (await crm.do("createAccount", "account { id }", name="Оселя"))["account"]
    token = tokens.person(house.env, UUID(account["id"]), uuid4(), "Олена", RIGHTS, AN_HOUR)
    person = Person(http, house.addresses, token)
    for module in ("sales_funnel", "telephony", "lead_ads"):
        await person.do("startTrial", "module { usable }", moduleCode=module)
    return person


@asynccontextmanager
async def telephone() -> AsyncIterator[httpx.AsyncClient]:
    """For any number of people at once."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)
    async with httpx.AsyncClient(timeout=10, limits=limits) as http:
        yield http
