"""`./dev import`: brings a file to a running API, as any other client would, and shows how far it is."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from services.local.errors import Refusal
from services.local.state import State

PIECE = 256_000  # bytes
GLANCE = 0.25  # seconds between looks
PATIENCE = 30.0  # seconds for an answer
MOST_REJECTS = 20  # that are shown
QUERY = """query ($id: ID!) { import(id: $id) { state totalRows processedRows createdRows duplicateRows rejectedRows
    rejects(first: 20) { nodes { row reason } } } }"""


@dataclass(frozen=True)
class Ended:
    """How an import ended."""

    state: str
    created: int
    duplicates: int
    rejected: int


def bring(address: str, token: str, file: Path, funnel: str) -> Ended:
    """Raises Refusal when the file is not taken, or the import does not end well."""
    if not file.is_file():
        raise Refusal(f"There is no file {file}.")
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    console = Console()
    headers = {"authorization": f"Bearer {token}"}
    try:
        with (
            httpx.Client(base_url=address, headers=headers, timeout=PATIENCE) as http,
            Progress(*columns, console=console) as progress,
        ):
            seen = _follow(http, _upload(http, file, funnel, progress), progress)
    except httpx.TransportError as failure:
        raise Refusal(f"{address} does not answer ({type(failure).__name__}): is ./dev up running?") from failure
    for reject in seen["rejects"]["nodes"][:MOST_REJECTS]:
        console.print(f"row {reject['row']}: {reject['reason']}", markup=False)
    ended = Ended(seen["state"], seen["createdRows"], seen["duplicateRows"], seen["rejectedRows"])
    console.print(f"{ended.created} created, {ended.duplicates} duplicates, {ended.rejected} rejected")
    if ended.state != "DONE":
        raise Refusal(f"The import ended as {ended.state}.")
    return ended


def address_of(state: State) -> str:
    """Of the API that runs there."""
    port = next((row["port"] for row in state.read_processes() if row["role"] == "api"), None)
    if port is None:
        raise Refusal("No API runs here: start ./dev up (its --state tells which), or give --url.")
    return f"http://127.0.0.1:{port}"


def _upload(http: httpx.Client, file: Path, funnel: str, progress: Progress) -> str:
    size = file.stat().st_size
    task = progress.add_task("bytes sent", total=size)

    def pieces() -> Iterator[bytes]:
        with file.open("rb") as body:
            while piece := body.read(PIECE):
                yield piece
                progress.advance(task, len(piece))

    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(file.name)}",
        "content-length": str(size),
    }
    answer = http.post("/imports", params={"funnelId": funnel}, content=pieces(), headers=headers)
    if answer.status_code != httpx.codes.CREATED:
        raise Refusal(f"The file was not taken ({answer.status_code}): {answer.text[:500]}")
    return str(answer.json()["id"])


def _follow(http: httpx.Client, import_id: str, progress: Progress) -> Mapping[str, Any]:
    """Look until it is over; the import as it is then."""
    task = progress.add_task("rows done", total=None)
    while True:
        answer = http.post("/graphql", json={"query": QUERY, "variables": {"id": import_id}})
        seen: Mapping[str, Any] | None = (answer.json().get("data") or {}).get("import")
        if seen is not None:
            progress.update(task, total=seen["totalRows"], completed=seen["processedRows"])
            if seen["state"] not in ("QUEUED", "RUNNING"):
                return seen
        time.sleep(GLANCE)
