"""Sources: made, refused, and their secret shown once."""

from datetime import date
from typing import Any

import pytest

from shared import ids, ingest
from shared.actor import Permission
from shared.db import Transaction
from shared.errors import InvalidInput, ModuleInactive, NotFound
from shared.ingest.model import hash_of
from tests import make
from tests.shared.ingest.taking import BASE, VAULT, given


async def test_makes_a_source_and_shows_its_secret_once(tx: Transaction) -> None:
    funnel = await make.funnel(tx)

    made = await ingest.create_source(tx, given(funnel, secret=None), BASE, VAULT)

    assert made.secret is not None
    assert made.address == f"https://voronka.example.com/sources/{made.source.id}/{made.secret}"
    assert len(made.secret) == 32
    assert await ingest.sources_of_account(tx) == [made.source]
    kept = await tx.fetchval("SELECT secret_hash FROM source_addresses WHERE source_id = $1", made.source.id)
    assert kept == hash_of(made.secret)


async def test_makes_an_address_of_any_secret(tx: Transaction) -> None:
    funnel = await make.funnel(tx)

    made = await ingest.create_source(tx, given(funnel, secret="blank? and/slash#"), BASE, VAULT)

    assert made.address == f"https://voronka.example.com/sources/{made.source.id}/blank%3F%20and%2Fslash%23"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": " "}, ("name",)),
        ({"secret": "short"}, ("secret",)),
        ({"secret": "x" * 201}, ("secret",)),
        ({"secret": "секретсекретсекрет"}, ("secret",)),
        ({"mapping": []}, ("mapping",)),
        ({"mapping": {"title": "a b"}}, ("mapping", "title")),
        ({"mapping": {"title": 5}}, ("mapping", "title")),
        ({"mapping": {"title": "nosuch(a)"}}, ("mapping", "title")),
        ({"mapping": {"title": "map(&nosuch(@), a)"}}, ("mapping", "title")),
        ({"mapping": {"title": "length(a, b)"}}, ("mapping", "title")),
        ({"mapping": {" ": "a"}}, ("mapping", " ")),
        ({"mapping": {"title": "(" * 400}}, ("mapping", "title")),
        ({"mapping": {"title": "a" * 501}}, ("mapping", "title")),
    ],
)
async def test_refuses_a_source_that_is_no_source(
    tx: Transaction, changes: dict[str, Any], path: tuple[str, ...]
) -> None:
    funnel = await make.funnel(tx)

    with pytest.raises(InvalidInput) as refused:
        given(funnel, **changes)

    assert [problem.path for problem in refused.value.problems] == [path]


async def test_refuses_a_source_of_a_funnel_that_one_does_not_see(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    tx.actor = make.actor(await make.user(tx), Permission.SOURCES_MANAGE)

    with pytest.raises(NotFound):
        await ingest.create_source(tx, given(funnel), BASE, VAULT)


async def test_refuses_a_source_while_the_module_is_closed(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    await make.module(tx, usable_until=date(2020, 1, 1))

    with pytest.raises(ModuleInactive):
        await ingest.create_source(tx, given(funnel, assignee_id=str(ids.new())), BASE, VAULT)


async def test_refuses_an_assignee_who_is_not_there(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    gone = await make.user(tx, active=False)

    with pytest.raises(InvalidInput) as refused:
        await ingest.create_source(tx, given(funnel, assignee_id=str(gone.id)), BASE, VAULT)

    assert [problem.path for problem in refused.value.problems] == [("assigneeId",)]
    assert await ingest.sources_of_account(tx) == []
