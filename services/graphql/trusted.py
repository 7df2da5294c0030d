"""Documents that the makers of clients have handed over: a file, or a folder with all in it and below.

Read are `.graphql` and `.gql` files, each a document as clients send it; and `.json` files, either
`{"<sha256>": "<document>"}`, as graphql-codegen writes `persisted-documents.json`, or Apollo's manifest of persisted
queries, `{"format": "apollo-persisted-query-manifest", "operations": [{"id": "<sha256>", "body": "<document>"}]}`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import structlog

from services.graphql.engine.asked import PREFIX
from services.graphql.engine.document import Documents
from services.graphql.engine.persisted import digest_of
from services.graphql.engine.refusals import RequestError

TEXTS = (".graphql", ".gql")
APOLLO = "apollo-persisted-query-manifest"

log = structlog.get_logger()


class BadManifest(Exception):
    """What is there is not what it says: the process must not start with it. A sentence for operators."""


def load(path: Path | None) -> list[str]:
    """Their texts. Raises BadManifest."""
    if path is None:
        return []
    if not path.exists():
        raise BadManifest(f"VORONKA_TRUSTED_DOCUMENTS: there is no {path}.")
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return [text for file in files if file.suffix in (*TEXTS, ".json") for text in _in(file)]


def _in(file: Path) -> Iterator[str]:
    if file.suffix in TEXTS:
        yield file.read_text()
        return
    for id, text in _listed(file):
        if not isinstance(text, str) or id.removeprefix(PREFIX) != digest_of(text):
            raise BadManifest(f"{file}: {id} is not the SHA-256 of its document.")
        yield text


def _listed(file: Path) -> Iterator[tuple[str, Any]]:
    try:
        said = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as failure:
        raise BadManifest(f"{file} is not valid JSON.") from failure
    if not isinstance(said, dict):
        raise BadManifest(f"{file} is no manifest of documents.")
    if said.get("format") == APOLLO:
        for one in said.get("operations", ()):
            yield str(one.get("id")), one.get("body")
        return
    yield from said.items()


def read_ahead(documents: Documents) -> None:
    """Parse and validate them. One that this schema does not take is an old client's: it is named, no more."""
    for digest, text in documents.persisted.trusted.items():
        try:
            documents.get(text)
        except RequestError as refused:
            log.warning("trusted document refused", document=digest, why=str(refused))
