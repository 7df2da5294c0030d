"""Files of deals, from the upload to the board, by a real API and real workers."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.local import importing as terminal
from tests.client import Api
from tests.graphql import importing
from tests.graphql.asking import Person
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

    seen = await importing.finished(owner, await importing.bring(owner, funnel, workbook(), "deals.xlsx"))

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


async def test_a_file_that_is_no_table_fails(owner: Person, hand: Worker) -> None:
    funnel = await owner.funnel()

    seen = await importing.finished(owner, await importing.bring(owner, funnel, b"PK\x03\x04 and no more", "a.xlsx"))

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


def workbook() -> bytes:
    """One sheet: a header and a row whose amount is a number."""
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/xl/workbook.xml" ContentType="application/'
        'vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/'
        'vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
        "_rels/.rels": relationships("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="'
        'http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
        '<sheet name="Deals" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relationships("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>Назва</t></is></c>'
        '<c r="B1" t="inlineStr"><is><t>Сума</t></is></c></row>'
        '<row r="2"><c r="A2" t="inlineStr"><is><t>Офіс</t></is></c><c r="B2"><v>1250.5</v></c></row>'
        "</sheetData></worksheet>",
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as out:
        for name, body in parts.items():
            out.writestr(name, body)
    return packed.getvalue()


def relationships(kind: str, target: str) -> str:
    return (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        f'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" Target="{target}"/>'
        "</Relationships>"
    )
