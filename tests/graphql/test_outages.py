"""What a client is told when we cannot, or when the fault is ours: nothing of our insides, and when to come again."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from shared import accounts, events
from shared.db import Database
from tests.graphql.asking import CONTACT, CREATE_DEAL, Person

SORRY = re.compile(r"Something went wrong on our side; it is noted as ([0-9a-f]{32})\.")


@asynccontextmanager
async def broken(dsn: str, table: str) -> AsyncIterator[None]:
    """While the block lasts, the application may not read that table: nothing that it expects."""
    administrator = await asyncpg.connect(dsn)
    try:
        await administrator.execute(f"REVOKE SELECT ON {table} FROM voronka_app")
        yield
    finally:
        await administrator.execute(f"GRANT SELECT ON {table} TO voronka_app")
        await administrator.close()


async def test_masks_what_is_a_bug_and_notes_it(owner: Person, dsn: str) -> None:
    funnel = await owner.funnel()
    query = "query ($id: ID!) { viewer { user { id } } funnel(id: $id) { name lossReasons { name } } }"

    async with broken(dsn, "loss_reasons"):
        answer = await owner.answer(query, {"id": funnel["id"]})

    assert (answer.status, answer.codes) == (200, ["INTERNAL_SERVER_ERROR"])
    assert answer.body["data"] == {"viewer": {"user": {"id": str(owner.id)}}, "funnel": None}
    (error,) = answer.errors
    assert (error["path"], set(error)) == (["funnel", "lossReasons"], {"message", "locations", "path", "extensions"})
    noted = SORRY.fullmatch(error["message"])
    assert noted is not None
    assert "loss_reasons" not in answer.text
    assert f"error_id={noted[1]}" in owner.api.said
    assert "permission denied for table loss_reasons" in owner.api.said.partition(noted[1])[2]
    assert (await owner.ask(query, {"id": funnel["id"]}))["funnel"]["lossReasons"] == [{"name": "Інше"}]


async def test_tells_a_mutation_that_was_done_as_done(owner: Person, dsn: str) -> None:
    """What it did stands, even when the rest of its payload cannot be read."""
    funnel = await owner.funnel()
    new = {"funnelId": funnel["id"], "title": "Офіс", "contact": CONTACT}
    mutation = """mutation ($input: CreateDealInput!) { createDeal(input: $input) { ... on CreateDealPayload {
        seq deal { title version lossReason { name } } } } }"""

    answer = await owner.answer(mutation, {"input": new})
    assert answer.data == {"createDeal": {"seq": 1, "deal": {"title": "Офіс", "version": 1, "lossReason": None}}}
    async with broken(dsn, "loss_reasons"):
        answer = await owner.answer(
            mutation.replace("lossReason { name }", "funnel { lossReasons { name } }"), {"input": new}
        )
    assert (answer.status, answer.codes) == (200, ["INTERNAL_SERVER_ERROR"])
    assert (await owner.board(funnel))["seq"] == 2


async def test_says_when_to_come_again_to_a_funnel_that_is_held(
    owner: Person, db: Database, account: accounts.Account
) -> None:
    funnel = await owner.funnel()
    new: dict[str, Any] = {"funnelId": funnel["id"], "title": "Офіс", "contact": CONTACT, "idempotencyKey": "1"}

    async with db.transaction(account.id) as tx:
        await events.lock(tx, UUID(funnel["id"]))
        answer = await owner.answer(CREATE_DEAL, {"input": new})
        assert (await owner.board(funnel))["seq"] == 0  # whoever only looks does not wait

    assert (answer.status, answer.codes, answer.headers["retry-after"]) == (503, ["UNAVAILABLE"], "1")
    assert answer.errors[0]["extensions"] == {"code": "UNAVAILABLE", "retryAfter": 1}
    assert answer.errors[0]["message"] == "Сервіс зайнятий. Нічого не змінено: спробуйте ще раз за мить."
    assert answer.body["data"] is None
    assert (await owner.act(CREATE_DEAL, **new))["seq"] == 1


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_says_so_by_the_status_in_either_media_type(
    owner: Person, db: Database, account: accounts.Account, accept: str
) -> None:
    funnel = await owner.funnel()
    new = {"funnelId": funnel["id"], "title": "Офіс", "contact": CONTACT}

    async with db.transaction(account.id) as tx:
        await events.lock(tx, UUID(funnel["id"]))
        answer = await owner.api.graphql(CREATE_DEAL, {"input": new}, owner.token, {"accept": accept})

    assert (answer.status, answer.headers["content-type"].split(";")[0]) == (503, accept)


async def test_recovers_from_connections_that_are_cut(owner: Person, dsn: str) -> None:
    """Each request that meets a cut connection is told so, and none is masked as a bug."""
    funnel = await owner.funnel()
    await asyncio.gather(*(owner.board(funnel) for _ in range(8)))
    administrator = await asyncpg.connect(dsn)
    try:
        await administrator.execute(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE application_name = 'voronka' AND datname = current_database() AND state = 'idle'"""
        )
    finally:
        await administrator.close()

    asked = [
        await owner.answer("query ($id: ID!) { board(funnelId: $id) { seq } }", {"id": funnel["id"]}) for _ in range(9)
    ]
    refused = [answer for answer in asked if answer.status != 200]
    assert [(answer.status, answer.codes) for answer in refused] == [(503, ["UNAVAILABLE"])] * len(refused)
    assert asked[-1].data == {"board": {"seq": 0}}
