"""What a client may write of a deal, and a deal as JSON."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared import deals, ids
from shared.db import Transaction
from shared.deals import Changes, Deal, Move, NewDeal, Spot, SpotKind
from shared.errors import InvalidInput
from shared.money import Money
from tests import board, make

FUNNEL = "01a21029-f716-757b-9552-597fbb704c19"
CONTACT = {"name": "Анна", "phone": "050 123 45 67", "email": "anna@example.com"}
PRICE = {"amount": "1250.50", "currency": "UAH"}


def paths(refused: pytest.ExceptionInfo[InvalidInput]) -> list[str]:
    return [".".join(problem.path) for problem in refused.value.problems]


def test_reads_a_new_deal() -> None:
    given = {"funnel_id": FUNNEL, "title": "Офіс", "contact": CONTACT, "amount": PRICE, "custom_fields": {"a": 1}}

    new = NewDeal.read(given, "UA")

    assert (str(new.funnel_id), new.title, new.amount) == (FUNNEL, "Офіс", Money(1_250_50, "UAH"))
    assert new.contact == deals.Contact("Анна", "+380501234567", "anna@example.com")
    assert (new.assignee_id, new.expected_close_on, new.id_is_chosen, new.id.version) == (None, None, False, 7)


def test_tells_everything_that_is_wrong_with_a_new_deal() -> None:
    given = {
        "id": "mine",
        "funnel_id": FUNNEL,
        "title": " ",
        "contact": {"name": "\0", "phone": "x", "email": "x"},
        "amount": {"amount": "NaN", "currency": "UAH"},
        "expected_close_on": "0000-01-01",
        "custom_fields": [],
    }

    with pytest.raises(InvalidInput) as refused:
        NewDeal.read(given, "UA")

    assert paths(refused) == [
        "id",
        "title",
        "contact.name",
        "contact.phone",
        "contact.email",
        "amount.amount",
        "expectedCloseOn",
        "customFields",
    ]


def test_an_empty_id_is_the_id_of_nobody() -> None:
    new = NewDeal.read({"funnel_id": FUNNEL, "title": "Офіс", "contact": CONTACT, "assignee_id": ""}, "UA")

    assert isinstance(new.assignee_id, ids.UnreadableId)


def test_what_is_absent_is_no_change_and_null_clears_what_may_be_cleared() -> None:
    assert Changes.read({"id": FUNNEL}, "UA").fields == {}
    cleared = {"amount": None, "expected_close_on": None}
    assert Changes.read({"id": FUNNEL, **cleared}, "UA").fields == cleared


def test_null_clears_nothing_else() -> None:
    given = dict.fromkeys(("title", "contact", "assignee_id", "custom_fields"))

    with pytest.raises(InvalidInput) as refused:
        Changes.read({"id": FUNNEL, **given}, "UA")

    assert paths(refused) == ["title", "contact", "assigneeId", "customFields"]


@pytest.mark.parametrize(
    ("place", "spot"),
    [
        (None, Spot(SpotKind.TOP)),
        ({"top": True}, Spot(SpotKind.TOP)),
        ({"bottom": True}, Spot(SpotKind.BOTTOM)),
        ({"after": FUNNEL}, Spot(SpotKind.AFTER, ids.read(FUNNEL))),
        ({"before": FUNNEL}, Spot(SpotKind.BEFORE, ids.read(FUNNEL))),
    ],
)
def test_reads_a_place(place: dict[str, Any] | None, spot: Spot) -> None:
    assert Move.read({"id": FUNNEL, "to_stage_id": FUNNEL, "place": place}).spot == spot


@pytest.mark.parametrize("place", [{}, {"top": False}, {"after": None}, {"top": True, "bottom": True}])
def test_a_place_is_one_place(place: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        Move.read({"id": FUNNEL, "to_stage_id": FUNNEL, "place": place})

    assert paths(refused) == ["place"]


@pytest.mark.parametrize("note", ["", " \n", "a" * 10_001, "\ud800"])
def test_a_note_is_a_text(note: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Move.read({"id": FUNNEL, "to_stage_id": FUNNEL, "loss_note": note})

    assert paths(refused) == ["lossNote"]


async def test_a_deal_is_the_same_after_json(tx: Transaction) -> None:
    deal = await make.deal(tx, amount=Money(5, "UAH"), custom_fields={"a": [1, None, "ї"]})

    assert Deal.from_json(board.as_json(deal)) == deal


async def test_a_deal_is_never_idle_after_the_end_of_the_calendar(tx: Transaction) -> None:
    funnel = await make.funnel(tx, idle_after_days=3_650)
    deal, (stage, *_) = await make.deal(tx, funnel), funnel.own
    last = datetime(9989, 12, 31, tzinfo=UTC)

    assert deals.idle_from(replace(deal, entered_stage_at=last), stage) == datetime(9999, 12, 29, tzinfo=UTC)
    assert deals.idle_from(replace(deal, entered_stage_at=last + timedelta(days=3)), stage) is None
