"""Asks the Graph API of Facebook for the answers of a lead. Nothing is held meanwhile, and asking again does no harm."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from shared import certificates, jobs
from shared.config import Settings
from shared.db import JOB, Database
from shared.ingest import sql, sql_sources, tidy
from shared.ingest.model import InboxState
from shared.ingest.trust import Vault

FETCH = "ingest.fetch"  # an inbox item whose request only names a lead
MOST_FETCHES = 20  # attempts: some hours, with the pauses between them
VERSION = "v23.0"
PATIENCE = 8.0  # seconds
LARGEST_ANSWER = 1_000_000  # bytes
# Facebook's codes for "not now": an outage, and too many requests of the app, the user, the page.
PASSING = frozenset({1, 2, 4, 17, 32, 341, 613})
NO_TOKEN = {"error": {"message": "the source has no access token."}}
NO_ANSWER = {"error": {"message": "the answer cannot be read."}}


class NotNow(Exception):
    """The service cannot answer at present: the job is done again."""


@dataclass(frozen=True)
class Graph:
    """Where the API is, and how we may ask. `token`: when a source has none of its own."""

    url: str
    vault: Vault
    token: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> "Graph":
        return cls(settings.voronka_facebook_url, Vault(settings.voronka_secret_key), settings.voronka_facebook_token)

    def address(self, lead_id: str) -> str:
        base = self.url.rstrip("/")
        versioned = base if re.search(r"/v\d+(\.\d+)?$", base) else f"{base}/{VERSION}"
        return f"{versioned}/{quote(lead_id, safe='')}"


async def fetch(db: Database, job: jobs.Job, graph: Graph) -> None:
    """Keep the answers with the item, or the error that the API ends the matter with. Raises NotNow."""
    assert job.ref is not None
    async with db.transaction(job.account_id, limits=JOB) as tx:
        items = await sql.select_items_by_id(tx, [job.ref])
        if not items or items[0].state is not InboxState.RECEIVED or items[0].external_id is None:
            return
        item, lead_id = items[0], items[0].external_id
        sealed = (await sql_sources.select_sealed(tx, item.source_id)).access_token
    token = graph.vault.open(sealed) if sealed is not None else graph.token
    answers = await _ask(graph.address(lead_id), token) if token else NO_TOKEN
    async with db.transaction(job.account_id, limits=JOB) as tx:
        await sql.update_answers(tx, item.id, tidy.json_value(answers))


async def _ask(address: str, token: str) -> dict[str, Any]:
    try:
        async with httpx.AsyncClient(timeout=PATIENCE, follow_redirects=False, verify=certificates.trusted()) as client:
            response = await client.get(address, params={"access_token": token})
    except httpx.HTTPError as failure:
        raise NotNow(type(failure).__name__) from None  # its text may hold the token
    said = _read(response)
    error = said.get("error")
    passing = isinstance(error, dict) and (error.get("is_transient") is True or error.get("code") in PASSING)
    if response.status_code in (408, 429) or response.status_code >= 500 or passing:
        raise NotNow(f"status {response.status_code}")
    if response.status_code != 200 and error is None:
        return {"error": {"message": f"status {response.status_code}."}}
    return said


def _read(response: httpx.Response) -> dict[str, Any]:
    if len(response.content) > LARGEST_ANSWER:
        return NO_ANSWER
    try:
        said = response.json()
    except (ValueError, RecursionError):
        return NO_ANSWER
    return said if isinstance(said, dict) else NO_ANSWER
