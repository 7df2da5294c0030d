"""Files of deals, from the upload to the board, by a real API and real workers."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.local import importing as terminal
from tests.client import Api
from tests.graphql import importing
from tests.graphql.asking import Person
from tests.workbooks import number, text, workbook
from tests.worker.processes import Worker, worker

pytestmark = pytest.mark.anyio

HEADER = "Назва;Ім'я;Телефон;Пошта;Сума;Валюта;Примітка;Зовнішній ID;Кімнат\n"
ROWS = (
    "Офіс на Подолі;Анна Коваль;0501234567;anna@example.com;1 250,50;;подзвонити зранку;a-1;3\n"
    ";Тарас;;;;;;;\n"
    ";;;;100;;;;\n"
    "Склад;;немає;;77;USD;;a-2;\n"
    "Знову;;;;;;;a-1;\n"
    "Дача;;;;12,345;;;;\n"
)


@pytest.fixture(scope="module")
async def hand(api: Api, dsn: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Worker]:
    async with worker(tmp_path_factory.mktemp("hand"), dsn, redis_url) as started:
        yield started


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
async def test_takes_each_good_row_and_tells_why_not_the_others(owner: Person, hand: Worker, encoding: str) -> None:
    funnel = await owner.funnel()

    import_id = await importing.bring(owner, funnel, (HEADER + ROWS).encode(encoding))

    seen = await importing.finished(owner, import_id)
    assert {name: seen[name] for name in seen if name.endswith("Rows")} == {
        "totalRows": 6,
        "processedRows": 6,
        "createdRows": 3,
        "duplicateRows": 1,
        "rejectedRows": 2,
    }
    assert [(reject["row"], reject["values"]["Сума"]) for reject in seen["rejects"]["nodes"]] == [
        (4, "100"),
        (7, "12,345"),
    ]
    made = await importing.deals_of(owner, funnel)
    assert [(deal["title"], deal["contact"]["name"]) for deal in made] == [
        ("Офіс на Подолі", "Анна Коваль"),
        ("Тарас", "Тарас"),
        ("Склад", "немає"),
    ]
    office, _, store = made
    assert office["contact"] == {"name": "Анна Коваль", "phone": "+380501234567", "email": "anna@example.com"}
    assert office["amount"] == {"amount": "1250.50", "currency": "UAH"}
    assert office["customFields"] == {"Кімнат": "3"}
    assert [note["text"] for note in office["notes"]["nodes"]] == ["подзвонити зранку"]
    assert office["history"]["nodes"] == [
        {"kind": "IMPORTED", "toStageName": "Не опрацьовані звернення", "actor": {"kind": "IMPORT"}}
    ]
    assert store["amount"] == {"amount": "77.00", "currency": "USD"}
    assert [note["text"] for note in store["notes"]["nodes"]] == ["немає"]  # nothing of a bad phone is lost


async def test_the_board_has_them_on_top_by_one_event(owner: Person, hand: Worker) -> None:
    funnel = await owner.funnel()
    await owner.deal(funnel, title="Була тут")

    await importing.finished(owner, await importing.bring(owner, funnel, b"Title\nOne\nTwo\n"))

    board = await owner.board(funnel)
    entry = board["columns"][0]
    assert [deal["title"] for deal in entry["deals"]["nodes"]] == ["One", "Two", "Була тут"]
    assert (entry["dealCount"], board["seq"]) == (3, 2)
    log = await owner.ask(
        """query ($id: ID!) { boardEvents(funnelId: $id) { events { __typename seq actor { kind sourceName }
            ... on DealsImported { count deals { title stage { id } } columns { stageId dealCount } } } } }""",
        {"id": funnel["id"]},
    )
    assert log["boardEvents"]["events"][1] == {
        "__typename": "DealsImported",
        "seq": 2,
        "actor": {"kind": "IMPORT", "sourceName": "deals.csv"},
        "count": 2,
        "deals": [{"title": title, "stage": {"id": entry["stage"]["id"]}} for title in ("One", "Two")],
        "columns": [{"stageId": entry["stage"]["id"], "dealCount": 3}],
    }


async def test_takes_a_form_with_a_file_and_a_mapping(owner: Person, hand: Worker) -> None:
    funnel = await owner.funnel()
    form = {"file": ("Угоди 2026.csv", b'Lead,Cost\n"Big, one",5\n')}

    answer = await owner.api.http.post(
        "/imports",
        params={"funnelId": funnel["id"]},
        headers={"authorization": f"Bearer {owner.token}"},
        files=form,
        data={"mapping": '{"title": "Lead", "amount": "cost"}'},
    )

    assert answer.status_code == 201, answer.text
    seen = await importing.finished(owner, answer.json()["id"])
    assert (seen["fileName"], seen["state"], seen["createdRows"]) == ("Угоди 2026.csv", "DONE", 1)
    (made,) = await importing.deals_of(owner, funnel)
    assert (made["title"], made["amount"]["amount"]) == ("Big, one", "5.00")


async def test_takes_a_workbook(owner: Person, hand: Worker) -> None:
    funnel = await owner.funnel()
    rows = (
        f"<row r='1'>{text('A1', 'Назва')}{text('B1', 'Сума')}</row>"
        f"<row r='2'>{text('A2', 'Офіс')}{number('B2', '1250.5')}</row>"
    )

    seen = await importing.finished(owner, await importing.bring(owner, funnel, workbook(rows), "deals.xlsx"))

    assert (seen["state"], seen["createdRows"], seen["rejectedRows"]) == ("DONE", 1, 0)
    (made,) = await importing.deals_of(owner, funnel)
    assert (made["title"], made["amount"]["amount"]) == ("Офіс", "1250.50")


async def test_the_terminal_brings_a_file_too(owner: Person, hand: Worker, tmp_path: Path) -> None:
    funnel, file = await owner.funnel(), tmp_path / "Угоди.csv"
    file.write_bytes(b"Title,Phone\nOne,\n,\nTwo,0501234567\n,,,\nThree,,extra\n")

    ended = await asyncio.to_thread(
        terminal.bring, f"http://127.0.0.1:{owner.api.port}", owner.token, file, funnel["id"]
    )

    assert ended == terminal.Ended("DONE", created=2, duplicates=0, rejected=1)


@pytest.mark.parametrize(
    "body", [b"PK\x03\x04 and no more", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), b"\n;\n"]
)
async def test_a_file_that_is_no_table_fails(owner: Person, hand: Worker, body: bytes) -> None:
    funnel = await owner.funnel()

    seen = await importing.finished(owner, await importing.bring(owner, funnel, body, "a.xlsx"))

    assert (seen["state"], seen["createdRows"]) == ("FAILED", 0)


async def test_says_who_may_bring_what_where(owner: Person, onlooker: Person) -> None:
    funnel = await owner.funnel()
    nowhere = {"id": "0197b0a0-0000-7000-8000-000000000000"}

    assert (await owner.api.request("POST", "/imports", params={"funnelId": funnel["id"]}, content=b"x")).status == 401
    assert (await importing.post(onlooker, funnel, b"Title\nx\n")).status == 403
    assert (await importing.post(owner, nowhere, b"Title\nx\n")).status == 404
    assert (await importing.post(owner, funnel, b"")).status == 400
    assert (await importing.post(owner, funnel, b"x" * 50_000_001)).status == 413
    assert (await importing.post(owner, funnel, b"Title\nx\n", mapping='{"stage": "x"}')).status == 400


async def test_what_is_cancelled_is_read_no_further(owner: Person, tmp_path: Path, dsn: str, redis_url: str) -> None:
    funnel = await owner.funnel()
    import_id = await importing.bring(owner, funnel, b"Title\n" + b"x\n" * 30_000)

    done = await owner.act(importing.CANCEL, id=import_id)
    again = await owner.act(importing.CANCEL, id=import_id)

    assert done["import"]["state"] == "CANCELLED"
    assert (again["__typename"], again["reason"]) == ("NotAllowedNow", "IMPORT_OVER")
    assert (await importing.look(owner, import_id))["state"] == "CANCELLED"
