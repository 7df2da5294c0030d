"""Batches of a file: what is called as a deal before is none, and looking for that reads no table."""

from collections.abc import Iterable

import pytest

from shared import deals, funnels, ids
from shared.db import Transaction
from tests import make

pytestmark = pytest.mark.anyio

MANY = 300


async def bring(tx: Transaction, funnel: make.Funnel, called: Iterable[str | None]) -> list[str]:
    """The titles of the deals that were made."""
    rows = [
        deals.NewRow(
            deals.NewDeal(ids.new(), funnel.id, f"{name} {row}", deals.Contact("Анна"), None, None), "Нотатка", name
        )
        for row, name in enumerate(called)
    ]
    assert tx.actor.user_id is not None
    made = await deals.import_batch(tx, await funnels.lock(tx, funnel.id), rows, "deals.csv", tx.actor.user_id)
    return [deal.title for deal in made]


async def test_who_is_called_as_another_one_before_is_not_made_again(tx: Transaction) -> None:
    funnel, other = await make.funnel(tx), await make.funnel(tx)

    assert await bring(tx, funnel, ["a", "b", "a", None, None]) == ["a 0", "b 1", "None 3", "None 4"]
    assert await bring(tx, funnel, ["b", "c", "c", "a"]) == ["c 1"]
    assert await bring(tx, other, ["b"]) == ["b 0"]
    assert await tx.fetchval("SELECT count(*) FROM notes WHERE account_id = $1", tx.account_id) == 6


async def test_a_file_that_was_taken_before_leaves_nothing(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    await bring(tx, funnel, ["a", "b"])
    tx.outgoing.clear()

    assert await bring(tx, funnel, ["a", "b"] * 10) == []

    assert tx.outgoing == []
    assert (await make.deal(tx, funnel)).number == 3


async def test_looks_for_names_without_reading_the_funnel(tx: Transaction) -> None:
    await tx.execute(
        "SET LOCAL enable_seqscan = off"
    )  # which notes' own look for their deal may take in an empty table
    funnel = await make.funnel(tx)
    await bring(tx, funnel, [f"x-{row}" for row in range(MANY)])
    before = await rows_read(tx)

    await bring(tx, funnel, [f"y-{row}" for row in range(MANY)])

    assert await rows_read(tx) - before < 2 * MANY  # each note looks for its deal


async def rows_read(tx: Transaction) -> int:
    """Of the table of deals, in this transaction."""
    read: int = await tx.fetchval(
        "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'deals'"
    )
    return read
