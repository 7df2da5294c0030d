"""The table of deals: every filter alone, filters together, every order, and pages that miss nothing."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared import accounts, deals, ids
from shared.actor import Actor, ActorKind
from shared.db import Transaction
from shared.deals import DealFilter, DealOrder, DealOrderField
from shared.errors import InvalidInput
from shared.money import Money
from tests import make


async def found(tx: Transaction, order: DealOrder = DealOrder(), **asked: Any) -> list[UUID]:
    """Ids of what a filter lets through, of one page, which holds all."""
    page = await deals.page(tx, DealFilter(currency="UAH", **asked), order, 200, None)
    assert not page.has_more
    assert await deals.count(tx, DealFilter(currency="UAH", **asked)) == len(page.deals)
    return [deal.id for deal in page.deals]


async def test_lists_the_newest_first(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    made = [await make.deal(tx, funnel) for _ in range(3)]

    assert await found(tx) == [deal.id for deal in reversed(made)]


@pytest.mark.parametrize(
    ("search", "numbers"),
    [
        ("київ", [1]),
        ("КИЇВ", [1]),
        ("kafe", [2]),
        ("kafé", [2]),
        ("іван сидо", [2]),
        ("сидоренко кафе", [2]),
        ("сидоренко київ", []),
        ("050 111", [1]),
        ("+38 (050) 111-22-33", [1]),
        ("0501112233", [1]),
        ("OLENA@example", [1]),
        ("100%", [3]),
        ("_", []),
        ("%", [3]),
        ("\\", []),
        ("👨‍👩‍👧", [3]),
    ],
)
async def test_looks_into_titles_contacts_phones_and_mails(tx: Transaction, search: str, numbers: list[int]) -> None:
    funnel = await make.funnel(tx)
    kyiv = deals.Contact("Олена", "+380501112233", "Olena@example.com")
    for title, contact in (
        ("Квартира, Київ", kyiv),
        ("Кафе Kafé", deals.Contact("Іван Сидоренко")),
        ("Знижка 100% 👨‍👩‍👧", deals.Contact("שלום")),
    ):
        await make.deal(tx, funnel, title=title, contact=contact)

    page = await deals.page(tx, DealFilter(search=search), DealOrder(DealOrderField.NUMBER, descending=False), 50, None)

    assert [deal.number for deal in page.deals] == numbers


async def test_finds_a_deal_by_its_number_and_by_what_it_is_called_now(tx: Transaction) -> None:
    deal = await make.deal(tx, title="Стара назва")
    await deals.update(tx, deals.Changes(deal.id, {"title": "Нова назва"}))

    assert await found(tx, search=str(deal.number)) == [deal.id]
    assert await found(tx, search="нова") == [deal.id]
    assert await found(tx, search="стара") == []


async def test_another_account_finds_nothing(tx: Transaction, account: accounts.Account) -> None:
    await make.deal(tx, title="Таємниця")
    await tx.enter(ids.new())

    assert await tx.fetch("SELECT FROM searched_deals WHERE text LIKE '%таємниця%'") == []


async def test_narrows_by_each_field(tx: Transaction) -> None:
    anna = await make.user(tx, "Анна")
    funnel, other = await make.funnel(tx, idle_after_days=1), await make.funnel(tx)
    plain = await make.deal(tx, other)
    rich = await make.deal(tx, funnel, amount=Money(5_000_00, "UAH"), assignee_id=anna.id)
    foreign = await make.deal(tx, funnel, amount=Money(9_000_00, "EUR"), expected_close_on=date(2026, 3, 31))
    lost = await make.deal(tx, funnel, stage=funnel.lost)
    moved = await make.deal(tx, funnel, stage=funnel.own[0])

    assert await found(tx, funnel_id=other.id) == [plain.id]
    assert await found(tx, ids=[rich.id, ids.new()]) == [rich.id]
    assert await found(tx, stage_ids=[funnel.lost.id, funnel.own[0].id]) == [moved.id, lost.id]
    assert await found(tx, assignee_ids=[anna.id]) == [rich.id]
    assert await found(tx, status=[deals.DealStatus.LOST]) == [lost.id]
    assert await found(tx, loss_reason_ids=[funnel.reason.id]) == [lost.id]
    assert await found(tx, sources=[deals.DealSource.CALL]) == []
    assert await found(tx, amount_min=5_000_00) == [rich.id]  # in the account's currency
    assert await found(tx, amount_max=4_999_99) == []
    assert await found(tx, close_on_from=date(2026, 3, 31), close_on_to=date(2026, 3, 31)) == [foreign.id]
    assert await found(tx, created_from=moved.created_at) == [moved.id]
    assert await found(tx, created_to=plain.created_at) == [plain.id]
    assert await found(tx, idle=True) == []
    assert await found(tx, ids=[], status=[deals.DealStatus.OPEN]) == []

    await make.clock(tx, timedelta(days=1, minutes=1))
    assert await found(tx, idle=True) == [moved.id]
    assert moved.id not in await found(tx, idle=False)


async def test_shows_what_the_viewer_sees(tx: Transaction) -> None:
    anna = await make.user(tx, "Анна")
    seen, hidden = await make.funnel(tx, viewers=[anna]), await make.funnel(tx)
    deal = await make.deal(tx, seen)
    await make.deal(tx, hidden)
    tx.actor = make.actor(anna)

    assert await found(tx) == [deal.id]
    tx.actor = Actor(ActorKind.USER, ids.new())
    assert await found(tx) == []


async def test_sorts_titles_in_ukrainian(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    titles = ["Яма", "Єва", "Ґава", "Ївга", "Іва", "Ель", "Гай", "Йод", "Щур", "Ива"]
    for title in titles:
        await make.deal(tx, funnel, title=title)

    page = await deals.page(tx, DealFilter(), DealOrder(DealOrderField.TITLE, descending=False), 50, None)

    assert [deal.title for deal in page.deals] == [
        "Гай",
        "Ґава",
        "Ель",
        "Єва",
        "Ива",
        "Іва",
        "Ївга",
        "Йод",
        "Щур",
        "Яма",
    ]


@pytest.fixture(scope="module")
async def mixed(db: Any) -> tuple[Any, UUID, list[deals.Deal]]:
    """An account with forty deals that have equal and missing values of everything that they are sorted by."""
    account = await make.account(db)
    async with db.transaction(account.id, Actor(ActorKind.SYSTEM)) as tx:
        funnel = await make.funnel(tx)
        for index in range(40):
            await make.deal(
                tx,
                funnel,
                title=("Алея", "Ґанок", "Яр")[index % 3],
                amount=Money(index % 4 * 100, ("UAH", "EUR", "JPY")[index % 3]) if index % 5 else None,
                expected_close_on=date(2026, 1, 1 + index % 3) if index % 4 else None,
            )
        page = await deals.page(tx, DealFilter(), DealOrder(), 200, None)
    return db, account.id, page.deals


KEYS: dict[DealOrderField, Callable[[deals.Deal], Any]] = {
    DealOrderField.CREATED_AT: lambda deal: deal.created_at,
    DealOrderField.UPDATED_AT: lambda deal: deal.updated_at,
    DealOrderField.AMOUNT: lambda deal: deal.amount.minor if deal.amount else None,  # within its currency
    DealOrderField.EXPECTED_CLOSE_ON: lambda deal: deal.expected_close_on,
    DealOrderField.TITLE: lambda deal: "аґя".index(deal.title[0].lower()),
    DealOrderField.NUMBER: lambda deal: deal.number,
}


@given(field=st.sampled_from(DealOrderField), descending=st.booleans(), first=st.integers(1, 17))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_pages_hold_each_deal_once_in_the_order_asked_nulls_last(
    mixed: tuple[Any, UUID, list[deals.Deal]], field: DealOrderField, descending: bool, first: int
) -> None:
    db, account_id, everything = mixed
    key = KEYS[field]
    by_id = sorted(everything, key=lambda deal: deal.id)
    with_value = sorted((deal for deal in by_id if key(deal) is not None), key=key)
    if descending:  # equals stay by their ids
        values = sorted({key(deal) for deal in with_value}, reverse=True)
        with_value = [deal for value in values for deal in with_value if key(deal) == value]
    if field is DealOrderField.AMOUNT:  # of two currencies, neither is more
        with_value.sort(key=lambda deal: deal.amount.currency if deal.amount else "")
    expected = with_value + [deal for deal in by_id if key(deal) is None]

    shown: list[deals.Deal] = []
    place = None
    async with db.reading(account_id) as tx:
        while True:
            page = await deals.page(tx, DealFilter(), DealOrder(field, descending), first, place)
            shown += page.deals
            if not page.has_more:
                break
            place = page.places[-1]

    assert [deal.id for deal in shown] == [deal.id for deal in expected]


async def test_a_filtered_board_counts_what_it_shows(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    await make.deal(tx, funnel, title="Склад", amount=Money(100, "UAH"))
    office = await make.deal(tx, funnel, title="Офіс", amount=Money(200, "UAH"))
    asked = DealFilter(search="офіс")

    columns = await deals.columns(tx, [funnel.entry.id, funnel.won.id], 50, None, asked)
    totals = await deals.column_totals(tx, asked, [funnel.entry.id, funnel.won.id])

    assert [deal.id for deal in columns[funnel.entry.id].deals] == [office.id]
    assert columns[funnel.won.id].deals == []
    assert {stage: (total.deals, total.value) for stage, total in totals.items()} == {
        funnel.entry.id: (1, (Money(200, "UAH"),))
    }


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"created_from": "yesterday"}, ("createdFrom",)),
        ({"created_to": "2026-02-30T00:00:00Z"}, ("createdTo",)),
        ({"close_on_from": "31.03.2026"}, ("closeOnFrom",)),
        ({"amount_min": "1e5"}, ("amountMin",)),
        ({"amount_max": "-1"}, ("amountMax",)),
        ({"ids": [str(ids.new()) for _ in range(501)]}, ("ids",)),
        ({"search": "a\0b"}, ("search",)),
    ],
)
def test_says_which_part_of_a_filter_cannot_be_read(asked: dict[str, Any], path: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput) as refused:
        DealFilter.read(asked, "UAH")

    assert [problem.path for problem in refused.value.problems] == [path]


def test_reads_a_filter_with_nulls_as_if_they_were_left_out() -> None:
    asked = DealFilter.read(
        {"search": None, "ids": None, "archived": None, "created_from": "2026-01-01T00:00:00+02:00"}, "UAH"
    )

    assert asked == DealFilter(currency="UAH", archived=None, created_from=datetime(2025, 12, 31, 22, tzinfo=UTC))
