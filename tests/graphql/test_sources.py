"""From a form on a web page to a deal that its source's owner sees, over HTTP."""

from services.worker.kinds import KINDS
from shared import accounts, jobs
from shared.db import Database
from tests.graphql.asking import Person
from tests.samples import requests

MAKE = """mutation ($input: CreateSourceInput!) { createSource(input: $input) { ... on CreateSourcePayload {
    secret address source { __typename id name kind url mapping assignment attachToOpenDeal enabled
                            funnel { id } assignee { id } received created duplicates rejected } } } }"""
SOURCES = "{ sources { id received created duplicates rejected } }"
INBOX = """query ($filter: InboxFilter, $first: Int, $after: String) {
    inbox(filter: $filter, first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor } nodes {
        __typename id state externalId reason reasonCode attempts source { id }
        deal { id title source sourceName contact { name phone email } assignee { id } stage { kind } } } } }"""


async def work(db: Database, account: accounts.Account) -> None:
    """What a worker would do."""
    async with db.transaction(account.id) as tx:
        rows = await tx.fetch(
            "SELECT id FROM jobs WHERE account_id = $1 AND kind = 'ingest.perform' AND state <> 'done' ORDER BY id",
            account.id,
        )
    for row in rows:
        assert await jobs.perform(db, KINDS, row["id"])


async def test_a_form_becomes_a_deal(owner: Person, db: Database, account: accounts.Account) -> None:
    funnel = await owner.funnel()
    new = {"name": "Сайт", "kind": "FORM", "funnelId": funnel["id"], "secret": "a secret of sixteen"}
    made = (await owner.ask(MAKE, {"input": new}))["createSource"]
    source = made["source"]
    url = f"{owner.api.env['VORONKA_PUBLIC_URL']}/sources/{source['id']}"
    assert made == {
        "secret": "a secret of sixteen",
        "address": f"{url}/a%20secret%20of%20sixteen",
        "source": {
            "__typename": "Source",
            "id": source["id"],
            "name": "Сайт",
            "kind": "FORM",
            "url": url,
            "mapping": {},
            "assignment": "FIXED",
            "attachToOpenDeal": True,
            "enabled": True,
            "funnel": {"id": funnel["id"]},
            "assignee": {"id": str(owner.id)},
            "received": 0,
            "created": 0,
            "duplicates": 0,
            "rejected": 0,
        },
    }
    assert (await owner.ask(INBOX))["inbox"]["totalCount"] == 0

    form = requests.web_form()
    for _ in range(2):  # the second time it is the same form again
        posted = await owner.api.http.post(made["address"], content=form.body, headers=dict(form.headers))
        assert (posted.status_code, posted.json()) == (200, {"status": "accepted"})
        await work(db, account)

    counted = {"received": 2, "created": 1, "duplicates": 1, "rejected": 0}
    assert await owner.ask(SOURCES) == {"sources": [{"id": source["id"]} | counted]}
    inbox = (await owner.ask(INBOX))["inbox"]
    again, first = inbox["nodes"]
    assert inbox["totalCount"] == 2
    assert first == {
        "__typename": "InboxItem",
        "id": first["id"],
        "state": "CREATED",
        "externalId": None,
        "reason": None,
        "reasonCode": None,
        "attempts": 1,
        "source": {"id": source["id"]},
        "deal": {
            "id": first["deal"]["id"],
            "title": first["deal"]["title"],
            "source": "FORM",
            "sourceName": "Сайт",
            "contact": {"name": "Оксана Мельник", "phone": "+380501112233", "email": "oksana@example.com"},
            "assignee": {"id": str(owner.id)},
            "stage": {"kind": "ENTRY"},
        },
    }
    assert (again["state"], again["attempts"]) == ("DUPLICATE", 1)
    board = await owner.board(funnel)
    assert (board["seq"], board["columns"][0]["dealCount"]) == (1, 1)

    async def listed(**filter: object) -> list[str]:
        return [one["id"] for one in (await owner.ask(INBOX, {"filter": filter}))["inbox"]["nodes"]]

    assert await listed(states=["CREATED"]) == [first["id"]]
    assert await listed(states=["REJECTED", "IGNORED"]) == []
    assert await listed(states=[]) == []
    assert await listed(states=None) == [again["id"], first["id"]]
    assert await listed(sourceId=source["id"]) == [again["id"], first["id"]]
    page = (await owner.ask(INBOX, {"first": 1}))["inbox"]
    assert ([one["id"] for one in page["nodes"]], page["pageInfo"]["hasNextPage"]) == ([again["id"]], True)
    page = (await owner.ask(INBOX, {"first": 1, "after": page["pageInfo"]["endCursor"]}))["inbox"]
    assert ([one["id"] for one in page["nodes"]], page["pageInfo"]["hasNextPage"]) == ([first["id"]], False)


async def test_shows_a_deal_only_to_who_sees_its_funnel(owner: Person, db: Database, account: accounts.Account) -> None:
    funnel = await owner.funnel()
    made = (await owner.ask(MAKE, {"input": {"name": "Сайт", "kind": "FORM", "funnelId": funnel["id"]}}))[
        "createSource"
    ]
    form = requests.web_form()
    await owner.api.http.post(made["address"], content=form.body, headers=dict(form.headers))
    await work(db, account)

    keeper = Person(
        owner.api, owner.account_id, owner.id, owner.api.person(owner.account_id, "SOURCES_MANAGE", user_id=owner.id)
    )
    (item,) = (await keeper.ask(INBOX))["inbox"]["nodes"]

    assert (item["state"], item["deal"]) == ("CREATED", None)
