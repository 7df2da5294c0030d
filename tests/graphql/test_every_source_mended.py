"""What no source's kind can make a deal of, over HTTP: it is in the inbox with its reason, and is taken in when mended."""

import json
from collections.abc import Mapping
from typing import Any

import httpx

from shared import accounts, ingest
from shared.db import Database
from shared.ingest import Graph, Request, Vault
from tests import make
from tests.graph_api import graph_api
from tests.graphql.asking import Person
from tests.graphql.test_every_source import make_source, signed, work
from tests.graphql.test_sources import REPLAY, UPDATE
from tests.samples import requests
from tests.shared.ingest.taking import SECRET

ANSWERS = {"field_data": [{"name": "who", "values": ["Ігор"]}]}
# Nothing in them is called as contacts are; the mapping that says where one is.
MENDED: Mapping[str, tuple[Request, dict[str, str]]] = {
    "FORM": (requests.form({"who": "Ігор"}), {"contact.name": "who"}),
    "JSON": (
        Request(requests.JSON, b'{"lead": {"who": "\xd0\x86\xd0\xb3\xd0\xbe\xd1\x80"}}'),
        {"contact.name": "lead.who"},
    ),
    "TILDA": (requests.form({"who": "Ігор", "tranid": "1840233:1"}), {"contact.name": "who"}),
    "FACEBOOK_LEADS": (requests.posted("facebook_leads"), {"contact.name": "field_data[?name=='who'].values[]"}),
    "GOOGLE_LEADS": (
        requests.posted("google_leads", user_column_data=[{"column_id": "WHO", "string_value": "Ігор"}]),
        {"contact.name": "user_column_data[0].string_value"},
    ),
    "BINOTEL": (
        requests.binotel_call(externalNumber=None, didNumber="0501112233"),
        {"contact.phone": "callDetails.didNumber"},
    ),
    "RINGOSTAT": (requests.fields_of("ringostat", caller=None, who="0501112233"), {"phone": "who"}),
    "PHONET": (requests.posted("phonet", otherLegs=[], who="0501112233"), {"contact.phone": "who"}),
}
FORMS = [
    Request(requests.URLENCODED, b"name=%00%00&phone=1"),
    Request(requests.URLENCODED, b"name=%ED%A0%80"),
    Request(requests.URLENCODED, b"phone=" + b"0" * 900_000),
    Request(requests.URLENCODED, b"name=a&a" + b"[b]" * 500 + b"=1"),
]
POSTED = [
    Request(requests.JSON, b"[" * 500 + b"]" * 500),
    Request(requests.JSON, b'{"name": "a", "sum": NaN}'),
    Request(requests.JSON, b'{"name": "\\u0000"}'),
    Request(requests.JSON, b'{"name": "' + b"x" * 900_000 + b'"}'),
]
KEY = json.dumps(SECRET).encode()
POISON = {
    "FORM": FORMS + POSTED,
    "JSON": POSTED,
    "TILDA": FORMS,
    "FACEBOOK_LEADS": POSTED,
    "GOOGLE_LEADS": [
        Request(requests.JSON, b'{"google_key": %s, "a": %s}' % (KEY, bad)) for bad in (b'"\\u0000"', b'"\\ud800"')
    ],
    "BINOTEL": FORMS,
    "RINGOSTAT": FORMS + POSTED,
    "PHONET": POSTED,
}
INBOX = """query { inbox(first: 200) { nodes { id state reason reasonCode attempts source { id kind }
    deal { id contact { name phone } } } } }"""


async def prepared(owner: Person, db: Database, account: accounts.Account) -> tuple[Any, dict[str, str]]:
    """A funnel, and the address of a source of each kind."""
    async with db.transaction(account.id) as tx:
        for module in ("telephony", "lead_ads"):
            await make.module(tx, module)
    funnel = await owner.funnel()
    return funnel, {kind: await make_source(owner, funnel, kind) for kind in MENDED}


async def post(addresses: Mapping[str, str], kind: str, request: Request) -> None:
    sent = signed(kind, request)
    async with httpx.AsyncClient(timeout=60) as http:
        answer = await http.post(addresses[kind], content=sent.body, headers=dict(sent.headers))
    assert (answer.status_code, answer.json()) == (200, ingest.KINDS[ingest.SourceKind(kind)].ANSWER)


async def inbox(owner: Person) -> list[Any]:
    found: list[Any] = (await owner.ask(INBOX))["inbox"]["nodes"]
    return found


async def test_what_no_mapping_fits_waits_with_its_reason_and_becomes_a_deal_when_mended(
    owner: Person, db: Database, account: accounts.Account
) -> None:
    funnel, addresses = await prepared(owner, db, account)
    async with graph_api(ANSWERS) as api:
        graph = Graph(api.url, Vault("unused"), "a token")
        for kind, (request, _) in MENDED.items():
            await post(addresses, kind, request)
        await work(db, account, graph)

        rejected = await inbox(owner)
        assert {item["source"]["kind"]: (item["state"], item["reasonCode"]) for item in rejected} == dict.fromkeys(
            MENDED, ("REJECTED", "NO_CONTACT")
        )
        assert all(item["reason"] and item["deal"] is None for item in rejected)
        assert (await owner.board(funnel))["seq"] == 0

        for item in rejected:
            _, mapping = MENDED[item["source"]["kind"]]
            done = await owner.act(UPDATE, id=item["source"]["id"], mapping=mapping)
            assert done["__typename"] == "UpdateSourcePayload"
        for _ in range(2):  # the second time it changes nothing
            await owner.act(REPLAY, ids=[item["id"] for item in rejected])
            await work(db, account, graph)
            taken = await inbox(owner)
            assert {item["source"]["kind"]: item["state"] for item in taken} == dict.fromkeys(MENDED, "CREATED")
            assert [item["id"] for item in taken] == [item["id"] for item in rejected]

    contacts = {item["source"]["kind"]: item["deal"]["contact"] for item in await inbox(owner)}
    assert {kind: contact["name"] for kind, contact in contacts.items()} == {
        kind: "+380501112233" if kind in ("BINOTEL", "RINGOSTAT", "PHONET") else "Ігор" for kind in MENDED
    }
    assert (await owner.board(funnel))["columns"][0]["dealCount"] == len(MENDED)


async def test_poison_is_rejected_once_by_each_kind(owner: Person, db: Database, account: accounts.Account) -> None:
    funnel, addresses = await prepared(owner, db, account)

    for kind, bodies in POISON.items():
        for request in bodies:
            await post(addresses, kind, request)
    async with graph_api({}) as api:
        await work(db, account, Graph(api.url, Vault("unused"), "a token"))

    items = await inbox(owner)
    assert {item["source"]["kind"]: item["state"] for item in items} == dict.fromkeys(POISON, "REJECTED")
    assert len(items) == sum(map(len, POISON.values()))
    assert [item for item in items if item["state"] != "REJECTED" or not item["reason"] or item["attempts"] != 1] == []
    assert (await owner.board(funnel))["seq"] == 0
