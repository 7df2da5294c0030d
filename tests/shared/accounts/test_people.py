"""People in the order of their names, and how they are found."""

import pytest

from shared import accounts, ids
from shared.accounts import NewUser
from shared.db import Transaction
from tests import make


async def names(tx: Transaction, search: str | None) -> list[str]:
    return [user.name for user in (await accounts.people(tx, search, 200, None)).users]


async def staff(tx: Transaction, *people: tuple[str, str | None]) -> None:
    """Exactly these people are in the account."""
    assert tx.account_id is not None
    await tx.execute("DELETE FROM users WHERE account_id = $1", tx.account_id)
    await accounts.save_users(
        tx, tx.account_id, [NewUser(ids.new(), name, email, None, True) for name, email in people]
    )


async def test_stand_in_the_order_of_the_ukrainian_alphabet(tx: Transaction) -> None:
    rising = ["Ада", "Ганна", "Ґалаґан", "Денис", "євген", "Жанна", "Ігор", "Їжак", "Йосип", "Щепан", "Юрій", "Яна"]
    await staff(tx, *((name, None) for name in reversed(rising)))

    assert await names(tx, None) == rising


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("коваль", ["Олена Коваль"]),
        ("КОВАЛЬ оле", ["Олена Коваль"]),
        ("rene", ["René Müller"]),
        ("MULLER", ["René Müller"]),
        ("Éxample.COM", ["René Müller", "Іван"]),
        ("ivan@", ["Іван"]),
        ("%", []),
        ("_", []),
        ("\\", []),
        ("нема", []),
        ("", ["René Müller", "Іван", "Олена Коваль"]),
        (None, ["René Müller", "Іван", "Олена Коваль"]),
    ],
)
async def test_are_found_by_parts_of_names_and_addresses(tx: Transaction, search: str | None, found: list[str]) -> None:
    await staff(
        tx, ("Олена Коваль", "olena@agency.ua"), ("René Müller", "rm@example.com"), ("Іван", "Ivan@Example.com")
    )

    assert await names(tx, search) == found
    assert await accounts.count_people(tx, search) == len(found)


async def test_come_a_page_at_a_time_also_those_who_share_a_name(tx: Transaction) -> None:
    await staff(tx, *(("Тарас", None) for _ in range(5)), ("Ада", None))

    seen, place, more = [], None, True
    while more:
        page = await accounts.people(tx, None, 2, place)
        seen += [user.id for user in page.users]
        place, more = page.places[-1], page.has_more

    assert len(seen) == len(set(seen)) == 6
    assert (await accounts.people(tx, None, 6, None)).has_more is False


async def test_are_listed_also_when_they_are_not_active_any_more(tx: Transaction) -> None:
    await staff(tx)
    await make.user(tx, "Богдан", active=False)

    (user,) = (await accounts.people(tx, "богдан", 10, None)).users
    assert user.active is False
