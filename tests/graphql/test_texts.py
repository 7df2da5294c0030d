"""Whatever people write in names, titles and notes comes back as it was; what cannot be kept is refused by name."""

import unicodedata
from typing import Any

import orjson
import pytest

from tests.graphql.asking import CONTACT, CREATE_DEAL, CREATE_FUNNEL, MOVE_DEAL, Person, paths, stage, stage_ids

KEPT = {
    "Ukrainian": "Ґанок і її об'єкт № 5",
    "a family of emoji": "👨‍👩‍👧‍👦 родина 🇺🇦",
    "right to left": "שלום עולם \u202eקוד",
    "Arabic": "مرحبا بالعالم",
    "Chinese beyond the first plane": "𠜎𠜱𠝹",
    "many marks on one letter": "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘",
    "what looks like HTML": "<script>alert(1)</script>",
    "what looks like SQL": "'; DROP TABLE deals; --",
    "what looks like a template": "{{7*7}} ${x} %s \\u0000",
    "lines and tabs": "перший\nдругий\tтретій",
    "the longest": "я" * 200,
    "the longest, of what JavaScript counts twice": "💎" * 200,
}
NOT_KEPT = {
    "nothing": "",
    "blanks": " \n\t\u00a0",
    "a NUL": "а\0б",
    "a bell": "\x07",
    "an escape": "\x1b[31m",
    "a C1 control": "\x85",
    "DEL": "\x7f",
    "a carriage return": "рядок\r\n",
    "a character too many": "я" * 201,
    "ten thousand characters": "я" * 10_000,
}


@pytest.mark.parametrize("what", KEPT)
async def test_keeps_what_people_write(owner: Person, what: str) -> None:
    text = KEPT[what]
    funnel = await owner.funnel(name=text, stages=[stage(text)], lossReasons=[text])
    deal = await owner.deal(funnel, title=text, contact={"name": text}, customFields={text: [text]})
    query = """query ($id: ID!) { deal(id: $id) {
        title contact { name } customFields funnel { name stages { name } lossReasons { name } } } }"""

    shown = (await owner.ask(query, {"id": deal["id"]}))["deal"]

    assert shown["title"] == unicodedata.normalize("NFC", text)
    assert shown["contact"]["name"] == shown["title"]
    assert shown["customFields"] == {text: [text]}
    assert shown["funnel"]["name"] == shown["funnel"]["stages"][1]["name"] == shown["title"]
    assert shown["funnel"]["lossReasons"] == [{"name": shown["title"]}]


async def test_writes_each_letter_in_one_way(owner: Person) -> None:
    funnel = await owner.funnel(name="і\u0308жа й и\u0306")

    assert funnel["name"] == "їжа й й"


@pytest.mark.parametrize("what", NOT_KEPT)
async def test_refuses_what_cannot_be_kept(owner: Person, what: str) -> None:
    text, funnel = NOT_KEPT[what], await owner.funnel()
    new = {"funnelId": funnel["id"], "title": text, "contact": {"name": text}}

    assert paths(await owner.act(CREATE_DEAL, **new)) == [["title"], ["contact", "name"]]
    assert paths(await owner.act(CREATE_FUNNEL, name=text)) == [["name"]]
    assert (await owner.board(funnel))["seq"] == 0


async def test_counts_a_note_by_itself(owner: Person) -> None:
    funnel = await owner.funnel()
    deal = await owner.deal(funnel)
    lost: dict[str, Any] = {"id": deal["id"], "toStageId": stage_ids(funnel)["Втрачено"]}
    lost |= {"lossReasonId": funnel["lossReasons"][0]["id"]}

    assert paths(await owner.act(MOVE_DEAL, **lost, lossNote="я" * 10_001)) == [["lossNote"]]
    assert (await owner.act(MOVE_DEAL, **lost, lossNote="я" * 10_000))["seq"] == 2


@pytest.mark.parametrize("half", ["\\ud800", "\\udfff", "x\\ud83dx", "\\udc00\\ud800"])
async def test_takes_no_half_of_a_character(owner: Person, half: str) -> None:
    """JSON may write one; it is no text."""
    funnel = await owner.funnel()
    input = orjson.dumps({"funnelId": funnel["id"], "title": "HERE", "contact": CONTACT}).replace(
        b"HERE", half.encode()
    )
    in_a_variable = b'{"query": %s, "variables": {"input": %s}}' % (orjson.dumps(CREATE_DEAL), input)
    written = f'mutation {{ createFunnel(input: {{name: "{half}"}}) {{ __typename }} }}'

    answer = await owner.api.post(in_a_variable, owner.token)
    assert (answer.status, answer.codes) == (400, ["BAD_USER_INPUT"])
    answer = await owner.answer(written)
    assert (answer.status, answer.codes) == (200, ["GRAPHQL_PARSE_FAILED"])
    assert (await owner.board(funnel))["seq"] == 0


@pytest.mark.parametrize("written", [r"\ud83d\ude00", r"\u{1F600}"])
async def test_reads_a_character_that_a_document_spells(owner: Person, written: str) -> None:
    made = await owner.ask(
        f'mutation {{ createFunnel(input: {{name: "{written}"}}) {{ ... on CreateFunnelPayload {{ funnel {{ name }} }} }} }}'
    )

    assert made == {"createFunnel": {"funnel": {"name": "😀"}}}


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("0", "0.00"), ("128.5", "128.50"), (7, "7.00"), ("9999999999999.99", "9999999999999.99"), ("0.01", "0.01")],
)
async def test_keeps_money_to_the_last_decimal(owner: Person, amount: object, shown: str) -> None:
    funnel = await owner.funnel()
    deal = await owner.deal(funnel, amount={"amount": amount, "currency": "UAH"})

    found = await owner.ask("query ($id: ID!) { deal(id: $id) { amount { amount currency } } }", {"id": deal["id"]})

    assert found == {"deal": {"amount": {"amount": shown, "currency": "UAH"}}}


@pytest.mark.parametrize(
    "amount", ["", "x", "-1", "1,5", "1e3", "NaN", "0.001", "10000000000000", "١", "1_0", " 1", -1]
)
async def test_refuses_what_is_no_amount(owner: Person, amount: object) -> None:
    refused = await owner.act(
        CREATE_DEAL, funnelId="x", title="x", contact=CONTACT, amount={"amount": amount, "currency": "UAH"}
    )

    assert paths(refused) == [["amount", "amount"]]


async def test_takes_no_number_that_has_lost_digits(owner: Person) -> None:
    wrong: list[Any] = [1.5, True, None, [1], {}]
    for amount in wrong:
        input = {"funnelId": "x", "title": "x", "contact": CONTACT, "amount": {"amount": amount, "currency": "UAH"}}
        answer = await owner.answer(CREATE_DEAL, {"input": input})
        assert ("data" in answer.body, answer.codes) == (False, ["BAD_USER_INPUT"])
