"""A request that is made twice is done once."""

import asyncio
from typing import Any

import asyncpg
import pytest

from shared import accounts, idempotency, ids
from shared.actor import Actor, ActorKind
from shared.db import Database, Transaction
from shared.errors import DomainError, IdempotencyConflict, Sentence
from tests import make

GIVEN = idempotency.hash_of({"title": "Офіс"})
OTHER = idempotency.hash_of({"title": "Склад"})


class Refused(DomainError):
    says = Sentence("No.", "Ні.")


async def ask(tx: Transaction, key: str = "k", given: bytes = GIVEN, mutation: str = "createDeal") -> Any:
    """The kept answer, or "done" when the work was done now."""
    assert tx.account_id is not None
    kept = await idempotency.claim(tx, tx.account_id, mutation, key, given)
    if kept is not None:
        return kept
    await idempotency.keep(tx, tx.account_id, mutation, key, {"deal": "1", "cursor": "c"})
    return "done"


KEPT = {"deal": "1", "cursor": "c"}


async def test_the_same_key_with_the_same_input_does_nothing_again(tx: Transaction) -> None:
    assert [await ask(tx), await ask(tx), await ask(tx)] == ["done", KEPT, KEPT]


async def test_the_same_key_with_another_input_is_a_conflict(tx: Transaction) -> None:
    await ask(tx)

    with pytest.raises(IdempotencyConflict):
        await ask(tx, given=OTHER)


async def test_a_key_belongs_to_its_account_user_and_mutation(db: Database, tx: Transaction) -> None:
    await ask(tx)
    assert await ask(tx, mutation="moveDeal", given=OTHER) == "done"
    tx.actor = make.actor(await make.user(tx))
    assert await ask(tx, given=OTHER) == "done"
    tx.actor = Actor(ActorKind.SYSTEM, name="crm")
    assert await ask(tx, given=OTHER) == "done"

    other = await make.account(db)
    async with db.transaction(other.id, tx.actor) as theirs:
        assert await ask(theirs) == "done"


async def test_a_twin_waits_and_gets_the_same_answer(db: Database, account: accounts.Account) -> None:
    answers: list[Any] = []

    async def twin() -> None:
        async with db.transaction(account.id) as tx:
            answers.append(await ask(tx))

    async with asyncio.TaskGroup() as twins:
        async with db.transaction(account.id) as tx:
            answers.append(await ask(tx))
            twins.create_task(twin())
            await waits_for_a_lock(db)
            assert answers == ["done"]

    assert answers == ["done", KEPT]


async def test_twins_that_start_together_do_it_once(db: Database, account: accounts.Account) -> None:
    async def twin() -> Any:
        async with db.transaction(account.id) as tx:
            return await ask(tx)

    answers = await asyncio.gather(*(twin() for _ in range(6)))

    assert sorted(answers, key=str) == sorted(["done", *[KEPT] * 5], key=str)


async def test_a_twin_does_the_work_when_the_first_is_refused(db: Database, account: accounts.Account) -> None:
    answers: list[Any] = []

    async def twin() -> None:
        async with db.transaction(account.id) as tx:
            answers.append(await ask(tx, given=OTHER))

    async def refuse(twins: asyncio.TaskGroup) -> None:
        async with db.transaction(account.id) as tx:
            await ask(tx)
            twins.create_task(twin())
            await waits_for_a_lock(db)
            raise Refused

    async with asyncio.TaskGroup() as twins:
        with pytest.raises(Refused):
            await refuse(twins)

    assert answers == ["done"]


async def waits_for_a_lock(db: Database) -> None:
    """Until another session of this database does."""
    async with db.pool.acquire() as conn:
        while not await conn.fetchval(
            """SELECT EXISTS (SELECT FROM pg_stat_activity
                               WHERE datname = current_database() AND wait_event_type = 'Lock')"""
        ):
            pass  # the question itself lets others go on


async def test_keys_live_for_seven_days(dsn: str, db: Database, account: accounts.Account) -> None:
    async with db.transaction(account.id) as tx:
        await ask(tx, key="a")
        await ask(tx, key="b")
    async with db.transaction(account.id) as tx:
        await tx.execute("UPDATE idempotency_keys SET used_at = used_at - interval '6 days 23 hours'")
    async with db.transaction(account.id) as tx:
        assert await ask(tx, key="a") == KEPT
        await tx.execute("UPDATE idempotency_keys SET used_at = used_at - interval '1 hour'")
    async with db.transaction(account.id) as tx:
        assert await ask(tx, key="a", given=OTHER) == "done"
        assert [row["key"] for row in await tx.fetch("SELECT key FROM idempotency_keys")] == ["a"]


async def test_an_answer_is_kept_for_a_key_that_was_claimed_only(tx: Transaction) -> None:
    assert tx.account_id is not None
    with pytest.raises(LookupError):
        await idempotency.keep(tx, tx.account_id, "createDeal", "never claimed", KEPT)


async def test_a_key_of_another_account_cannot_be_claimed(tx: Transaction) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await idempotency.claim(tx, ids.new(), "createDeal", "k", GIVEN)


def test_equal_inputs_have_equal_hashes_in_whatever_order() -> None:
    one = idempotency.hash_of({"a": 1, "b": {"c": [1, 2], "d": None}})

    assert one == idempotency.hash_of({"b": {"d": None, "c": [1, 2]}, "a": 1})
    assert one != idempotency.hash_of({"a": 1, "b": {"c": [2, 1], "d": None}})
    assert one != idempotency.hash_of({"a": 1, "b": {"c": [1, 2]}})  # absent is not null
    assert idempotency.hash_of({"a": "1"}) != idempotency.hash_of({"a": 1})


@pytest.mark.parametrize("given", ["\ud800", "\0", 2**70, ids.UnreadableId("no id")])
def test_whatever_a_client_wrote_has_a_hash(given: object) -> None:
    assert idempotency.hash_of({"value": given}) == idempotency.hash_of({"value": given})
