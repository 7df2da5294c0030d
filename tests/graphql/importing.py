"""Files of deals, and how they are brought and watched."""

import asyncio
from typing import Any

from tests.graphql.asking import REFUSED, Person

IMPORT = """query ($id: ID!) { import(id: $id) { id fileName state totalRows processedRows createdRows duplicateRows
    rejectedRows funnel { id } rejects(first: 200) { nodes { row reason values } totalCount pageInfo { hasNextPage } } } }"""
CANCEL = f"""mutation ($input: CancelImportInput!) {{ cancelImport(input: $input) {{ {REFUSED}
    ... on CancelImportPayload {{ import {{ id state }} }} }} }}"""
DEALS = """query ($filter: DealFilter, $after: String) {
    deals(filter: $filter, first: 200, after: $after, orderBy: {field: NUMBER, direction: ASC}) {
    nodes { number title amount { amount currency } source sourceName contact { name phone email } customFields
            notes { nodes { text } } history { nodes { kind toStageName actor { kind } } } }
    totalCount pageInfo { hasNextPage endCursor } } }"""
PATIENCE = 60.0  # seconds


async def post(person: Person, funnel: Any, body: bytes, name: str = "deals.csv", **query: str) -> Any:
    """The answer to a bare body."""
    return await person.api.request(
        "POST",
        "/imports",
        person.token,
        {"content-disposition": f'attachment; filename="{name}"'},
        body,
        {"funnelId": funnel["id"], **query},
    )


async def bring(person: Person, funnel: Any, body: bytes, name: str = "deals.csv", **query: str) -> str:
    """The import's id."""
    answer = await post(person, funnel, body, name, **query)
    assert answer.status == 201, answer.text
    return str(answer.body["id"])


async def look(person: Person, import_id: str) -> Any:
    return (await person.ask(IMPORT, {"id": import_id}))["import"]


async def finished(person: Person, import_id: str) -> Any:
    """The import once it is over."""
    async with asyncio.timeout(PATIENCE):
        while (seen := await look(person, import_id))["state"] in ("QUEUED", "RUNNING"):  # noqa: ASYNC110  # another process sets no event of ours
            await asyncio.sleep(0.1)
    return seen


async def deals_of(person: Person, funnel: Any) -> list[Any]:
    found: list[Any] = []
    after = None
    while True:
        page = (await person.ask(DEALS, {"filter": {"funnelId": funnel["id"]}, "after": after}))["deals"]
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]
