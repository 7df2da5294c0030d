"""Ids: what is one, and what stands for what is none."""

from uuid import UUID

import pytest

from shared import ids
from shared.db import Transaction
from shared.errors import NotFound
from shared.nodes import kinds
from tests import make


def test_new_ids_are_of_version_7_and_rise() -> None:
    made = [ids.new() for _ in range(1_000)]

    assert {id.version for id in made} == {7}
    assert {type(id) for id in made} == {UUID}
    assert made == sorted(made)
    assert len(set(made)) == 1_000


@pytest.mark.parametrize("text", ["01a21029-f716-757b-9552-597fbb704c19", "01A21029-F716-757B-9552-597FBB704C19"])
def test_reads_a_uuid_in_either_case(text: str) -> None:
    assert ids.read(text) == UUID("01a21029-f716-757b-9552-597fbb704c19")
    assert not isinstance(ids.read(text), ids.UnreadableId)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "01a21029f716757b9552597fbb704c19",
        "{01a21029-f716-757b-9552-597fbb704c19}",
        "urn:uuid:01a21029-f716-757b-9552-597fbb704c19",
        " 01a21029-f716-757b-9552-597fbb704c19",
        "01a21029-f716-757b-9552-597fbb704c19\n",
        "01a21029-f716-757b-9552-597fbb704c1g",
        "٠1a21029-f716-757b-9552-597fbb704c19",
        "\ud800",
        "'; DROP TABLE deals; --",
    ],
)
def test_a_text_that_is_no_uuid_is_the_id_of_nothing(text: str) -> None:
    id = ids.read(text)

    assert isinstance(id, ids.UnreadableId)
    assert str(id) == text
    assert id != ids.read(text)
    assert str(NotFound(id)) == f"There is nothing here with the id {text}."


def test_what_was_written_is_repeated_in_part_only() -> None:
    assert str(ids.read("x" * 5_000)) == "x" * 100


async def test_an_id_says_what_it_is_the_id_of(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    deal = await make.deal(tx, funnel)
    assert tx.account_id is not None
    assert tx.actor.id is not None
    named = {
        tx.account_id: "Account",
        tx.actor.id: "User",
        funnel.id: "Funnel",
        funnel.entry.id: "Stage",
        funnel.reason.id: "LossReason",
        deal.id: "Deal",
    }

    assert await kinds(tx, [*named, ids.new(), ids.read("nothing")]) == named
