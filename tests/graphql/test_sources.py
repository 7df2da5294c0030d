"""From a form on a web page to a deal that its source's owner sees, over HTTP."""

from typing import Any

from services.worker.kinds import KINDS
from shared import accounts, ids, ingest, jobs
from shared.db import Database
from tests.graphql.asking import CREATE_SOURCE, REFUSED, Person, paths
from tests.samples import requests

MAKE = """mutation ($input: CreateSourceInput!) { createSource(input: $input) { ... on CreateSourcePayload {
    secret address source { __typename id name kind url mapping assignment attachToOpenDeal enabled
                            funnel { id } assignee { id } received created duplicates rejected } } } }"""
UPDATE = f"""mutation ($input: UpdateSourceInput!) {{ updateSource(input: $input) {{ {REFUSED}
    ... on UpdateSourcePayload {{ secret address source {{ id name mapping enabled assignment }} }} }} }}"""
REPLAY = f"""mutation ($input: ReplayInboxInput!) {{ replayInbox(input: $input) {{ {REFUSED}
    ... on ReplayInboxPayload {{ items {{ id state }} }} }} }}"""
PREVIEW = "query ($id: ID!, $payload: String!) { previewSource(id: $id, payload: $payload) { state deal reason } }"
SOURCES = "{ sources { id received created duplicates rejected } }"
INBOX = """query ($filter: InboxFilter, $first: Int, $after: String) {
    inbox(filter: $filter, first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor } nodes {
        __typename id state externalId reason reasonCode attempts source { id }
        deal { id title source sourceName contact { name phone email } assignee { id } stage { kind } } } } }"""


async def work(db: Database, account: accounts.Account) -> None:
    """What a worker would do."""
    async with db.transaction(account.id) as tx:
        rows = await tx.fetch(
            "SELECT id FROM jobs WHERE account_id = $1 AND kind = ANY($2) AND state <> 'done' ORDER BY id",
            account.id,
            [ingest.PERFORM, ingest.RETRY],
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
    assert (board["seq"], board["columns"][0]["dealCount"]) == (2, 1)  # the deal, and what the form said

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


async def test_a_mapping_is_mended_and_what_came_is_taken_in(
    owner: Person, db: Database, account: accounts.Account
) -> None:
    funnel = await owner.funnel()
    wrong = {"contact.name": "nobody", "contact.phone": "nothing"}
    made = await owner.act(CREATE_SOURCE, name="Сайт", kind="FORM", funnelId=funnel["id"], mapping=wrong)
    source_id = made["source"]["id"]
    await owner.api.http.post(made["address"], data={"tel": "0501112233"})
    await work(db, account)
    (rejected,) = (await owner.ask(INBOX))["inbox"]["nodes"]
    assert (rejected["state"], rejected["reasonCode"]) == ("REJECTED", "NO_CONTACT")
    assert rejected["reason"] == "Тут немає ні телефону, ні пошти, ні імені."

    async def preview(payload: str) -> Any:
        return (await owner.ask(PREVIEW, {"id": source_id, "payload": payload}))["previewSource"]

    assert await preview("tel=0501112233") == {"state": "REJECTED", "deal": None, "reason": rejected["reason"]}
    refused = await owner.act(UPDATE, id=source_id, mapping={"contact.phone": "a b"}, name=None)
    assert paths(refused) == [["name"], ["mapping", "contact.phone"]]
    mended = await owner.act(UPDATE, id=source_id, mapping={"contact.phone": "tel"}, name="Лендинг")
    assert mended["source"]["mapping"] == {"contact.phone": "tel"}
    assert (mended["source"]["name"], mended["secret"], mended["address"]) == ("Лендинг", None, None)
    shown = await preview("tel=0501112233")
    assert (shown["state"], shown["deal"]["contact"]["phone"]) == ("CREATED", "+380501112233")

    replay = {"ids": [rejected["id"]], "idempotencyKey": "once"}
    assert (await owner.act(REPLAY, **replay))["items"] == [{"id": rejected["id"], "state": "RECEIVED"}]
    await work(db, account)
    for again in (replay, {"ids": [rejected["id"]]}):
        assert (await owner.act(REPLAY, **again))["items"] == [{"id": rejected["id"], "state": "CREATED"}]
    await work(db, account)
    (taken,) = (await owner.ask(INBOX))["inbox"]["nodes"]
    assert (taken["deal"]["contact"]["phone"], taken["attempts"]) == ("+380501112233", 2)
    counted = {"received": 1, "created": 1, "duplicates": 0, "rejected": 0}
    assert await owner.ask(SOURCES) == {"sources": [{"id": source_id} | counted]}


async def test_a_new_secret_is_shown_once(owner: Person) -> None:
    funnel = await owner.funnel()
    made = await owner.act(CREATE_SOURCE, name="Сайт", kind="FORM", funnelId=funnel["id"])
    rotate = {"id": made["source"]["id"], "rotateSecret": True, "idempotencyKey": "once"}

    opened, again = await owner.act(UPDATE, **rotate), await owner.act(UPDATE, **rotate)

    assert opened["address"] == f"{made['source']['url']}/{opened['secret']}"
    assert opened["secret"] != made["secret"]
    assert (again["secret"], again["address"], again["source"]) == (None, None, opened["source"])
    for address in (made["address"], opened["address"]):
        assert (await owner.api.http.post(address, data={"name": address})).status_code == 200


async def test_an_access_token_is_never_shown(owner: Person) -> None:
    funnel = await owner.funnel()
    kind = {"kind": "FACEBOOK_LEADS", "funnelId": funnel["id"]}

    made = await owner.act(CREATE_SOURCE, name="Facebook", accessToken="EAAB", **kind)
    refused = await owner.act(CREATE_SOURCE, name="Facebook", accessToken="", **kind)

    assert made["address"] == made["source"]["url"]
    assert paths(refused) == [["accessToken"]]


async def test_sources_and_inbox_are_for_who_may(owner: Person, onlooker: Person) -> None:
    nowhere = str(ids.new())

    assert (await onlooker.answer(PREVIEW, {"id": nowhere, "payload": ""})).codes == ["FORBIDDEN"]
    assert (await onlooker.act(UPDATE, id=nowhere))["code"] == "FORBIDDEN"
    assert (await onlooker.act(REPLAY, ids=[]))["code"] == "FORBIDDEN"
    assert (await owner.act(UPDATE, id=nowhere))["code"] == "NOT_FOUND"
    assert (await owner.act(REPLAY, ids=[nowhere]))["id"] == nowhere
    assert paths(await owner.act(REPLAY, ids=[])) == [["ids"]]
    assert (await owner.ask(PREVIEW, {"id": nowhere, "payload": ""}))["previewSource"] is None
