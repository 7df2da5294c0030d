"""A funnel's analytics, as clients ask for them."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.graphql.asking import MOVE_DEAL, Person, stage_ids

pytestmark = pytest.mark.anyio

ANALYTICS = """query ($id: ID!, $from: Date!, $to: Date!) { funnel(id: $id) { analytics(from: $from, to: $to) {
    created won lost wonValue { amount currency } winRate averageDaysToWin forecast { amount currency }
    stages { stage { name } entered moved won lost conversion medianHours averageHours }
    lossReasons { reason { name } count value { amount } } sources { source created won } } } }"""


async def test_tells_what_became_of_the_deals_of_a_period(owner: Person) -> None:
    funnel = await owner.funnel()
    stages, reason = stage_ids(funnel), funnel["lossReasons"][0]
    kinds = {stage["kind"]: stage["id"] for stage in funnel["stages"]}
    won = await owner.deal(funnel, amount={"amount": "100", "currency": "UAH"})
    lost = await owner.deal(funnel)
    await owner.act(MOVE_DEAL, id=won["id"], toStageId=stages["Договір"])
    await owner.act(MOVE_DEAL, id=won["id"], toStageId=kinds["WON"])
    await owner.act(MOVE_DEAL, id=lost["id"], toStageId=kinds["LOST"], lossReasonId=reason["id"])
    today = datetime.now(UTC).date()
    days = {"from": str(today - timedelta(days=1)), "to": str(today + timedelta(days=1))}

    found = (await owner.ask(ANALYTICS, {"id": funnel["id"], **days}))["funnel"]["analytics"]

    assert (found["created"], found["won"], found["lost"], found["winRate"]) == (2, 1, 1, 0.5)
    assert found["wonValue"] == [{"amount": "100.00", "currency": "UAH"}]
    assert found["lossReasons"] == [{"reason": {"name": reason["name"]}, "count": 1, "value": []}]
    assert found["sources"] == [{"source": "MANUAL", "created": 2, "won": 1}]
    assert found["forecast"] == []
    assert [(one["entered"], one["moved"], one["won"], one["lost"], one["conversion"]) for one in found["stages"]] == [
        (2, 1, 0, 1, 0.5),
        (0, 0, 0, 0, None),
        (1, 0, 1, 0, 1.0),
        (1, 0, 0, 0, 0.0),
        (1, 0, 0, 0, 0.0),
    ]


async def test_refuses_days_that_are_none(owner: Person) -> None:
    funnel = await owner.funnel()

    answer = await owner.answer(ANALYTICS, {"id": funnel["id"], "from": "2026-02-30", "to": "2026-03-01"})

    assert answer.codes == ["BAD_USER_INPUT"]
