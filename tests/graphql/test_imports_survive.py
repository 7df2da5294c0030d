"""A worker that is killed in the middle of a file: each row is taken once all the same, and watchers saw it."""

import asyncio
import os
from pathlib import Path
from signal import SIGKILL

import pytest

from shared.db import Database
from tests import sockets
from tests.graphql import importing
from tests.graphql.asking import Person
from tests.worker.processes import worker

pytestmark = pytest.mark.anyio

ROWS = 3_000
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
    async with sockets.signed_in(address, owner.token) as socket:
        await socket.subscribe("board", BATCHES, {"id": funnel["id"]})
        await socket.of("board")
        import_id = await importing.bring(owner, funnel, table())
        await socket.subscribe("progress", PROGRESS, {"id": import_id})

        async with worker(tmp_path, dsn, redis_url, "first") as first:
            async with asyncio.timeout(importing.PATIENCE):
                while (await importing.look(owner, import_id))["processedRows"] == 0:  # noqa: ASYNC110  # as above
                    await asyncio.sleep(0.01)
            os.killpg(first.process.pid, SIGKILL)
            await first.ended()
        interrupted = await importing.look(owner, import_id)
        await end_leases(db)
        async with worker(tmp_path, dsn, redis_url, "second"):
            seen = await importing.finished(owner, import_id)

        told = [await socket.of("progress")]
        while told[-1]["payload"]["data"]["importChanged"]["state"] != "DONE":
            told.append(await socket.of("progress"))
        counts: list[int] = []
        standing = 0
        while sum(counts) < ROWS * 99 // 100:
            event = (await socket.of("board"))["payload"]["data"]["boardChanged"]
            counts.append(event["count"])
            standing = event["columns"][0]["dealCount"]

    assert 0 < interrupted["processedRows"] < ROWS
    assert (seen["state"], seen["createdRows"], seen["rejectedRows"], seen["duplicateRows"]) == ("DONE", 2_970, 30, 0)
    assert [reject["row"] for reject in seen["rejects"]["nodes"]] == list(range(101, ROWS + 2, 100))
    progress = [one["payload"]["data"]["importChanged"]["processedRows"] for one in told]
    assert progress == sorted(progress)
    assert (counts, standing) == ([495] * 6, 2_970)
    titles = [deal["title"] for deal in await importing.deals_of(owner, funnel)]
    assert titles == [f"Deal {number}" for number in range(1, ROWS + 1) if number % 100]


async def end_leases(db: Database) -> None:
    """As time would."""
    async with db.transaction(None) as tx:
        await tx.execute("UPDATE jobs SET lease_until = clock_timestamp() WHERE kind = 'imports.run'")
