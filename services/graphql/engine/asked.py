"""What a client asks to have executed: the parameters of a request, over whatever they came."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

PREFIX = "sha256:"
DIGEST = re.compile(r"[0-9a-f]{64}")
LONGEST_SHARED = 4_000  # characters
MOST_SHARED = 100  # texts


class Malformed(Exception):
    """It is no request; a sentence for programmers."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A document by its text, by its SHA-256 in hexadecimal, or by both; one of its operations, and its variables."""

    text: str | None
    digest: str | None = None
    name: str | None = None
    variables: Mapping[str, Any] | None = None


def read(said: object) -> Asked:
    """The parameters, each of its kind. Raises Malformed.

    Sources: GraphQL over HTTP, 5 (`query`, `operationName`, `variables`, `extensions`) and its appendix of persisted
    documents (`documentId`); Apollo's automatic persisted queries (`extensions.persistedQuery`).
    """
    if not isinstance(said, dict):
        raise Malformed("A request must be a JSON object with `query`.")
    for name, kind, called in (
        ("operationName", str, "a string"),
        ("variables", dict, "an object"),
        ("extensions", dict, "an object"),
        ("documentId", str, "a string"),
    ):
        if said.get(name) is not None and not isinstance(said[name], kind):
            raise Malformed(f"`{name}` must be {called}.")
    digest = _digest(said)
    text = said.get("query")
    if not isinstance(text, str) and not (text is None and digest):
        raise Malformed("`query` must be a GraphQL document.")
    if text is not None and len(text) <= LONGEST_SHARED:
        text = _shared(text)
    return Asked(text, digest, said.get("operationName") or None, said.get("variables"))


@lru_cache(MOST_SHARED)
def _shared(text: str) -> str:
    """Those who ask the same hold one text, however many they are and however long they ask.

    It is forgotten like whatever else a client sends; what `sys.intern` holds is not, by Python 3.12.
    """
    return text


def _digest(said: Mapping[str, Any]) -> str | None:
    persisted = (said.get("extensions") or {}).get("persistedQuery")
    given = {_of_id(said.get("documentId")), _of_extension(persisted)} - {None}
    if len(given) > 1:
        raise Malformed("`documentId` and `extensions.persistedQuery` name different documents.")
    return given.pop() if given else None


def _of_id(id: str | None) -> str | None:
    if id is None:
        return None
    if not id.startswith(PREFIX) or not DIGEST.fullmatch(id.removeprefix(PREFIX)):
        raise Malformed("`documentId` must be sha256: and 64 hexadecimal digits in lower case.")
    return id.removeprefix(PREFIX)


def _of_extension(persisted: object) -> str | None:
    if persisted is None:
        return None
    if not isinstance(persisted, dict) or persisted.get("version") != 1:
        raise Malformed("`extensions.persistedQuery` must be an object of version 1.")
    digest = persisted.get("sha256Hash")
    if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
        raise Malformed("`extensions.persistedQuery.sha256Hash` must be 64 hexadecimal digits in lower case.")
    return digest
