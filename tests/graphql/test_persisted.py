"""Documents that are named by their SHA-256: registered by clients, or trusted."""

import asyncio
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.graphql import trusted
from services.graphql.engine import persisted as module
from services.graphql.engine.asked import Asked
from services.graphql.engine.document import Documents
from services.graphql.engine.persisted import Persisted
from services.graphql.engine.refusals import RequestError
from services.graphql.schema import executable
from shared import ids
from tests.client import Api
from tests.forks import another
from tests.sockets import signed_in

PREFLIGHT = {"apollo-require-preflight": "true"}
ACCEPT = {"accept": "application/graphql-response+json"}
UNKNOWN = "0" * 64


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def fresh(body: str = "__typename") -> str:
    """A document that nobody has sent yet."""
    return f"query Q{ids.new().hex} {{ {body} }}"


def by_apollo(sha: object, version: object = 1) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": version, "sha256Hash": sha}}}


def by_id(sha: str) -> dict[str, Any]:
    return {"documentId": f"sha256:{sha}"}


@pytest.mark.parametrize("named", [by_apollo, by_id])
async def test_is_sent_once_and_then_named(api: Api, named: Any) -> None:
    text = fresh()
    name = named(digest(text))
    for accept, status in ((ACCEPT, 400), ({}, 200)):
        answer = await api.post(name, headers=accept)
        assert (answer.status, "data" in answer.body, answer.codes) == (status, False, ["PERSISTED_QUERY_NOT_FOUND"])
        assert answer.errors[0]["message"] == "PersistedQueryNotFound"

    assert (await api.post({"query": text} | name)).data == {"__typename": "Query"}
    assert (await api.post(name)).data == {"__typename": "Query"}
    params = {key: value if isinstance(value, str) else orjson.dumps(value).decode() for key, value in name.items()}
    assert (await api.request("GET", "/graphql", params=params, headers=PREFLIGHT)).data == {"__typename": "Query"}
    other = (by_apollo if named is by_id else by_id)(digest(text))
    assert (await api.post(name | other)).data == {"__typename": "Query"}  # however it was registered


async def test_is_not_kept_under_a_name_that_is_not_its_own(api: Api) -> None:
    text, claimed = fresh(), digest(fresh())

    answer = await api.post({"query": text} | by_apollo(claimed), headers=ACCEPT)

    assert (answer.status, "data" in answer.body, answer.codes) == (400, False, ["BAD_USER_INPUT"])
    for sha in (claimed, digest(text)):
        assert (await api.post(by_apollo(sha))).codes == ["PERSISTED_QUERY_NOT_FOUND"]


async def test_is_not_kept_when_it_cannot_be_executed(api: Api) -> None:
    for text in (fresh("nobody"), fresh("") + ids.new().hex):
        assert (await api.post({"query": text} | by_apollo(digest(text)))).codes[0].startswith("GRAPHQL_")
        assert (await api.post(by_apollo(digest(text)))).codes == ["PERSISTED_QUERY_NOT_FOUND"]


@pytest.mark.parametrize(
    "request_",
    [
        by_apollo(UNKNOWN, version=2),
        by_apollo(UNKNOWN, version="1"),
        by_apollo(7),
        by_apollo("0" * 63),
        by_apollo("A" * 64),
        {"extensions": {"persistedQuery": []}},
        {"extensions": {"persistedQuery": "x"}},
        {"documentId": 7},
        {"documentId": UNKNOWN},
        {"documentId": f"md5:{UNKNOWN}"},
        {"documentId": f"sha256:{UNKNOWN[1:]}"},
        by_id(UNKNOWN) | by_apollo("1" * 64),
        by_id(UNKNOWN) | {"query": 7},
        by_id(UNKNOWN) | {"query": ""},
        {"extensions": {}},
    ],
    ids=str,
)
async def test_refuses_names_that_are_none(api: Api, request_: dict[str, Any]) -> None:
    answer = await api.post(request_)

    assert (answer.status, "data" in answer.body, answer.codes) == (400, False, ["BAD_USER_INPUT"])


async def test_mutates_nothing_by_get(api: Api) -> None:
    text = f'mutation M{ids.new().hex} {{ createAccount(input: {{name: "Не буде"}}) {{ __typename }} }}'
    refused = await api.post({"query": text} | by_id(digest(text)))  # by nobody: the document is kept, nothing is done
    assert refused.codes == ["UNAUTHENTICATED"]

    answer = await api.request("GET", "/graphql", api.service(), PREFLIGHT, params=by_id(digest(text)))

    assert (answer.status, answer.headers["allow"], answer.codes) == (405, "POST", ["BAD_USER_INPUT"])


async def test_is_named_over_sockets_and_streams(api: Api) -> None:
    text = fresh()
    async with signed_in(f"127.0.0.1:{api.port}", None) as socket:
        await socket.send({"type": "subscribe", "id": "1", "payload": by_apollo(digest(text))})
        refused = await socket.of("1")
        assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", "PERSISTED_QUERY_NOT_FOUND")
        for number, payload in enumerate(({"query": text} | by_id(digest(text)), by_id(digest(text))), start=2):
            await socket.send({"type": "subscribe", "id": str(number), "payload": payload})
            assert (await socket.of(str(number)))["payload"]["data"] == {"__typename": "Query"}
    answer = await api.post(by_id(digest(text)), headers={"accept": "text/event-stream"})
    assert answer.text.startswith(':\n\nevent: next\ndata: {"data":{"__typename":"Query"},')
    assert answer.text.endswith("}\n\nevent: complete\ndata:\n\n")


def test_keeps_only_so_much_of_what_clients_register(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{{ a{number}: __typename }}" for number in range(4)]
    monkeypatch.setattr(module, "MOST_REGISTERED", 3 * len(texts[0]))
    kept = Persisted(["{ trusted: __typename }"])
    for text in texts[:3]:
        kept.register(Asked(text, digest(text)))
    assert kept.text(Asked(None, digest(texts[0]))) == texts[0]  # asked for: the second is the oldest now

    kept.register(Asked(texts[3], digest(texts[3])))

    for text in (texts[0], texts[2], texts[3], "{ trusted: __typename }"):
        assert kept.text(Asked(None, digest(text))) == text
    with pytest.raises(RequestError, match="PersistedQueryNotFound"):
        kept.text(Asked(None, digest(texts[1])))


ONE, TWO, THREE = "query One { __typename }", "query Two { me: __typename }", "query Three { nobody }\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Each kind of file, and one that is none."""
    below = tmp_path / "documents" / "mobile"
    below.mkdir(parents=True)
    (below.parent / "persisted-documents.json").write_bytes(orjson.dumps({digest(ONE): ONE}))
    operation = {"id": digest(TWO), "name": "Two", "type": "query", "body": TWO}
    manifest = {"format": "apollo-persisted-query-manifest", "version": 1, "operations": [operation]}
    (below / "manifest.json").write_bytes(orjson.dumps(manifest))
    (below / "three.graphql").write_text(THREE)
    (below / "README.md").write_text("{")
    return below.parent


def test_trusts_what_is_in_a_file_or_a_folder(folder: Path) -> None:
    assert sorted(trusted.load(folder)) == sorted([ONE, TWO, THREE])
    assert trusted.load(folder / "persisted-documents.json") == [ONE]
    assert trusted.load(None) == []


@pytest.mark.parametrize(
    "said",
    [
        {digest(ONE): TWO},
        {"x": ONE},
        {digest(ONE): 7},
        [ONE],
        "x",
        {"format": "apollo-persisted-query-manifest", "operations": [{"id": "1", "body": ONE}]},
    ],
)
def test_trusts_no_manifest_that_is_wrong(tmp_path: Path, said: Any) -> None:
    file = tmp_path / "manifest.json"
    file.write_bytes(orjson.dumps(said))

    with pytest.raises(trusted.BadManifest):
        trusted.load(file)


def test_trusts_nothing_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(trusted.BadManifest, match="there is no"):
        trusted.load(tmp_path / "nowhere")


async def test_executes_nothing_else_when_told_so(api: Api, tmp_path: Path, folder: Path) -> None:
    async with another(
        api,
        tmp_path,
        VORONKA_TRUSTED_DOCUMENTS=str(folder),
        VORONKA_ONLY_TRUSTED_DOCUMENTS="true",
    ) as strict:
        for request in (
            by_id(digest(ONE)),
            by_apollo(digest(ONE)),
            {"query": ONE},
            {"query": ONE} | by_id(digest(ONE)),
        ):
            assert (await strict.post(request)).data == {"__typename": "Query"}
        text = fresh()
        for request, code in (
            ({"query": text}, "FORBIDDEN"),
            ({"query": ONE + " "}, "FORBIDDEN"),
            ({"query": text} | by_apollo(digest(text)), "FORBIDDEN"),
            (by_apollo(digest(text)), "PERSISTED_QUERY_NOT_FOUND"),
            (by_id(digest(THREE)), "GRAPHQL_VALIDATION_FAILED"),  # an old client's: it is named in the log
        ):
            answer = await strict.post(request, headers=ACCEPT)
            assert (answer.status, "data" in answer.body, answer.codes) == (400, False, [code])
        async with signed_in(f"127.0.0.1:{strict.port}", None) as socket:
            await socket.subscribe("1", text)
            assert (await socket.of("1"))["payload"][0]["extensions"]["code"] == "FORBIDDEN"
            await socket.subscribe("2", TWO)
            assert (await socket.of("2"))["payload"]["data"] == {"me": "Query"}
        log = await asyncio.to_thread(lambda: strict.said)
    assert digest(THREE) in log
    assert digest(ONE) not in log


def test_reads_what_is_trusted_before_anybody_asks() -> None:
    documents = Documents(executable, introspection=False, suggestions=False, persisted=Persisted([ONE]))

    trusted.read_ahead(documents)

    assert list(documents._kept) == [ONE]
