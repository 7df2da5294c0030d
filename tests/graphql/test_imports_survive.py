"""Workers that are killed in the middle of a file: each row is taken once all the same, watchers saw it, and
nobody held the file in memory.

`VORONKA_ROWS=100000` brings a file of that many.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path
from signal import SIGKILL

import pytest

from services.local.bench import machine
from shared.db import Database
from tests import sockets
from tests.graphql import importing
from tests.graphql.asking import Person
from tests.worker.processes import worker

pytestmark = pytest.mark.anyio

ROWS = int(os.environ.get("VORONKA_ROWS", "6000"))
KILLED = 2
MB = 2**20
MOST = 400 * MB  # of the API and a worker's processes, however many rows there are
PROGRESS = "subscription ($id: ID!) { importChanged(id: $id) { state processedRows createdRows rejectedRows } }"
BATCHES = """subscription ($id: ID!) { boardChanged(funnelId: $id) { __typename ... on BoardReady { seq }
    ... on DealsImported { seq count columns { dealCount } } } }"""


def table() -> bytes:
    """Every hundredth row is nobody's."""
    rows = ["Title,Phone,External ID"]
    rows += [f",,x-{number}" if number % 100 == 0 else f"Deal {number},,x-{number}" for number in range(1, ROWS + 1)]
    return "\n".join(rows).encode()


async def test_each_row_is_taken_once_though_workers_are_killed(
    owner: Person, db: Database, dsn: str, redis_url: str, tmp_path: Path
) -> None:
    funnel = await owner.funnel()
    address = f"127.0.0.1:{owner.api.port}"
    interrupted = [0]
    async with sockets.signed_in(address, owner.token) as board, sockets.signed_in(address, owner.token) as socket:
        await board.subscribe("board", BATCHES, {"id": funnel["id"]})
        await board.of("board")
        watching = asyncio.create_task(batches_seen(board))
        import_id = await importing.bring(owner, funnel, table())
        await socket.subscribe("progress", PROGRESS, {"id": import_id})
        for number in range(KILLED):
            async with worker(tmp_path, dsn, redis_url, f"doomed-{number}") as doomed:
                async with asyncio.timeout(importing.PATIENCE):
                    while (await importing.look(owner, import_id))["processedRows"] <= interrupted[-1]:  # noqa: ASYNC110  # another process sets no event of ours
                        await asyncio.sleep(0.01)
                os.killpg(doomed.process.pid, SIGKILL)
                await doomed.ended()
            interrupted.append((await importing.look(owner, import_id))["processedRows"])
            await end_leases(db)
        async with worker(tmp_path, dsn, redis_url, "last") as last:
            began = time.monotonic()
            told, weights = await progress_seen(socket, [owner.api.process.pid, last.process.pid])
            print(f"{(ROWS - interrupted[-1]) / (time.monotonic() - began):.0f} rows a second")
            print(f"API and worker: at most {max(weights) / MB:.0f} MB")
        counts, standing = await watching

    assert sorted(set(interrupted)) == interrupted
    assert interrupted[-1] < ROWS
    seen = await importing.look(owner, import_id)
    good, bad = ROWS - ROWS // 100, ROWS // 100
    assert (seen["state"], seen["createdRows"], seen["rejectedRows"], seen["duplicateRows"]) == ("DONE", good, bad, 0)
    assert [reject["row"] for reject in seen["rejects"]["nodes"]] == list(range(101, ROWS + 2, 100))[:200]
    assert seen["rejects"]["totalCount"] == bad
    assert told == sorted(told)
    assert max(weights) < MOST
    assert (counts, standing) == ([495] * (ROWS // 500), good)
    async with db.transaction(owner.account_id) as tx:
        made = await tx.fetch("SELECT title FROM deals WHERE account_id = $1 ORDER BY number", owner.account_id)
    assert [row["title"] for row in made] == [f"Deal {number}" for number in range(1, ROWS + 1) if number % 100]


async def batches_seen(socket: sockets.Socket) -> tuple[list[int], int]:
    """How many deals each event on the board told of, and how many stand there in the end."""
    counts: list[int] = []
    standing = 0
    while sum(counts) < ROWS - ROWS // 100:
        event = (await socket.of("board"))["payload"]["data"]["boardChanged"]
        counts.append(event["count"])
        standing = event["columns"][0]["dealCount"]
    return counts, standing


async def progress_seen(socket: sockets.Socket, pids: Sequence[int]) -> tuple[list[int], list[int]]:
    """Rows that were done, as it was told until the end; and what these processes and theirs weighed at each time."""
    told: list[int] = []
    weights: list[int] = []
    while True:
        now = (await socket.of("progress"))["payload"]["data"]["importChanged"]
        told.append(now["processedRows"])
        weights.append(sum(machine.memory_of(one) for pid in pids for one in machine.family(pid)))
        if now["state"] == "DONE":
            return told, weights


async def end_leases(db: Database) -> None:
    """As time would."""
    async with db.transaction(None) as tx:
        await tx.execute("UPDATE jobs SET lease_until = clock_timestamp() WHERE kind = 'imports.run'")
