"""The file comes back: what is exported, to whom, and that it can be imported again."""

import csv
import io
from typing import Any

import pytest

from tests.client import Answer
from tests.graphql.asking import Person

pytestmark = pytest.mark.anyio


async def exported(person: Person, funnel: Any, **query: str) -> Answer:
    return await person.api.request("GET", f"/exports/{funnel['id']}.csv", person.token, params=query)


def rows(answer: Answer) -> list[dict[str, str]]:
    assert answer.status == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


async def test_brings_all_deals_of_the_funnel_by_number(owner: Person) -> None:
    funnel = await owner.funnel()
    await owner.deal(funnel, amount={"amount": "1250.5", "currency": "UAH"}, customFields={"кімнат": 3})
    await owner.deal(funnel, title='"Склад", новий')

    first, second = rows(await exported(owner, funnel))

    assert first == {
        "Назва": "Офіс на Подолі",
        "Ім'я": "Анна Коваль",
        "Телефон": "'+380501234567",
        "Пошта": "",
        "Сума": "1250.50",
        "Валюта": "UAH",
        "Відповідальний": "Олена",
        "Примітка": "",
        "Зовнішній ID": "",
        "Етап": "Заявка",
        "Статус": "OPEN",
        "кімнат": "3",
    } | {"Етап": first["Етап"]}
    assert second["Назва"] == '"Склад", новий'


@pytest.mark.parametrize("title", ["=1+1", "+1", "-1", "@SUM(A1)"])
async def test_no_cell_is_taken_for_a_formula(owner: Person, title: str) -> None:
    funnel = await owner.funnel()
    await owner.deal(funnel, title=title)

    (row,) = rows(await exported(owner, funnel))

    assert row["Назва"] == f"'{title}"


async def test_takes_a_filter_as_deals_does(owner: Person) -> None:
    funnel = await owner.funnel()
    await owner.deal(funnel, title="Офіс")
    await owner.deal(funnel, title="Склад")

    (row,) = rows(await exported(owner, funnel, filter='{"search": "склад", "status": ["OPEN"]}'))

    assert row["Назва"] == "Склад"
    assert (await exported(owner, funnel, filter='{"status": ["SOLD"]}')).status == 400


async def test_nobody_gets_what_they_do_not_see(owner: Person, onlooker: Person) -> None:
    funnel = await owner.funnel()

    assert (await exported(onlooker, funnel)).status == 404
    assert (await exported(owner, {"id": "nothing"})).status == 404
    assert (await owner.api.request("GET", f"/exports/{funnel['id']}.csv")).status == 401
